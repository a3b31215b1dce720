// Reminders that fall due while the callbacks of their payments arrive, on two nodes, one of which loses
// its power in the middle: nobody who has paid is reminded. What counts as before and after is the order
// of each debt's chain, and the times at which PostgreSQL says that its transactions were committed.
import assert from 'node:assert/strict';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { test } from 'node:test';

import { seeded } from '../fake/fake_service.mjs';
import { eventually } from '../support/eventually.mjs';
import { assertBooksBalance } from '../support/money.mjs';
import { assertClaimsEnd, assertNoneAfterPayment } from '../support/push_books.mjs';
import { customerOf, startSmsBed } from '../support/sms_nodes.mjs';

const count = Math.min(10000, Number(process.env.COUNT ?? 1500));
const seed = Number(process.env.DUNLIN_SEED ?? Date.now() % 1e6);
const PER_SECOND = 60, FIRST_MS = 1500, TICK_MS = 400;
const wait = { within: 120000 + count * 20 };

// When each reminder is due and its payment told, in ms from the beginning. Dispatchers are woken at each
// tick, when many fall due; of every two payments one comes within moments of it, one within seconds.
function racesOf(random) {
  const ticks = Math.ceil((count / PER_SECOND) * 1000 / TICK_MS);
  return Array.from({ length: count }, (_, i) => {
    const dueMs = FIRST_MS + TICK_MS * Math.floor(ticks * random()), spreadMs = i % 2 === 0 ? 150 : 2500;
    return { customer: i + 1, dueMs, paidMs: dueMs + Math.round(spreadMs * (2 * random() - 0.6)) };
  });
}

// Runs the jobs [ms from now, job] at their times.
async function atTimes(jobs) {
  const started = performance.now();
  await Promise.all(jobs.map(([ms, job]) => new Promise((resolve, reject) => {
    setTimeout(() => job().then(resolve, reject), Math.max(0, ms - (performance.now() - started)));
  })));
}

const quantile = (sorted, q) => (sorted.length === 0 ? 0 : sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]);

function spreadOf(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  return { p50: Math.round(quantile(sorted, 0.5)), p99: Math.round(quantile(sorted, 0.99)), max: Math.round(sorted.at(-1) ?? 0) };
}

// Each debt's chain, with the time of each event's commit in ms.
async function chainsOf(bed) {
  const chains = new Map();
  for (const event of await bed.query(`select e.customer_id as customer, e.event_no as no, e.kind, e.facts::json->>'step' as step,
      e.facts::json->>'reason' as reason, extract(epoch from pg_xact_commit_timestamp(e.xmin)) * 1000 as committed
      from event e where e.kind = 'payment.paid' or e.kind like 'reminder.%' order by 1, 2`)) {
    if (!chains.has(event.customer)) chains.set(event.customer, []);
    chains.get(event.customer).push(event);
  }
  return chains;
}

// What the gateway was asked, by customer: the first request for the reminder and for the thank-you, and
// how often each would be on the telephone.
function receiptsOf({ requests, sent }) {
  const receipts = new Map(), isThanks = (text) => text.startsWith('Dziekujemy');
  const of = (phone) => {
    const customer = customerOf(phone);
    if (!receipts.has(customer)) receipts.set(customer, { remindedAt: undefined, thankedAt: undefined, reminders: 0, thanks: 0, ids: new Set() });
    return receipts.get(customer);
  };
  for (const { at, fields } of requests) {
    assert.match(fields.message, /^(Dziekujemy|Dzis termin)/);
    const mine = of(fields.to);
    mine[isThanks(fields.message) ? 'thankedAt' : 'remindedAt'] ??= at;
    if (!isThanks(fields.message)) mine.ids.add(fields.idx);
  }
  for (const { to, text } of sent) ++of(to)[isThanks(text) ? 'thanks' : 'reminders'];
  return receipts;
}

