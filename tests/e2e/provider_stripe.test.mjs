// Payments by Stripe, from the page to the ledger, against its fake over HTTPS.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import Stripe from 'stripe';

import { signatureHeader, StripeFake } from '../fake/stripe.mjs';
import { startAtProvider } from '../support/at_provider.mjs';
import { eventually } from '../support/eventually.mjs';
import { request } from '../support/https.mjs';

const at = await startAtProvider(StripeFake, 16);
const { fake } = at;
const sessionsOf = (reference) => [...fake.sessions.values()].filter((one) => one.client_reference_id === reference);
const lastEvent = (type) => fake.deliveries.map((one) => one.body).findLast((body) => JSON.parse(body).type === type);

// An event as it would come, with whatever is wrong about it.
const post = (body, headers = {}) => request(`${at.gateway.settings.public.url}/callbacks/stripe`, { method: 'POST', ca: at.ca, body,
  headers: { 'content-type': 'application/json; charset=utf-8', 'stripe-signature': signatureHeader(fake.secrets, body), ...headers } });

test('from the page to Stripe and back, paid', async () => {
  const debt = await at.debt(), order = await at.start(debt);
  assert.ok(debt.redirect.startsWith(`${fake.url}/c/pay/cs_test_`));
  assert.equal((await request(debt.redirect, { ca: readFileSync(fake.certificate) })).status, 200);
  assert.ok(order.opened);
  assert.match(order.reference, /^[0-9A-Za-z]{18}$/);
  assert.equal(order.amountMinor, 10000);
  fake.decide(order, 'paid');
  await at.dueIs(debt, 0);
  await fake.settled();
  assert.deepEqual(await at.ledger(debt), ['charge 10000', 'payment -10000']);
  assert.equal((await at.payments(debt))[0].state, 'paid');
  await at.books();
});

test('a session that ends unpaid fails the payment, a delayed one waits and is paid', async () => {
  const [gone, late] = [await at.debt(), await at.debt()];
  const [first, second] = [await at.start(gone), await at.start(late)];
  fake.decide(first, 'failed');
  await at.stateIs(gone, 'failed');
  assert.equal((await at.payments(gone))[0].reason, 'timed_out');
  fake.decide(second, 'pending');
  await at.stateIs(late, 'pending');
  fake.decide(second, 'paid');
  await at.dueIs(late, 0);
  await at.books();
});

test('duplicates out of order, with refunds and a dispute before what they are about, are booked once', async () => {
  const debt = await at.debt(), order = await at.start(debt);
  Object.assign(fake.faults, { twice: true, backwards: true });
  fake.decide(order, 'paid');
  const refund = fake.refundAtProvider(order, 2500);
  const dispute = fake.dispute(order);
  fake.closeDispute(dispute, 'won');
  await at.dueIs(debt, 2500);
  await fake.settled();
  fake.faults = {};
  assert.deepEqual((await at.ledger(debt)).sort(),
    ['charge 10000', 'chargeback 10000', 'chargeback_reversal -10000', 'payment -10000', 'refund 2500']);
  const booked = await at.query(`select kind, source_reference from ledger_entry where source_reference is not null
    and customer_id = ${debt.customer_id} and kind <> 'charge' order by kind`);
  assert.deepEqual(booked.map((row) => row.source_reference), [dispute.id, dispute.id, order.intent, refund.id]);
  const told = await at.query(`select facts from event where customer_id = ${debt.customer_id} and kind = 'payment.disputed'`);
  assert.deepEqual(told.map(({ facts }) => JSON.parse(facts)),
    [{ payment_no: 1, amount_minor: 10000, currency: 'PLN', movement: dispute.id }], 'and the timeline says that it was disputed');
  await at.books();
});

test('events that are lost are asked for, and when they come after all they are booked no second time', async () => {
  const debt = await at.debt(), gone = await at.debt(), order = await at.start(debt), other = await at.start(gone);
  fake.faults.lose = true;
  fake.decide(order, 'paid');
  fake.refundAtProvider(order, 1000);
  fake.decide(other, 'failed');
  fake.faults = {};
  await at.ask();
  await at.dueIs(debt, 1000);
  await at.stateIs(gone, 'failed');
  const late = fake.unsent.splice(0);
  assert.ok(late.length >= 4);
  for (const message of late) assert.ok(await fake.deliver(message));
  assert.deepEqual((await at.ledger(debt)).sort(), ['charge 10000', 'payment -10000', 'refund 1000']);
  await at.books();
});

test('a start that Stripe did, and answered with 500, is found by our reference', async () => {
  const debt = await at.debt(), send = await at.form(debt);
  fake.faults.failAfter = 1;
  await send();
  const order = [...fake.orders.values()].at(-1);
  assert.equal((await at.payments(debt))[0].provider_reference, null);
  fake.faults.lose = true;
  fake.decide(order, 'paid');
  fake.faults = {};
  fake.unsent.splice(0);
  await at.ask();
  await at.dueIs(debt, 0);
  assert.ok(fake.requests.some(({ path, query }) => path.endsWith('/search') && query.get('query').includes(order.reference)));
});

test('a refund that the bank of the card sends back is paid again', async () => {
  const debt = await at.debt(), order = await at.start(debt);
  fake.decide(order, 'paid');
  await at.dueIs(debt, 0);
  const refund = fake.refundAtProvider(order, 10000);
  await at.dueIs(debt, 10000);
  fake.failRefund(refund);
  await at.dueIs(debt, 0);
  assert.deepEqual((await at.ledger(debt)).sort(), ['charge 10000', 'payment -10000', 'refund 10000', 'refund_reversal -10000']);
});

