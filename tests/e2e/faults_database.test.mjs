// A database that goes away in the middle of a flood of callbacks: restarted at once twenty times,
// stopped, frozen. Providers and visitors are told to come again, nothing is promised that is not
// kept, and when it is back all goes on without a restart of the gateway.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';

import { startCluster } from '../support/cluster.mjs';
import { descendants, eventually } from '../support/demo.mjs';
import { request } from '../support/https.mjs';
import { makePayments } from '../support/money.mjs';
import { startOwed } from '../support/owed.mjs';
import { Provider } from '../support/provider.mjs';

const ROUNDS = 20, DOWN_EVERY = 10; // then it stays down until that has been felt
const CALLBACK_MS_MAX = 5000, PAGE_MS_MAX = 2000, CLEAR_MS_MAX = 5000;
const DEBTS = 400, FROZEN_DEBTS = 200, PRIVATE_DEBTS = 200, PRIVATE_ROUNDS = 6;

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const cluster = await startCluster();
const owed = await startOwed(DEBTS + FROZEN_DEBTS, { database: { url: cluster.app, owner_url: cluster.owner } });
const { gateway } = owed;
const link = gateway.linkOf('FV/0');

const isReady = async (of = gateway) => (await fetch(`http://127.0.0.1:${of.operatorsPort}/readyz`)).status === 200;

async function page() {
  const begun = performance.now();
  const answer = await request(link, { ca: owed.caText });
  return { ...answer, ms: performance.now() - begun };
}

function assertApology({ status, headers, text, ms }) {
  assert.equal(status, 503);
  assert.ok(Number(headers['retry-after']) > 0);
  assert.match(text, /<html lang="pl"/);
  assert.doesNotMatch(text, /postgres|database|libpq|FATAL/i);
  assert.ok(ms < PAGE_MS_MAX, `the apology came after ${Math.round(ms)} ms`);
}

// Watches a flood: what is told to a callback that is not kept, and when.
function watchedFlood(payments, perSecond, whom = owed) {
  const seen = { slowest: 0, without: [] };
  const provider = new Provider(whom, payments, { perSecond, onAnswer: ({ status, headers, ms }) => {
    seen.slowest = Math.max(seen.slowest, ms);
    if (status === 503 && !(Number(headers['retry-after']) > 0)) seen.without.push(headers);
  } });
  return { provider: provider.start(), seen };
}

// How long until a callback is taken, a page shown and the gateway says that it is ready.
async function allClear(provider, of = gateway) {
  const begun = performance.now(), before = provider.answered.size;
  await eventually(async () => provider.answered.size > before && await isReady(of)
    && (of !== gateway || (await page()).status === 200), { what: 'all is clear', within: 20000, every: 10 });
  return performance.now() - begun;
}

function assertTold({ provider, seen }) {
  assert.deepEqual(Object.keys(provider.statuses).filter((status) => !['200', '503'].includes(status)), [],
    JSON.stringify(provider.statuses));
  assert.deepEqual(seen.without, []);
  assert.ok(seen.slowest < CALLBACK_MS_MAX, `a callback was answered after ${Math.round(seen.slowest)} ms`);
}

test('twenty immediate restarts of PostgreSQL in a flood of callbacks', async (t) => {
  const family = descendants(gateway.pid).sort();
  const flood = watchedFlood(await makePayments(owed, DEBTS, 'restart'), 200);
  const { provider } = flood, times = [];
  for (let round = 0; round < ROUNDS; ++round) {
    await wait(50 + Math.random() * 300);
    if (round % DOWN_EVERY === 0) {
      await cluster.control('stop', '-m', 'immediate');
      const told = provider.statuses[503] ?? 0;
      await eventually(() => provider.statuses[503] > told, { what: 'the provider is told', every: 10 });
      assertApology(await page());
      assert.equal(await isReady(), false);
      await cluster.control('start');
    } else {
      await cluster.control('restart', '-m', 'immediate');
    }
    times.push(await allClear(provider));
  }
  await provider.finish();
  times.sort((a, b) => a - b);
  t.diagnostic(`all clear after ${Math.round(times[ROUNDS / 2])} ms in the middle, ${Math.round(times[ROUNDS - 1])} ms at most; `
    + `${JSON.stringify(provider.statuses)}, the slowest answer after ${Math.round(flood.seen.slowest)} ms`);
  assertTold(flood);
  assert.ok(times[ROUNDS - 1] < CLEAR_MS_MAX, times.map(Math.round).join());
  assert.deepEqual(descendants(gateway.pid).sort(), family, 'no process of the gateway was started again');
  await provider.assertBooked();
});

test('a frozen PostgreSQL: 503 in time, apologies in time, a bounded number of connections', async (t) => {
  const openFiles = () => descendants(gateway.pid).reduce((sum, pid) => sum + readdirSync(`/proc/${pid}/fd`).length, 0);
  const flood = watchedFlood(await makePayments(owed, FROZEN_DEBTS, 'frozen'), 100);
  const { provider } = flood;
  await eventually(() => provider.answered.size > 50, { what: 'the flood runs' });
  const filesBefore = openFiles(), sessionsBefore = cluster.processes().length;
  cluster.freeze();
  for (let visit = 0; visit < 8; ++visit) assertApology(await page());
  await eventually(() => provider.statuses[503] > 200, { what: 'the provider is told', within: 60000 });
  assert.ok(openFiles() < filesBefore + 2 * provider.width, `${openFiles()} files are open, ${filesBefore} were`);
  cluster.thaw();
  const clear = await allClear(provider);
  await provider.finish();
  t.diagnostic(`all clear after ${Math.round(clear)} ms; ${JSON.stringify(provider.statuses)}, `
    + `the slowest answer after ${Math.round(flood.seen.slowest)} ms`);
  assertTold(flood);
  assert.ok(clear < CLEAR_MS_MAX, `${Math.round(clear)} ms`);
  await eventually(() => cluster.processes().length <= sessionsBefore + 2, { what: 'what was given up is closed' });
  await provider.assertBooked();
});

test('the postmaster of the private database killed again and again: it is back within five seconds', async (t) => {
  const own = await startOwed(PRIVATE_DEBTS);
  const flood = watchedFlood(await makePayments(own, PRIVATE_DEBTS, 'private'), 100, own);
  const { provider } = flood, times = [];
  const family = () => ['http', 'work'].flatMap((name) => own.gateway.processes(name));
  const before = family();
  for (let round = 0; round < PRIVATE_ROUNDS; ++round) {
    await wait(50 + Math.random() * 300);
    const [postmaster] = await eventually(() => { // all may be clear while none runs: nothing was asked then
      const pids = own.gateway.processes('postgres');
      return pids.length > 0 && pids;
    }, { what: 'a postmaster to kill', every: 5 });
    const killed = performance.now();
    process.kill(postmaster, 'SIGKILL');
    await eventually(() => !own.gateway.processes('postgres').includes(postmaster), { every: 5 });
    await allClear(provider, own.gateway);
    times.push(Math.round(performance.now() - killed));
  }
  await provider.finish();
  t.diagnostic(`all clear after ${times.join(', ')} ms; ${JSON.stringify(provider.statuses)}`);
  assertTold(flood);
  assert.ok(Math.max(...times) < CLEAR_MS_MAX, times.join());
  assert.deepEqual(family(), before);
  await provider.assertBooked();
});
