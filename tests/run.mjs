// node tests/run.mjs FILE…: the end-to-end tests, several files at once. Most of a file's time goes by
// in waiting, and each has ports, folders and databases of its own. (node --test runs one file less at
// once than there are cores, which on two cores is one, and Node 18 cannot be told otherwise.)
import os from 'node:os';
import path from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

const AT_ONCE = Math.max(2, os.cpus().length) + 1;

// What these find depends on how much of the machine is theirs: they run afterwards, one by one.
const alone = ['faults_crowd', 'faults_database', 'faults_kills', 'faults_links', 'faults_memory', 'proofs', 'push_beside'];

// Begun first, as everybody would wait for them at the end.
const long = ['simulation', 'provider_kills', 'reminder_histories', 'crash'];

const nameOf = (file) => path.basename(file, '.test.mjs');
const rankOf = (file) => (long.indexOf(nameOf(file)) + long.length + 1) % (long.length + 1);

function runFiles(files, concurrency) {
  if (files.length === 0) return undefined;
  const tests = run({ files: files.map((file) => path.resolve(file)), concurrency });
  tests.on('test:fail', ({ todo }) => {
    if (todo === undefined || todo === false) process.exitCode = 1;
  });
  const report = tests.compose(new spec());
  report.pipe(process.stdout, { end: false });
  return new Promise((resolve) => report.on('end', resolve));
}

const files = process.argv.slice(2);
await runFiles(files.filter((file) => !alone.includes(nameOf(file))).sort((a, b) => rankOf(a) - rankOf(b)), AT_ONCE);
await runFiles(files.filter((file) => alone.includes(nameOf(file))), 1);