// One debt: what its chain says against what the gateway got. Adds to the sums, and to what is wrong.
function judge(chain, state, receipt, sums, wrong) {
  const paid = chain.find(({ kind }) => kind === 'payment.paid'), own = chain.filter(({ step }) => step === 'due');
  const claims = own.filter(({ kind }) => kind === 'reminder.claimed'), before = claims.filter(({ no }) => no < paid.no);
  const say = (what) => wrong.push({ what, state, chain, receipt: receipt && { ...receipt, ids: [...receipt.ids] } });
  for (const [i, event] of own.entries()) {
    if (event.kind !== 'reminder.claimed') continue;
    const end = own[i + 1]?.kind ?? 'nothing';
    ++sums.claimed;
    sums[end.replace('reminder.', '')] = (sums[end.replace('reminder.', '')] ?? 0) + 1;
    if (event.no > paid.no || event.committed > paid.committed) say('claimed after the payment');
  }
  const sent = own.filter(({ kind }) => kind === 'reminder.sent').length;
  if (sent > 1 || receipt.reminders > 1) say('sent twice');
  if (receipt.ids.size > 1) say('asked under two ids');
  if (before.length === 0 && receipt.remindedAt !== undefined) say('at the gateway, and not claimed before the payment');
  if (sent === 1 && receipt.reminders === 0) say('said to be sent, and is not');
  if (receipt.reminders === 1 && !['sent', 'uncertain'].includes(state)) say('sent, and not said to be');
  if (receipt.thanks !== 1) say('thanked not once');
  if (receipt.remindedAt > receipt.thankedAt) say('the thank-you came first');
  if (receipt.remindedAt !== undefined && before.length > 0) sums.wireMs.push(receipt.remindedAt - before[0].committed);
  if (receipt.remindedAt > paid.committed) sums.gapMs.push(receipt.remindedAt - paid.committed);
  sums.neverClaimed += claims.length === 0;
  sums.states[state] = (sums.states[state] ?? 0) + 1;
}

test(`${count} reminders race their payments on two nodes, one is killed: none follows its payment`, async (t) => {
  const random = seeded(seed), bed = await startSmsBed({ count, rules: [{ delay: 30 }] }), races = racesOf(random);
  t.diagnostic(`DUNLIN_SEED=${seed}`);
  const nodes = [await bed.startNode(), await bed.startNode()];
  await bed.db.run(`insert into reminder (customer_id, invoice_id, step, due_at, state, reason)
    select customer_id, customer_id, 'due', now() + ms * interval '1 millisecond', 'scheduled', 'planned'
    from unnest(array[${races.map(({ customer }) => customer)}]::bigint[], array[${races.map(({ dueMs }) => dueMs)}]) w (customer_id, ms)`);
  const ticks = [...new Set(races.map(({ dueMs }) => dueMs))];
  let left;
  const loop = monitorEventLoopDelay({ resolution: 5 });
  loop.enable();
  const middle = async () => {
    await eventually(async () => (await bed.db.query(`select count(*)::int from reminder where state = 'sent'`))[0].count > count / 5,
      { what: 'a part of them is sent', every: 5, ...wait });
    bed.cutPower(nodes[0]);
    const [{ count: found, at }] = await bed.query(`select count(*)::int, clock_timestamp() as at from reminder where state = 'claimed'`);
    left = found;
    await bed.add(nodes[0]);
    await eventually(async () => {
      await bed.ageClaims();
      return (await bed.query(`select from reminder where state = 'claimed' and claimed_at < '${at}' limit 1`)).length === 0;
    }, { what: 'the claims of the dead node are found', every: 500, ...wait });
  };
  await Promise.all([middle(), atTimes([...ticks.map((ms) => [ms, () => bed.db.run('notify dunlin_reminder')]),
    ...races.map(({ customer, paidMs }) => [paidMs, () => bed.pay(customer)])])]);
  loop.disable();
  await bed.settled(wait);
  const sums = { claimed: 0, neverClaimed: 0, states: {}, wireMs: [], gapMs: [] }, wrong = [];
  const books = await bed.fake.books(), receipts = receiptsOf(books), chains = await chainsOf(bed);
  const states = new Map((await bed.query(`select customer_id, state from reminder where step = 'due'`)).map((row) => [row.customer_id, row.state]));
  for (const [customer, chain] of chains)
    judge(chain, states.get(customer), receipts.get(customer) ?? { reminders: 0, thanks: 0, ids: new Set() }, sums, wrong);
  const { wireMs, gapMs, claimed, neverClaimed, states: ended, ...ends } = sums;
  t.diagnostic(`${left} claimed when one died; claimed ${claimed}: ${JSON.stringify(ends)}; never claimed ${neverClaimed}; in the end ${JSON.stringify(ended)}`);
  t.diagnostic(`${gapMs.length} crossed, payment's commit to gateway in ms: ${JSON.stringify(spreadOf(gapMs))}`);
  t.diagnostic(`claim's commit to gateway in ms: ${JSON.stringify(spreadOf(wireMs))}; this process was late by ${Math.round(loop.percentile(99) / 1e6)} (p99), ${Math.round(loop.max / 1e6)} at most`);
  assert.equal(chains.size, count);
  assert.deepEqual(wrong.slice(0, 3), [], `${wrong.length} debts are wrong`);
  assert.equal(Object.values(ends).reduce((sum, one) => sum + one, 0), claimed);
  assert.ok(claimed > count / 10 && neverClaimed > count / 10, 'the payments did not race the claims');
  assert.deepEqual(books.complaints, []);
  await assertClaimsEnd(bed);
  await assertNoneAfterPayment(bed);
  await assertBooksBalance(bed);
});
