// How the demo starts, ends, goes on, and what it refuses.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { descendants, dunlin, eventually, freePorts, isRunning, startDemo, temporaryFolder } from '../support/demo.mjs';
import { request } from '../support/https.mjs';
import { decide, invoiceOf, invoicesFile, invoiceWhen, startPayment } from '../support/payer.mjs';

const DAY = 86400;
const paid = ({ due_minor: due }) => due === 0;

const runDemo = (args) => runDunlin(['demo', ...args]);

function runDunlin(args) {
  const child = spawn(dunlin, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stdout.on('data', (part) => { said += part; });
  child.stderr.on('data', (part) => { said += part; });
  return new Promise((resolve) => child.once('exit', (code) => resolve({ code, said })));
}

test('SIGTERM leaves no process; the next start goes on with clock, money and key', async () => {
  const folder = temporaryFolder();
  const port = await freePorts();
  const first = await startDemo({ dir: folder, port, args: ['--import', invoicesFile(folder, [['S/1', '77,00', 4]])] });
  const { now } = await first.setClock('advance', { seconds: 3 * DAY });
  await first.trouble('wrong_signature', true);
  await decide(await startPayment(first, (await invoiceOf(first, 'S/1')).link), 'pay');
  const children = [first.pid, ...descendants(first.pid)];
  assert.ok(children.length > 4);
  assert.equal(await first.stop(), 0);
  await eventually(() => children.every((pid) => !isRunning(pid)), { what: 'no process left' });
  const second = await startDemo({ dir: folder, port });
  assert.equal(second.api_key, first.api_key);
  assert.equal(second.sandbox.secret, first.sandbox.secret);
  assert.ok(Date.parse((await second.pane('/clock')).now) >= Date.parse(now));
  await invoiceWhen(second, 'S/1', paid, 'the money the bank had taken');
});

test('refuses a database that holds anything real', async () => {
  const folder = temporaryFolder();
  const port = await freePorts();
  const demo = await startDemo({ dir: folder, port, args: ['--import', invoicesFile(folder, [['X/1', '1,00', 4]])] });
  await demo.execute("update installation set kind = 'live'");
  await demo.stop();
  const { code, said } = await runDemo(['--dir', folder, '--port', String(port), '--json']);
  assert.equal(code, 1);
  assert.match(said, /real data/);
  assert.doesNotMatch(said, /"url"/);
});

test('says how it is used when it is used wrongly', async () => {
  const { code, said } = await runDemo(['--port', '80']);
  assert.equal(code, 2);
  assert.match(said, /usage: dunlin demo/);
});

test('on a terminal the import of one\'s own file shows how far it is', async () => {
  const folder = temporaryFolder();
  const csv = invoicesFile(folder, Array.from({ length: 500 }, (_, i) => [`P/${i}`, '10,00', 5]));
  const command = `'${dunlin}' demo --dir '${folder}' --port ${await freePorts()} --import '${csv}'`;
  // script gives it a terminal, and passes Ctrl-C on.
  const child = spawn('script', ['--quiet', '--flush', '--return', '--command', command, '/dev/null'],
    { stdio: ['pipe', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (part) => { said += part; });
  const gone = new Promise((resolve) => child.once('exit', resolve));
  await eventually(() => said.includes(' new, ') || child.exitCode !== null, { what: 'the file is in', within: 60000 });
  const family = descendants(child.pid);
  child.stdin.write('\x03');
  await gone;
  await eventually(() => family.every((pid) => !isRunning(pid)), { what: 'no process left' });
  assert.match(said, /\rchecking  \[[#.]{30}\] +\d+ %/);
  assert.match(said, /\r500 new, 0 changed, 0 unchanged, 0 bad\./, 'the bar gives way to the result');
});

test('a file that is no invoices ends it with the reason, and bad rows are told', async () => {
  const folder = temporaryFolder();
  const file = path.join(folder, 'not.csv');
  writeFileSync(file, 'one two three\nfour five six\n');
  const { code, said } = await runDemo(['--dir', path.join(folder, 'demo'), '--port', String(await freePorts()), '--json', '--import', file]);
  assert.equal(code, 1);
  assert.match(said, /brought in nothing/);
});

test('a live gateway refuses the demo\'s database', async () => {
  const demo = await startDemo({ args: ['--import', invoicesFile(temporaryFolder(), [['Y/1', '1,00', 4]])] });
  const file = path.join(temporaryFolder(), 'dunlin.yaml');
  const listener = (port) => `  listen: "127.0.0.1:${port}"\n  url: "https://localhost:${port}"\n  certificate: "${demo.dir}/certs/localhost.pem"\n  key: "${demo.dir}/certs/localhost.key"\n`;
  const port = await freePorts();
  writeFileSync(file, `data_dir: "${path.dirname(file)}"\ndatabase:\n  url: "${demo.conninfo.app}"\n  owner_url: "${demo.conninfo.owner}"\npublic:\n${listener(port)}private:\n${listener(port + 1)}operators:\n  listen: "127.0.0.1:${port + 2}"\ncreditor:\n  name: "Test"\n`);
  const { code, said } = await runDunlin(['serve', '--settings', file]);
  assert.equal(code, 1);
  assert.match(said, /belongs to a demo/);
});

test('a person is told where to look, and finds debts in every state', async () => {
  const folder = temporaryFolder();
  const port = await freePorts();
  const child = spawn(dunlin, ['demo', '--dir', folder, '--port', String(port)], { stdio: ['ignore', 'pipe', 'ignore'] });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  after(() => child.kill('SIGKILL'));
  let said = '';
  child.stdout.on('data', (part) => { said += part; });
  await eventually(() => said.includes('Ctrl-C'), { what: 'where to look', within: 60000 });
  assert.ok(said.includes(`http://127.0.0.1:${port + 3}/`));
  assert.match(said, /certs\/trust \S+ca\.pem[^]*certs\/untrust \S+ca\.pem/);
  const page = said.match(/https:\/\/\S+\/[0-9A-Za-z]{18}/)[0];
  assert.equal((await request(page, { ca: readFileSync(path.join(folder, 'certs/ca.pem')) })).status, 200);
  const wanted = ['due', 'overdue', 'paid', 'part_paid', 'processing', 'held'];
  await eventually(async () => {
    const found = await Promise.all(wanted.map(async (state) => (await request(`http://127.0.0.1:${port + 3}/debtors.json?state=${state}`)).json().length));
    return found.every((count) => count > 0);
  }, { what: 'a debt in each state', within: 30000 });
  child.kill('SIGTERM');
  assert.equal(await exited, 0);
});
