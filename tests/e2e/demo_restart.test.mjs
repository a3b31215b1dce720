// How the demo starts, ends, goes on, and what it refuses.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { descendants, dunlin, eventually, freePorts, isRunning, startDemo, temporaryFolder } from '../support/demo.mjs';
import { decide, invoiceOf, invoicesFile, invoiceWhen, startPayment } from '../support/payer.mjs';

const DAY = 86400;
const paid = ({ due_minor: due }) => due === 0;

function runDemo(args) {
  const child = spawn(dunlin, ['demo', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
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
