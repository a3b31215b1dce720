// Payments through Przelewy24, from settings alone: a real gateway, and Przelewy24's rules on the other
// side. What it tells of is ours only when we have confirmed it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { paymentNotice, Przelewy24Fake, signOf } from '../fake/przelewy24.mjs';
import { startAtProvider } from '../support/at_provider.mjs';
import { execute } from '../support/demo.mjs';
import { eventually } from '../support/eventually.mjs';
import { postForm, request } from '../support/https.mjs';
import { payBlik } from '../support/payer.mjs';

const at = await startAtProvider(Przelewy24Fake, 16, { settings: { creditor: { email: 'office@bank.example' } } });
const { fake } = at;
const url = at.gateway.settings.public.url;
const CHARGE = 'charge 10000', PAID = 'payment -10000';

const ordersOf = (debt) => [...fake.orders.values()].filter(({ title }) => title === debt.number);
const blik = (debt, code) => payBlik({ url, get: (link) => at.get(link), post: (to, fields) => postForm(to, fields, { ca: at.ca,
  headers: { 'user-agent': 'Mozilla/5.0 (test)' } }) }, debt.link, code);
const send = (notice) => request(`${url}/callbacks/przelewy24`, { method: 'POST', headers: { 'content-type': 'application/json' },
  body: typeof notice === 'string' ? notice : JSON.stringify(notice), ca: at.ca });
const outcomeOf = async (key) => (await at.callbacks()).filter(({ dedup_key }) => dedup_key === key).map(({ state, reason }) => [state, reason]);
const confirmationsOf = (order) => fake.confirmations.filter(({ sessionId }) => sessionId === order.reference);

test('the fake signs the published texts as Przelewy24 does', () => {
  assert.equal(signOf({ sessionId: 'unique-session-id', merchantId: 999999, amount: 1234, currency: 'PLN' }),
    'b27f9adce99faee87750d350e24fab781f734fd80af7bdcff7063dab3fcebbf5f051b264a9b547e611e8e6af7b377cfa');
  assert.equal(signOf({ sessionId: 'unique-session-id', orderId: 4294967301, amount: 1234, currency: 'PLN' }),
    '65cc719b654de81e0ab5fe0cfbfc660308e9f7384bdd150751340c3ffb9cbb6d29d090a66a99f643d9123c42107e6252');
  assert.equal(paymentNotice({ reference: 'unique-session-id', amountMinor: 1234, currency: 'PLN', orderId: 4294967301 }).sign,
    '46c5c85c16b698b5238cb9c3d7d8e9356dfebd95253859bad3ac6f4ee75af7fc7d4d3556f6a7ea44d2a22f2b514ca7f7');
  assert.equal(signOf({ orderId: 4294967301, sessionId: 'unique-session-id', refundsUuid: 'rf-0001', merchantId: 999999, amount: 1234,
    currency: 'PLN', status: 0 }), '57022fb5680541f0afb103f25f6c24a42b64216b5768c45862c7baf69fd6531979e06720d1b71235de42d02354b3eb42');
});

test('a payment by redirect is paid once it is confirmed with our amount', async () => {
  const debt = await at.debt(), order = await at.start(debt);
  assert.equal(debt.redirect, `${fake.url}/trnRequest/${order.id}`);
  assert.equal((await request(debt.redirect, { ca: readFileSync(fake.certificate) })).status, 200);
  assert.ok(order.opened, 'the browser came to the order');
  assert.equal(order.asked.timeLimit, 60);
  assert.equal(order.returnUrl, `${url}/back/${order.reference}`);
  fake.decide(order, 'paid');
  await at.dueIs(debt, 0);
  assert.deepEqual(await at.ledger(debt), [CHARGE, PAID]);
  assert.deepEqual(confirmationsOf(order), [{ sessionId: order.reference, amount: 10000, isRight: true }]);
  await fake.settled();
  assert.ok(fake.deliveries.every(({ status, text }) => status === 200 && text === 'OK'));
  await at.books();
});

test('what cannot be confirmed is never paid', async () => {
  const debt = await at.debt(), order = await at.start(debt);
  fake.decide(order, 'paid', { amountMinor: 9000 });
  await eventually(async () => confirmationsOf(order).length > 0, { what: 'it is tried', within: 20000 });
  await eventually(async () => (await outcomeOf(`order/${order.orderId}`))[0]?.[1] === 'not_confirmed', { what: 'and refused', within: 20000 });
  assert.equal(confirmationsOf(order)[0].amount, 10000, 'our amount, not theirs');
  assert.deepEqual(await at.ledger(debt), [CHARGE]);
  order.state = 'returned';
});

test('a confirmation whose answer was lost is given once and booked once', async () => {
  const debt = await at.debt(), order = await at.start(debt);
  fake.faults.failAfter = 1;
  fake.decide(order, 'paid');
  await eventually(async () => order.state === 'paid', { what: 'it is confirmed', within: 20000 });
  await execute(at.owner, `update callback_outcome set next_try_at = now() where reason = 'to_confirm'`);
  await at.dueIs(debt, 0);
  assert.equal(confirmationsOf(order).filter(({ isRight }) => isRight).length, 1);
  assert.deepEqual(await at.ledger(debt), [CHARGE, PAID]);
  assert.equal(fake.faults.failAfter, 0);
});