test('a start that is answered with 500 after it was done is one session', async () => {
  const debt = await at.debt(), send = await at.form(debt), before = fake.sessions.size;
  fake.faults.failAfter = 1;
  assert.notEqual((await send()).headers.location?.startsWith(fake.url), true);
  assert.equal(fake.sessions.size, before + 1);
  const again = await send();
  assert.equal(again.status, 303);
  assert.ok(again.headers.location.startsWith(`${fake.url}/c/pay/`));
  assert.equal(fake.sessions.size, before + 1);
  const [payment, ...others] = await at.payments(debt);
  assert.deepEqual(others, []);
  const order = [...fake.orders.values()].find((one) => one.id === payment.provider_reference);
  assert.equal(sessionsOf(order.reference).length, 1);
  fake.decide(order, 'paid');
  await at.dueIs(debt, 0);
});

test('what Stripe refuses is a failed payment, and what only our key is to blame for is not', async () => {
  const refused = await at.debt(), debt = await at.debt(), { apiKey } = fake;
  fake.faults.refuse = 1;
  assert.equal((await (await at.form(refused))()).status, 303);
  assert.deepEqual((await at.payments(refused)).map(({ state, reason }) => [state, reason]), [['failed', 'refused']]);
  fake.apiKey = 'another';
  await (await at.form(debt))();
  assert.equal((await at.payments(debt))[0].state, 'created');
  fake.apiKey = apiKey;
  assert.equal((await (await at.form(debt))()).status, 303);
});

test('what is wrong with an event leaves no trace on the ledger', async () => {
  const debt = await at.debt(), order = await at.start(debt);
  fake.faults.lose = true;
  fake.decide(order, 'paid');
  fake.faults = {};
  const { body } = fake.unsent.splice(0).find((message) => JSON.parse(message.body).type === 'checkout.session.completed');
  const event = JSON.parse(body), now = Math.floor(Date.now() / 1000), [secret] = fake.secrets;
  const changed = (change) => { const copy = structuredClone(event); change(copy); return JSON.stringify(copy); };
  const signed = (time, text = body, key = secret) => ({ 'stripe-signature': signatureHeader([key], text, time) });
  const raw = (from, to) => body.replace(from, to);
  const rows = [
    ['a blank more', 401, `${body} `, signed(now)],
    ['too old', 401, body, signed(now - 310)],
    ['from the future', 401, body, signed(now + 310)],
    ['of another endpoint', 401, body, signed(now, body, 'whsec_another')],
    ['capital hex', 401, body, { 'stripe-signature': signed(now)['stripe-signature'].replace(/v1=.*/, (mac) => `v1=${mac.slice(3).toUpperCase()}`) }],
    ['signed twice', 401, body, { 'stripe-signature': [signed(now), signed(now)].map((one) => one['stripe-signature']) }],
    ['unsigned', 401, body, { 'stripe-signature': '' }],
    ['of real money', 403, changed((copy) => { copy.livemode = true; })],
    ['of another account', 403, changed((copy) => { copy.account = 'acct_other'; })],
    ['a key twice', 400, raw('"amount_total":10000', '"amount_total":10000,"amount_total":10000')],
    ['an amount as text', 400, raw('"amount_total":10000', '"amount_total":"10000"')],
    ['an amount with a point', 400, raw('"amount_total":10000', '"amount_total":10000.0')],
    ['a huge amount', 400, raw('"amount_total":10000', '"amount_total":99999999999999999')],
    ['no JSON', 400, 'x'],
  ];
  for (const [what, status, text, headers] of rows) {
    assert.ok(text !== body || headers, what);
    assert.equal((await post(text, headers)).status, status, what);
  }
  assert.deepEqual(await at.ledger(debt), ['charge 10000']);
  const unknown = changed((copy) => {
    copy.id = 'evt_unknown';
    Object.assign(copy.data.object, { client_reference_id: 'nobody', payment_intent: 'pi_nobody' });
  });
  assert.equal((await post(unknown)).status, 200);
  assert.deepEqual((await at.callbacks()).filter((row) => row.dedup_key === 'evt_unknown'),
    [{ dedup_key: 'evt_unknown', state: 'parked', reason: 'unknown_reference' }]);
  assert.deepEqual(await at.ledger(debt), ['charge 10000']);
  assert.equal((await post(body)).status, 200);
  await at.dueIs(debt, 0);
  await at.books();
});

test('an event that the library of Stripe signs is taken', async () => {
  const body = JSON.stringify({ id: 'evt_by_library', object: 'event', livemode: false, type: 'payout.paid', data: { object: {} } });
  const header = new Stripe('sk_test_1').webhooks.generateTestHeaderString({ payload: body, secret: fake.secrets[0] });
  assert.equal((await post(body, { 'stripe-signature': header })).status, 200);
  assert.equal((await at.callbacks()).find((row) => row.dedup_key === 'evt_by_library').state, 'ignored');
});

test('no key, secret or name of a payer is in the log', async () => {
  await eventually(() => fake.deliveries.length > 0);
  assert.ok(lastEvent('checkout.session.completed').includes('jan@example.com'));
  for (const text of [fake.apiKey, ...fake.secrets, 'jan@example.com', 'Jan Nowak']) assert.ok(!at.gateway.log.includes(text), text);
});
