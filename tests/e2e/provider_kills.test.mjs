// kill -9 of the process that answers and of the one for work, at every step between the tap and the
// receipt, at every provider: what its books say was charged is what ours say, once, within one polling
// period after the restart.
//
// Adyen's GET /paymentLinks/{id} says whether a link was paid, but not the payment's pspReference, by
// which refunds and disputes name it. So asking shows such a payment as being confirmed, and it is
// decided by its webhook, which Adyen repeats until it is taken, as it does that of a refund, which it
// cannot be asked about at all. There the period is that of the repetitions.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { startAtProvider } from '../support/at_provider.mjs';
import { eventually } from '../support/eventually.mjs';
import { Office } from '../support/office.mjs';
import { providers, settings } from '../support/providers.mjs';

const CHARGE = 'charge 10000', PAID = 'payment -10000';

// All of them before the first test: what a file has started ends when there is no test to run.
const beds = [];
for (const row of providers)
  beds.push([row, await startAtProvider(row.Fake, 44, { settings: { ...settings, payments: { refund_alone_max: 5000 } }, Spare: row.Spare, crashes: true })]);

for (const [row, at] of beds) {
  const { name } = row, { fake, spare } = at, office = new Office(at);
  const madeSince = (count) => [...fake.orders.values()].slice(count);

  // What the provider has taken is in the ledger; and it has taken once.
  async function assertOneCharge(debt, orders) {
    const held = orders.map((order) => fake.heldMinor(order)).filter((minor) => minor !== 0);
    assert.deepEqual(held, [10000]);
    assert.deepEqual(await at.ledger(debt), [CHARGE, PAID]);
    await at.books();
  }

  // The provider has said nothing. It is asked, or tells after all where it cannot be asked, or does
  // not say enough.
  async function isHeardOf(debt) {
    const { provider_reference: theirs } = (await at.payments(debt)).at(-1), canAsk = theirs !== null || row.findsOurs;
    if (canAsk) await at.periodPasses(debt);
    if (canAsk && !row.saysPaid) await at.stateIs(debt, 'pending');
    if (!canAsk || !row.saysPaid) {
      fake.faults = {};
      await at.deliverLate();
    }
    if (row.confirms) await eventually(async () => (await at.periodPasses(debt), await at.due(debt)) === 0, { what: 'it is confirmed', within: 20000 });
    await at.dueIs(debt, 0);
    fake.faults = {};
    await at.deliverLate();
  }

  const starts = [
    ['payment_made', 'is on disk, and the provider not yet asked'],
    ['payment_answered', 'was answered, and the answer is not kept'],
    ['payment_kept', 'is kept, and the customer not told'],
  ];
  const ways = row.blik ? ['redirect', 'blik'] : ['redirect'];
  for (const method of ways) for (const [where, says] of starts) {
    test(`${name}: killed when a payment by ${method} ${says}`, async () => {
      const debt = await at.debt(), before = fake.orders.size, send = await at.form(debt, method);
      const tap = () => send(method === 'blik' ? { blik: row.blik.right } : {});
      fake.faults.lose = true;
      await at.crash(where, 'http', () => tap().catch(() => {}));
      assert.equal((await at.payments(debt)).length, 1, 'it is on disk');
      await tap();
      const orders = madeSince(before);
      assert.ok(orders.length <= 1, 'the same form again is not another order');
      assert.equal((await at.payments(debt)).length, 1);
      if (orders.length === 0) {
        await at.timePasses(debt);
        await at.stateIs(debt, 'failed');
        orders.push(await at.start(debt));
      }
      if (!orders[0].blik || !row.nodsAlone) fake.decide(orders[0], 'paid');
      await isHeardOf(debt);
      await assertOneCharge(debt, madeSince(before));
    });
  }

  const between = row.confirms ? ['provider_next_round'] : row.goesHalfway ? ['payment_halfway', 'payment_halfway_kept'] : [];
  for (const where of between) test(`${name}: killed between two requests of one start, at ${where}`, async () => {
    const debt = await at.debt(), before = fake.orders.size, send = await at.form(debt, 'blik');
    await at.crash(where, 'http', () => send({ blik: row.blik.right }).catch(() => {}));
    await send({ blik: row.blik.right });
    assert.equal(madeSince(before).length, 1, 'the same form again is not another order');
    const [order] = madeSince(before);
    assert.equal(order.blik, undefined, 'the code never came there');
    await at.timePasses(debt);
    await at.stateIs(debt, 'failed');
    await (await at.form(debt, 'blik'))({ blik: row.blik.right });
    fake.decide(madeSince(before)[1], 'paid');
    await at.dueIs(debt, 0);
    await assertOneCharge(debt, madeSince(before));
  });

  test(`${name}: killed when a payment has moved to the next provider, which is not yet asked`, async () => {
    const debt = await at.debt(), before = spare.orders.size, send = await at.form(debt);
    fake.goDown();
    await at.crash('payment_moved', 'http', () => send().catch(() => {}));
    fake.faults = {};
    await send();
    const orders = [...spare.orders.values()].slice(before);
    assert.deepEqual((await at.payments(debt)).map((one) => [one.provider, one.provider_reference]), [[spare.name, orders[0]?.id]]);
    assert.equal(orders.length, 1);
    spare.decide(orders[0], 'paid');
    await at.dueIs(debt, 0);
    assert.deepEqual(await at.ledger(debt), [CHARGE, PAID]);
  });

  for (const [where, says] of [
    ['callback_before_commit', 'before it is booked'],
    ['callback_after_commit', 'after it was booked'],
    ['callback_before_answer', 'before it is answered'],
  ]) test(`${name}: killed with the provider's message in hand, ${says}`, async () => {
    const debt = await at.debt(), order = await at.start(debt);
    await at.crash(where, 'http', () => fake.decide(order, 'paid'));
    await at.dueIs(debt, 0);
    await fake.settled();
    await assertOneCharge(debt, [order]);
  });

  const questions = [
    ['errand_claimed', 'to be asked'],
    ['provider_said', 'that was asked, and the answer is not booked'],
    ['callback_before_commit', 'about to be booked'],
    ['callback_after_commit', 'that is booked, and nobody knows'],
    ['errand_booked', 'that is booked, and the question not over'],
  ];
  for (const [where, says] of questions) test(`${name}: killed with a silent payment in hand ${says}`, async () => {
    const debt = await at.debt(), order = await at.start(debt);
    fake.faults.lose = true;
    fake.decide(order, 'paid');
    await at.crash(where, 'work', () => at.periodPasses(debt));
    const [{ is_over: isOver }] = await at.query(`select state = 'paid' or ask_at < now() + interval '1 hour' as is_over
      from payment where customer_id = ${debt.customer_id}`);
    assert.ok(isOver, 'it is decided, or asked about by itself');
    await isHeardOf(debt);
    await assertOneCharge(debt, [order]);
  });

  if (row.confirms) for (const where of ['errand_claimed', 'provider_said', 'errand_booked'])
    test(`${name}: killed in the middle of a confirmation, at ${where}`, async () => {
      const debt = await at.debt(), order = await at.start(debt);
      await at.crash(where, 'work', () => fake.decide(order, 'paid'));
      await at.periodPasses(debt);
      await at.dueIs(debt, 0);
      const right = fake.confirmations.filter(({ sessionId, isRight }) => sessionId === order.reference && isRight);
      assert.equal(right.length, 1, 'and it was confirmed once');
      await assertOneCharge(debt, [order]);
    });

  // Tpay says nothing of a partial refund, so each of its questions waits for its own time.
  async function assertOneRefund(debt, id) {
    if (!row.tellsRefunds) await office.becomes(id, 'done');
    await at.dueIs(debt, 3000);
    await office.becomes(id, 'done');
    assert.equal(fake.heldMinor(debt.order), 7000);
    assert.deepEqual(await at.ledger(debt), [CHARGE, PAID, 'refund 3000']);
    await at.books();
  }

  for (const [where, says] of [
    ['errand_claimed', 'and the provider not yet asked'],
    ...row.goesHalfway ? [
      ['provider_named', 'whose name is told, and not kept'],
      ['errand_named', 'whose name is about to be kept'],
    ] : [],
    ['provider_said', 'asked for, and the answer lost'],
    ['errand_booked', 'asked for, and the answer not kept'],
  ]) test(`${name}: killed with a refund in hand ${says}`, async () => {
    const debt = await office.paid();
    let asked;
    await at.crash(where, 'work', async () => { asked = await office.ask(debt, { amount_minor: 3000 }); });
    assert.equal(asked.status, 201);
    await at.periodPasses(debt);
    await assertOneRefund(debt, asked.id);
  });

  const refundSaid = row.asksRefunds ? ['provider_said', 'callback_before_commit', 'callback_after_commit']
    : ['callback_before_commit', 'callback_after_commit', 'callback_before_answer'];
  for (const where of refundSaid)
    test(`${name}: killed when it says what became of a refund, at ${where}`, async () => {
      const debt = await office.paid();
      fake.faults.lose = true;
      const { id } = await office.ask(debt, { amount_minor: 3000 });
      await eventually(async () => (await office.stateOf(id)).state === 'asked', { what: 'it is asked for', within: 20000 });
      if (row.asksRefunds) await at.crash(where, 'work', () => at.periodPasses(debt));
      else await at.crash(where, 'http', () => at.deliverLate());
      await at.periodPasses(debt);
      await assertOneRefund(debt, id);
      fake.faults = {};
      await at.deliverLate();
      assert.equal(await at.due(debt), 3000);
    });

  test(`${name}: no payment is left undecided`, async () => {
    assert.deepEqual(await at.query(`select customer_id, payment_no, state from payment where state in ('created', 'started', 'pending')`), []);
    assert.equal(fake.broken, undefined);
  });
}
