// Refunds that come to nothing after their provider took them: each is told once and ends the refund that
// was asked for, whichever way it is heard, in whatever order and however often; what was booked of it
// is taken back, once.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { AdyenFake } from '../fake/adyen.mjs';
import { Przelewy24Fake } from '../fake/przelewy24.mjs';
import { startAtProvider } from '../support/at_provider.mjs';
import { eventually } from '../support/eventually.mjs';
import { Office } from '../support/office.mjs';

const settings = { payments: { refund_alone_max: 5000 }, creditor: { email: 'office@bank.example' } };
const adyen = await startAtProvider(AdyenFake, 16, { settings }), przelewy24 = await startAtProvider(Przelewy24Fake, 4, { settings });
const CHARGE = 'charge 10000', PAID = 'payment -10000', BACK = 'refund 3000', CAME_BACK = 'refund_reversal -3000';

const eventsOf = async (at, debt) => (await at.query(`select kind from event where customer_id = ${debt.customer_id}
  and (kind like 'refund.%' or kind like 'payment.refund%') order by event_no`)).map(({ kind }) => kind);

// How it ends: [state, reason], what the ledger has, and that all of the payment can be given back again.
async function endsAs(at, office, debt, id, reason, ledger) {
  await at.dueIs(debt, 0);
  const one = await eventually(async () => {
    await office.hurry();
    const now = await office.stateOf(id);
    return now.state === 'refused' && now;
  }, { what: `refund ${id} is refused`, within: 20000 });
  assert.equal(one.refused_because, reason);
  assert.deepEqual((await at.ledger(debt)).sort(), ledger);
  assert.equal((await at.payments(debt))[0].state, 'paid');
  assert.equal((await office.ask(debt, { amount_minor: 10000 }, 'all')).state, 'waits', 'all of it can be given back');
  await at.books();
}

{
  const at = adyen, { fake } = at, office = new Office(at);
  const resend = async (order, event, refund, more) => {
    fake.tellEvent(order, event, { pspReference: refund.id, value: refund.amountMinor, reference: refund.reference, ...more });
    await fake.settled();
  };
  const isAsked = (id) => eventually(async () => (await office.stateOf(id)).state === 'asked', { what: 'it is asked for', within: 20000 });

  for (const names of [true, false]) {
    const says = names ? 'naming it' : 'naming its payment alone';

    test(`adyen: one that is refused afterwards ends, told ${says}`, async () => {
      Object.assign(fake, { refusesRefunds: true, namesRefunds: names });
      Object.assign(fake.faults, { twice: true });
      const debt = await office.paid(), { id } = await office.ask(debt, { amount_minor: 3000 });
      await endsAs(at, office, debt, id, 'refused', [CHARGE, PAID]);
      await resend(debt.order, 'REFUND', debt.order.refunds[0], { success: 'false' });
      fake.faults = {};
      assert.deepEqual(await eventsOf(at, debt), ['refund.asked', 'refund.failed', 'refund.asked']);
    });

    test(`adyen: one that is refused before its answer is here ends, told ${says}`, async () => {
      Object.assign(fake, { refusesRefunds: true, namesRefunds: names });
      const debt = await office.paid();
      fake.faults.failAfter = 1;
      const { id } = await office.ask(debt, { amount_minor: 3000 });
      await endsAs(at, office, debt, id, 'refused', [CHARGE, PAID]);
      assert.deepEqual(await eventsOf(at, debt), ['refund.asked', 'refund.failed', 'refund.asked']);
    });

    for (const own of [undefined, 'OWN'])
      test(`adyen: one that was given back and comes back ends, told ${says}${own ? ' under an id of its own' : ''}`, async () => {
        Object.assign(fake, { refusesRefunds: false, namesRefunds: names });
        const debt = await office.paid(), { id } = await office.ask(debt, { amount_minor: 3000 });
        await office.becomes(id, 'done');
        await at.dueIs(debt, 3000);
        fake.faults.twice = true;
        fake.failRefund(debt.order, debt.order.refunds[0], own && `${own}${debt.number.slice(3)}`);
        await endsAs(at, office, debt, id, 'came_back', [CHARGE, PAID, BACK, CAME_BACK]);
        await resend(debt.order, 'REFUND', debt.order.refunds[0]);
        fake.faults = {};
        assert.deepEqual(await eventsOf(at, debt), ['refund.asked', 'payment.refunded', 'payment.refund_reversed', 'refund.asked']);
        assert.equal((await office.stateOf(id)).state, 'refused', 'and stays it');
      });

    test(`adyen: one that comes back before it is told that it went ends, told ${says}`, async () => {
      Object.assign(fake, { refusesRefunds: false, namesRefunds: names });
      const debt = await office.paid();
      fake.faults.lose = true;
      const { id } = await office.ask(debt, { amount_minor: 3000 });
      await isAsked(id);
      fake.faults = {};
      fake.failRefund(debt.order, debt.order.refunds[0]);
      await endsAs(at, office, debt, id, 'came_back', [CHARGE, PAID]);
      await at.deliverLate();
      await eventually(async () => (await at.ledger(debt)).length === 4, { what: 'both are booked', within: 20000 });
      await endsAs(at, office, debt, id, 'came_back', [CHARGE, PAID, BACK, CAME_BACK]);
    });
  }

  test('adyen: one made in the panel that comes back ends none of ours', async () => {
    fake.refusesRefunds = false;
    const debt = await office.paid(), { id } = await office.ask(debt, { amount_minor: 3000 });
    await office.becomes(id, 'done');
    fake.refundAtProvider(debt.order, 3000);
    await at.dueIs(debt, 6000);
    fake.failRefund(debt.order, debt.order.refunds[1], 'OWN-OF-PANEL');
    await at.dueIs(debt, 3000);
    assert.equal((await office.stateOf(id)).state, 'done');
    await at.books();
  });
}

{
  const at = przelewy24, { fake } = at, office = new Office(at);
  for (const [says, isLost] of [['by a notice and then by asking', false], ['by asking and then by a notice', true]])
    test(`przelewy24: one that is refused afterwards is told once, heard ${says}`, async () => {
      fake.refusesRefunds = true;
      const debt = await office.paid();
      fake.faults.lose = true;
      const { id } = await office.ask(debt, { amount_minor: 3000 });
      await eventually(async () => (await office.stateOf(id)).state === 'asked' && fake.unsent.length > 0, { what: 'it is asked for', within: 20000 });
      fake.faults = {};
      if (!isLost) await at.deliverLate();
      await endsAs(at, office, debt, id, 'refused', [CHARGE, PAID]);
      await at.deliverLate();
      assert.deepEqual(await eventsOf(at, debt), ['refund.asked', 'refund.failed', 'refund.asked']);
    });
}
