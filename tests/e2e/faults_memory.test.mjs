// Little memory: each process may take a little more than it has when a crowd comes. Newcomers are
// turned away, or the process ends and is started again, as it falls out; visitors are served as far
// as there is room, and no callback that was told 200 is lost. When the crowd has gone all is as before.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { startCrowd } from '../support/crowd.mjs';
import { eventually } from '../support/demo.mjs';
import { request } from '../support/https.mjs';
import { makePayments } from '../support/money.mjs';
import { startOwed } from '../support/owed.mjs';
import { Provider } from '../support/provider.mjs';

const MIB = 1024 * 1024, ROOM = 16 * MIB, NEARLY = MIB, CLEAR_MS_MAX = 5000;

// Without memory the sanitizer's malloc says so, as the real one does, instead of ending the process.
process.env.ASAN_OPTIONS = `${process.env.ASAN_OPTIONS ?? ''}:allocator_may_return_null=1`;

// What a process may fill: all its own memory, also what it has only reserved.
const dataOf = (pid) => 1024 * Number(/^VmData:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);

test('with 16 MiB left a crowd takes the memory, and nothing that was told 200', async (t) => {
  const owed = await startOwed(40);
  const { gateway } = owed;
  const link = gateway.linkOf('FV/0');
  const page = () => request(link, { ca: owed.caText, agent: false }).then(({ status }) => status, (error) => error.code);
  const payments = await makePayments(owed, 40, 'poor');
  for (let i = 0; i < 20; ++i) assert.equal(await page(), 200);
  // The supervisor too: whoever is started again has no more.
  const poor = gateway.processes('http');
  const limit = Math.max(...poor.map(dataOf)) + ROOM;
  const allow = (bytes) => [gateway.pid, ...gateway.processes('http')].forEach((pid) =>
    execFileSync('prlimit', ['--pid', pid, `--data=${bytes}:`]));
  allow(limit);

  const deaths = () => (gateway.log.match(/event="process died" name=http/g) ?? []).length;
  const provider = new Provider(owed, payments, { perSecond: 50, width: 8 }).start();
  t.after(() => clearInterval(provider.timer));
  const isFull = () => deaths() > 0 || poor.some((pid) => limit - dataOf(pid) < NEARLY);
  const seen = {};
  let isReached = false;
  const crowds = ['bodies', 'headers'].map((habit) => startCrowd(habit, 1200, gateway.publicPort));
  await eventually(async () => {
    const status = await page();
    seen[status] = (seen[status] ?? 0) + 1;
    isReached ||= isFull();
    return isReached && Object.values(seen).reduce((a, b) => a + b) >= 60;
  }, { what: 'the memory is full', within: 30000, every: 0 });
  await Promise.allSettled(crowds.map((crowd) => crowd.end())); // it may not have come in whole
  const left = performance.now();
  let inARow = 0;
  await eventually(async () => (inARow = await page() === 200 ? inARow + 1 : 0) >= 20, { what: 'visitors are served', every: 0 });
  const clearMs = Math.round(performance.now() - left);
  await provider.finish();
  t.diagnostic(`${deaths()} processes ended; pages meanwhile ${JSON.stringify(seen)}; callbacks ${JSON.stringify(provider.statuses)}; clear after ${clearMs} ms`);
  assert.ok(clearMs <= CLEAR_MS_MAX, `${clearMs} ms`);
  await provider.assertBooked();
  // The sanitizer wants memory to look for leaks at the end, and complains where it had none.
  allow('unlimited');
  gateway.log = gateway.log.replaceAll('ERROR: AddressSanitizer failed to allocate', 'no memory for the sanitizer');
  assert.equal(gateway.child.exitCode, null);
});
