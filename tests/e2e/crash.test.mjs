// Processes killed in the middle of a flood of callbacks: whatever was answered with 200 is in the
// ledger exactly once, and so is all else when it has been sent again.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { message, send } from '../support/callbacks.mjs';
import { descendants, eventually, startDemo, temporaryFolder } from '../support/demo.mjs';
import { keepAliveAgent } from '../support/https.mjs';
import { about, assertBooksBalance, inParallel, makePayments, shuffled } from '../support/money.mjs';

const nameOf = (pid) => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
};
const find = (demo, pattern) => descendants(demo.pid).filter((pid) => pattern.test(nameOf(pid)));
const kill = (pid, signal) => {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
};

const callbackOf = (payment) => ({ payment, id: `msg_${payment.id}`, body: message('paid', about(payment)) });

// Sends each three times, all shuffled, 24 at a time; `midway` runs when a third of them is answered.
// Returns the ids answered 200.
async function flood(demo, unique, midway = async () => {}) {
  const callbacks = shuffled([...unique, ...unique, ...unique]);
  const agent = keepAliveAgent(demo.caText, { maxSockets: 24 });
  const answered = new Set();
  let ends = 0, disturbance;
  await inParallel(callbacks, 24, async (callback) => {
    const status = await send(demo, callback.body, { id: callback.id, agent }).then((answer) => answer.status, () => 0);
    if (status === 200) answered.add(callback.id);
    if (++ends === Math.floor(callbacks.length / 3)) disturbance = midway();
  });
  await disturbance;
  agent.destroy();
  return answered;
}

async function assertKept(demo, answered) {
  const rows = await demo.query(`select o.dedup_key, (select count(*)::int from ledger_entry e
      where e.customer_id = o.customer_id and e.payment_no = o.payment_no) as entries
    from callback_outcome o where o.state = 'applied'`);
  const entries = new Map(rows.map((row) => [row.dedup_key, row.entries]));
  for (const id of answered) assert.equal(entries.get(id), 1, `${id} was answered with 200`);
  for (const [id, n] of entries) assert.equal(n, 1, id);
}

const isUp = (demo, within = 30000) => eventually(
  async () => (await demo.get(demo.links[0])).status === 200, { what: 'the gateway answers again', within });

// The provider comes again until it is told 200: everything is booked, and once.
async function comeAgain(demo, callbacks) {
  await isUp(demo);
  let left = callbacks;
  await eventually(async () => {
    const answered = await flood(demo, left);
    left = left.filter((callback) => !answered.has(callback.id));
    return left.length === 0;
  }, { what: 'all callbacks are taken', within: 30000 });
  await assertKept(demo, new Set(callbacks.map((callback) => callback.id)));
  await assertBooksBalance(demo);
}

const folder = temporaryFolder();
const marker = path.join(folder, 'crash');

for (const [where, says] of [
  ['callback_before_commit', 'before the commit'],
  ['callback_after_commit', 'after the commit'],
  ['callback_before_answer', 'before the answer'],
]) {
  test(`a worker killed ${says} loses no answered callback and books none twice`, async () => {
    const demo = await startDemo({ env: { TEST_CRASH_AT: where, TEST_CRASH_FILE: marker } });
    const callbacks = (await makePayments(demo, 60, where.slice(9))).map(callbackOf);
    const before = find(demo, /http\d/);
    const answered = await flood(demo, callbacks, async () => writeFileSync(marker, ''));
    const crashed = await eventually(async () => {
      // The marker may have come too late for the flood: one more callback meets it.
      await send(demo, callbacks[0].body, { id: `again_${Math.random()}`.replace('.', '') }).catch(() => {});
      return before.some((pid) => !find(demo, /http\d/).includes(pid));
    }, { what: 'the worker is killed' });
    assert.ok(crashed);
    await assertKept(demo, answered);
    await comeAgain(demo, callbacks);
    await demo.stop();
  });
}

const demo = await startDemo();

test('kill -9 of the workers in a flood', async () => {
  const callbacks = (await makePayments(demo, 80, 'kw')).map(callbackOf);
  const workers = find(demo, /http\d/);
  assert.ok(workers.length > 0);
  const answered = await flood(demo, callbacks, async () => workers.forEach((pid) => kill(pid, 'SIGKILL')));
  await isUp(demo);
  await assertKept(demo, answered);
  await comeAgain(demo, callbacks);
});

test('kill -9 of PostgreSQL in a flood', async () => {
  const callbacks = (await makePayments(demo, 80, 'kp')).map(callbackOf);
  const answered = await flood(demo, callbacks, async () =>
    find(demo, /postgres/).forEach((pid) => kill(pid, 'SIGKILL')));
  await isUp(demo, 60000);
  await assertKept(demo, answered);
  await comeAgain(demo, callbacks);
});

test('kill -9 of the supervisor in a flood, and a start on what it left', async () => {
  const dir = temporaryFolder();
  const first = await startDemo({ dir });
  const callbacks = (await makePayments(first, 80, 'ks')).map(callbackOf);
  const answered = await flood(first, callbacks, async () => kill(first.pid, 'SIGKILL'));
  await eventually(async () => find(first, /./).length === 0);
  const second = await eventually(() => startDemo({ dir, port: first.port }), { within: 60000 });
  await assertKept(second, answered);
  await comeAgain(second, callbacks);
});
