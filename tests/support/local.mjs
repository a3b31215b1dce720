// Ports, processes and databases of this machine; also for the benchmarks, which are no tests.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

// Resolves to the server that listens there, or nothing when somebody else does.
function listen(port) {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: '127.0.0.1' }, () => resolve(server));
  });
}

async function isFree(port) {
  const server = await listen(port);
  if (server === undefined) return false;
  await new Promise((resolve) => server.close(resolve));
  return true;
}

const BLOCK = 9;

// The first of `count` neighbouring ports, at most eight, that nobody listens on, below the range that
// the kernel gives to outgoing connections. They lie in a block whose last port we hold for as long as
// this process lives: test files run beside each other, and no other is given them.
export async function freePorts(count = 8) {
  for (let attempt = 0; attempt < 200; ++attempt) {
    const first = 10000 + BLOCK * Math.floor(Math.random() * 2440);
    const held = await listen(first + BLOCK - 1);
    if (held === undefined) continue;
    const free = await Promise.all(Array.from({ length: count }, (_, i) => isFree(first + i)));
    if (free.every(Boolean)) {
      held.unref();
      return first;
    }
    held.close();
  }
  throw new Error('found no free ports');
}

export function postgresPrograms() {
  const versions = readdirSync('/usr/lib/postgresql').map(Number).filter((v) => v > 0);
  return `/usr/lib/postgresql/${Math.max(...versions)}/bin`;
}

export function findConninfo(folder) {
  for (const place of ['.', 'data']) {
    const file = path.join(folder, place, 'database.conninfo');
    if (existsSync(file)) return readFileSync(file, 'utf8').trim().split('\n');
  }
  throw new Error(`no database.conninfo under ${folder}`);
}

// Rows as objects, read as the owner of the tables. `sql` is one query.
export async function query(conninfo, sql) {
  const { stdout } = await run(
    path.join(postgresPrograms(), 'psql'),
    ['-X', '-A', '-t', '-q', '-v', 'ON_ERROR_STOP=1', '-d', conninfo, '-c',
      `select coalesce(json_agg(row_to_json(rows)), '[]') from (${sql}) as rows`],
    { maxBuffer: 1 << 26 },
  );
  return JSON.parse(stdout);
}

export async function execute(conninfo, sql) {
  await run(path.join(postgresPrograms(), 'psql'),
    ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', conninfo, '-c', sql]);
}

export function isRunning(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2)[0] !== 'Z';
  } catch {
    return false;
  }
}

// The processes below a pid, all generations.
export function descendants(pid) {
  const children = new Map();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
    } catch {
      // It ended while we looked.
    }
  }
  const below = (of) => (children.get(of) ?? []).flatMap((child) => [child, ...below(child)]);
  return below(pid);
}
