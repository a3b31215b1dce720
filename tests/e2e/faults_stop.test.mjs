// Ends and take-overs in the middle of a flood of callbacks: what is in hand is finished, nobody who
// connects is refused while another gateway stands beside, and the books balance.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';

import { message, send } from '../support/callbacks.mjs';
import { descendants, eventually, findConninfo, isRunning } from '../support/demo.mjs';
import { makeGateway } from '../support/gateway.mjs';
import { keepAliveAgent } from '../support/https.mjs';
import { about, assertBooksBalance, makePayments } from '../support/money.mjs';
import { startOwed } from '../support/owed.mjs';

const DEBTS = 400;

// Providers that keep calling back: each callback again until it is told 200. `statuses` grows as
// they come, with the error's code where there was no answer.
function startFlood(owed, payments, { agent, width = 12 }) {
  const waiting = payments.map((payment) => ({ id: `msg_${payment.id}`, body: message('paid', about(payment)) }));
  const flood = { answered: [], statuses: [], isOver: false };
  const work = async () => {
    for (let next; !flood.isOver && (next = waiting.shift()) !== undefined;) {
      const status = await send(owed, next.body, { id: next.id, agent }).then((answer) => answer.status, (error) => error.code);
      flood.statuses.push(status);
      if (status === 200) flood.answered.push(next.id);
      else waiting.push(next);
    }
  };
  flood.end = Promise.all(Array.from({ length: width }, work));
  return flood;
}

async function assertKept(owed, ids) {
  const kept = new Set((await owed.query(`select dedup_key from callback_outcome where state = 'applied'`)).map((row) => row.dedup_key));
  assert.deepEqual(ids.filter((id) => !kept.has(id)), []);
  assert.equal((await owed.query(`select count(*)::int as n from ledger_entry where kind = 'payment'`))[0].n, kept.size);
  await assertBooksBalance(owed);
}

const owed = await startOwed(DEBTS);
const { gateway } = owed;
const payments = await makePayments(owed, DEBTS, 'st');

test('SIGTERM in a flood of callbacks: what is in hand is answered, the end comes within 10 s, nothing is lost', async () => {
  const agent = keepAliveAgent(owed.caText, { maxSockets: 12 });
  const flood = startFlood(owed, payments.slice(0, 150), { agent });
  await eventually(() => flood.answered.length > 30, { every: 5 });
  const family = descendants(gateway.pid), started = Date.now();
  const stopped = gateway.stop();
  await eventually(() => flood.statuses.includes('ECONNREFUSED'), { what: 'the listener is closed', every: 5 });
  assert.equal(await stopped, 0);
  assert.ok(Date.now() - started < 10000, `${Date.now() - started} ms`);
  flood.isOver = true;
  await flood.end;
  agent.destroy();
  assert.ok(!family.some(isRunning));
  // A kept connection may be closed just as its next request is on the way; nothing else may happen.
  assert.deepEqual([...new Set(flood.statuses)].filter((status) => ![200, 503, 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'].includes(status)), []);
  await gateway.start();
  await assertKept(owed, flood.answered);
});

test('a gateway started beside another takes over a flood without a refused connection', async () => {
  // Each callback on a connection of its own: one refused or reset would be seen.
  const external = { database: { url: owed.app, owner_url: findConninfo(gateway.dir)[1] } };
  const start = async (from) => {
    const next = await makeGateway({ ...external, data_dir: from.settings.data_dir, public: from.settings.public,
      private: from.settings.private, operators: from.settings.operators, providers: gateway.settings.providers });
    after(() => next.end());
    return next;
  };
  const old = await start(await makeGateway({ ...external }));
  await old.start();
  const young = await start(old);
  // The links' keys and the provider's secret are the first gateway's.
  const told = { ...owed, caText: readFileSync(old.settings.public.certificate),
    sandbox: { ...owed.sandbox, callback: `${old.settings.public.url}/callbacks/sandbox` } };
  const agent = keepAliveAgent(told.caText, { keepAlive: false });
  const flood = startFlood(told, payments.slice(150), { agent, width: 8 });
  await eventually(() => flood.answered.length > 20, { every: 5 });
  await young.start();
  const before = flood.answered.length;
  assert.equal(await old.stop(), 0);
  await flood.end;
  assert.ok(flood.answered.length > before, 'the flood lasted longer than the take-over');
  assert.deepEqual([...new Set(flood.statuses)], [200]);
  await assertKept(owed, flood.answered);
});