test('a payment whose notice was lost is found by asking, and confirmed', async () => {
  const debt = await at.debt(), order = await at.start(debt);
  fake.faults.lose = true;
  fake.decide(order, 'paid');
  await execute(at.owner, `update payment set ask_at = now() where customer_id = ${debt.customer_id}`);
  await at.dueIs(debt, 0);
  fake.faults = {};
  assert.equal(confirmationsOf(order).length, 1);
  assert.equal((await send(JSON.parse(fake.unsent[0].body))).status, 200);
  assert.deepEqual(await at.ledger(debt), [CHARGE, PAID]);
});

test('a BLIK code that is confirmed pays', async () => {
  const debt = await at.debt();
  assert.equal((await blik(debt, '777123')).status, 303);
  const [order] = ordersOf(debt);
  assert.equal(order.blik, '777123');
  assert.equal((await at.payments(debt))[0].state, 'started');
  fake.decide(order, 'paid');
  await at.stateIs(debt, 'paid');
  assert.deepEqual(await at.ledger(debt), [CHARGE, PAID]);
});

test('a wrong BLIK code fails with its reason, and another one pays', async () => {
  const debt = await at.debt();
  await blik(debt, '123456');
  const [{ state, reason }] = await at.payments(debt);
  assert.deepEqual([state, reason], ['failed', 'blik_code_wrong']);
  await blik(debt, '777456');
  fake.decide(ordersOf(debt)[1], 'paid');
  await at.stateIs(debt, 'paid');
  assert.deepEqual((await at.payments(debt)).map(({ state }) => state), ['failed', 'paid']);
  assert.deepEqual(await at.ledger(debt), [CHARGE, PAID]);
});

test('refunds made in the panel are booked once each, whenever they come', async () => {
  const debt = await at.debt(), order = await at.start(debt);
  Object.assign(fake.faults, { twice: true, backwards: true });
  fake.decide(order, 'paid');
  fake.refundAtProvider(order, 2500);
  fake.refundAtProvider(order, 2500);
  await at.dueIs(debt, 5000);
  await fake.settled();
  fake.faults = {};
  assert.deepEqual((await at.ledger(debt)).sort(), [CHARGE, PAID, 'refund 2500', 'refund 2500']);
  await at.books();
});

test('a registration that is answered with 500 after it was taken is one charge', async () => {
  const debt = await at.debt(), again = await at.form(debt);
  fake.faults.failAfter = 1;
  assert.equal((await again()).status, 502);
  assert.equal((await at.payments(debt))[0].state, 'created');
  await again();
  assert.equal(ordersOf(debt).length, 1);
  fake.decide(ordersOf(debt)[0], 'paid');
  await at.stateIs(debt, 'paid');
  assert.equal((await at.payments(debt)).length, 1);
  assert.deepEqual(await at.ledger(debt), [CHARGE, PAID]);
});

test('what is not signed by Przelewy24 for us leaves no trace', async () => {
  const debt = await at.debt(), order = await at.start(debt);
  order.orderId = fake.nextOrderId++;
  const good = paymentNotice(order), text = JSON.stringify(good);
  const before = await at.callbacks();
  const refused = [
    ['no checksum', { ...good, sign: undefined }, 401],
    ['another key', paymentNotice(order, {}, 'another'), 401],
    ['another amount', { ...good, amount: 1 }, 401],
    ['upper-case hex', { ...good, sign: good.sign.toUpperCase() }, 401],
    ['orderId as text', { ...good, orderId: String(good.orderId) }, 401],
    ['a float', text.replace('"amount":10000', '"amount":10000.0'), 401],
    ['a key twice', text.replace('{', '{"amount":1,'), 401],
    ['nothing', '', 401],
    ['another merchant', paymentNotice(order, { merchantId: 999998 }), 403],
    ['another point of sale', paymentNotice(order, { posId: 999998 }), 403],
    ['an amount as text', paymentNotice(order, { amount: '10000' }), 400],
    ['a huge amount', paymentNotice(order, { amount: 1000000000000001 }), 400],
    ['zero', paymentNotice(order, { amount: 0 }), 400],
    ['a small currency', paymentNotice(order, { currency: 'pln' }), 400],
  ];
  for (const [says, notice, status] of refused)
    assert.equal((await send(notice)).status, status, says);
  assert.deepEqual(await at.callbacks(), before);
  assert.equal((await at.payments(debt))[0].state, 'started');
  Object.assign(order, { state: 'advance', paidMinor: order.amountMinor });
  assert.equal((await send(good)).status, 200, 'the genuine one is still taken');
  assert.equal((await send(good)).status, 200, 'and again, as nothing new');
  await at.dueIs(debt, 0);
  assert.deepEqual(await at.ledger(debt), [CHARGE, PAID]);
  await at.books();
});

test('a signed message about nobody\'s payment is parked', async () => {
  const notice = paymentNotice({ reference: 'aaaaaaaaaaaaaaaaaa', amountMinor: 100, currency: 'PLN', orderId: 7 });
  assert.equal((await send(notice)).status, 200);
  assert.deepEqual(await outcomeOf('order/7'), [['parked', 'unknown_reference']]);
});

test('no secret and no code is in the log', () => {
  for (const secret of [...Object.values(fake.settings().files), '777123'])
    assert.ok(!at.gateway.log.includes(secret), secret);
  assert.equal(fake.broken, undefined);
});
