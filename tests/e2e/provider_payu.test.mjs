// Payments through PayU, from settings alone: a real gateway, and PayU's rules on the other side.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { PayuFake, headersOf, signatureOf } from '../fake/payu.mjs';
import { startAtProvider } from '../support/at_provider.mjs';
import { execute } from '../support/demo.mjs';
import { eventually } from '../support/eventually.mjs';
import { postForm, request } from '../support/https.mjs';
import { payBlik } from '../support/payer.mjs';

const at = await startAtProvider(PayuFake, 16);
const { fake } = at;
const url = at.gateway.settings.public.url;
const CHARGE = 'charge 10000', PAID = 'payment -10000';

const ordersOf = (debt) => [...fake.orders.values()].filter(({ title }) => title === debt.number);
const blik = (debt, code) => payBlik({ url, get: (link) => at.get(link), post: (to, fields) => postForm(to, fields, { ca: at.ca }) }, debt.link, code);
const send = (headers, body) => request(`${url}/callbacks/payu`, { method: 'POST', headers, body, ca: at.ca });
const outcomeOf = async (key) => (await at.callbacks()).filter(({ dedup_key }) => dedup_key === key).map(({ state, reason }) => [state, reason]);

// A message of PayU's about an order, changed at will before it is signed.
function noticeOf(order, change = () => {}) {
  const { body } = fake.notice(order, { order: { orderId: order.id, extOrderId: order.reference, merchantPosId: fake.pos,
    currencyCode: 'PLN', totalAmount: String(order.amountMinor), status: 'COMPLETED' } });
  const parsed = JSON.parse(body);
  change(parsed.order, parsed);
  return JSON.stringify(parsed);
}

test('the fake signs the published bodies as PayU does', () => {
  const vectors = readFileSync(new URL('../fuzz/corpus/payu/order', import.meta.url), 'utf8').split('\n')[1];
  const refund = readFileSync(new URL('../fuzz/corpus/payu/refund', import.meta.url), 'utf8').split('\n')[1];
  assert.equal(signatureOf(vectors), '37bc443416f30b3bfe53fba70f404231');
  assert.equal(signatureOf(vectors, undefined, 'SHA-256'), 'a2b0609967baa3493b56b3955600228239b84ede30721915d57adf4538b92f3c');
  assert.equal(signatureOf(refund), '0624688a4e252412e064989efe7fa964');
});

test('a payment by redirect is paid when PayU says so, and the token is asked for once', async () => {
  const debt = await at.debt(), order = await at.start(debt);
  assert.equal((await request(debt.redirect, { ca: readFileSync(fake.certificate) })).status, 200);
  assert.ok(order.opened, 'the browser came to the order');
  assert.equal(order.amountMinor, 10000);
  assert.equal(order.asked.validityTime, '3600');
  assert.equal(order.returnUrl, `${url}/back/${order.reference}`);
  fake.decide(order, 'pending');
  await at.stateIs(debt, 'pending');
  fake.decide(order, 'paid');
  await at.stateIs(debt, 'paid');
  assert.deepEqual(await at.ledger(debt), [CHARGE, PAID]);
  await fake.settled();
  assert.ok(fake.deliveries.every(({ status, text }) => status === 200 && text === 'OK'));
  await at.start(await at.debt());
  assert.ok(fake.signIns <= at.gateway.settings.workers + 1, 'each process asks for its token once');
  await at.books();
});

test('a token that PayU does not take any more is replaced', async () => {
  const debt = await at.debt();
  fake.tokens.clear();
  fake.decide(await at.start(debt), 'paid');
  await at.stateIs(debt, 'paid');
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

test('a BLIK code that PayU refuses at once fails with its reason, and another one pays', async () => {
  const debt = await at.debt();
  fake.refusesCodesAtOnce = true;
  try {
    await blik(debt, '700701');
    const [{ state, reason }] = await at.payments(debt);
    assert.deepEqual([state, reason], ['failed', 'blik_code_expired']);
    await blik(debt, '777456');
  } finally {
    fake.refusesCodesAtOnce = false;
  }
  fake.decide(ordersOf(debt)[0], 'paid');
  await at.stateIs(debt, 'paid');
  assert.deepEqual((await at.payments(debt)).map(({ state }) => state), ['failed', 'paid']);
  assert.deepEqual(await at.ledger(debt), [CHARGE, PAID]);
});

test('a BLIK code that fails after PayU took it is told too', async () => {
  const debt = await at.debt();
  await blik(debt, '500500');
  await at.stateIs(debt, 'failed');
  // PayU's message has no reason in it: PayU is asked for it, once.
  await eventually(async () => (await at.payments(debt))[0].reason === 'blik_not_confirmed', { what: 'the reason is known' });
  assert.deepEqual(await at.ledger(debt), [CHARGE]);
});

test('refunds made at PayU are booked once each, whenever they come, and nothing weaker undoes them', async () => {
  const debt = await at.debt(), order = await at.start(debt);
  Object.assign(fake.faults, { twice: true, backwards: true });
  fake.decide(order, 'paid');
  fake.refundAtProvider(order, 2500);
  fake.refundAtProvider(order, 2500);
  await at.dueIs(debt, 5000);
  assert.deepEqual((await at.ledger(debt)).sort(), [CHARGE, PAID, 'refund 2500', 'refund 2500']);
  fake.decide(order, 'pending');
  fake.decide(order, 'failed');
  await fake.settled();
  fake.faults = {};
  assert.equal((await at.payments(debt))[0].state, 'paid');
  await at.books();
});

test('a refund that PayU tells of without its amount is kept where people see it', async () => {
  const debt = await at.debt(), order = await at.start(debt);
  fake.decide(order, 'paid');
  await at.stateIs(debt, 'paid');
  fake.tellsRefundAmounts = false;
  fake.refundAtProvider(order, 2500);
  await fake.settled();
  fake.tellsRefundAmounts = true;
  assert.deepEqual(await outcomeOf(`refund/${order.refunds[0].refundId}/FINALIZED`), [['parked', 'wrong_currency']]);
  assert.deepEqual(await at.ledger(debt), [CHARGE, PAID]);
});

test('PayU decides the amount', async () => {
  const debt = await at.debt();
  fake.decide(await at.start(debt), 'paid', { amountMinor: 4000 });
  await at.dueIs(debt, 6000);
  assert.deepEqual(await at.ledger(debt), [CHARGE, 'payment -4000']);
});

test('an order that is answered with 500 after it was taken is one charge', async () => {
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

test('a payment and its refund whose messages were all lost are found by asking', async () => {
  const debt = await at.debt(), order = await at.start(debt);
  fake.faults.lose = true;
  fake.decide(order, 'paid');
  fake.refundAtProvider(order, 2500);
  fake.faults = {};
  await execute(at.owner, `update payment set ask_at = now() where customer_id = ${debt.customer_id}`);
  await at.dueIs(debt, 2500);
  assert.deepEqual((await at.ledger(debt)).sort(), [CHARGE, PAID, 'refund 2500']);
  for (const { headers, body } of fake.unsent.splice(0))
    assert.equal((await send(headers, body)).status, 200);
  assert.equal((await at.ledger(debt)).length, 3, 'and the messages that come late are nothing new');
});

test('a BLIK code that failed is told why when PayU is asked', async () => {
  const debt = await at.debt();
  fake.faults.lose = true;
  await blik(debt, '700703');
  fake.faults = {};
  await execute(at.owner, `update payment set ask_at = now() where customer_id = ${debt.customer_id}`);
  await at.stateIs(debt, 'failed');
  assert.equal((await at.payments(debt))[0].reason, 'blik_code_used');
});

test('what is not signed by PayU for this point of sale leaves no trace', async () => {
  const debt = await at.debt(), order = await at.start(debt);
  const body = noticeOf(order), good = headersOf(body);
  const name = 'OpenPayu-Signature', value = good[name];
  const only = (signature) => ({ 'content-type': 'application/json', [name]: signature });
  const before = await at.callbacks();
  const refused = [
    ['no signature', { 'content-type': 'application/json' }, body, 401],
    ['a blank more', good, `${body} `, 401],
    ['a blank less', good, body.replace('"order"', ' "order"'), 401],
    ['another key', headersOf(body, '13a980d4f851f3d9a1cfc792fb1f5e50'), body, 401],
    ['upper-case hex', only(`signature=${signatureOf(body).toUpperCase()};algorithm=MD5`), body, 401],
    ['no algorithm', only(`signature=${signatureOf(body)}`), body, 401],
    ['the header twice', { 'content-type': 'application/json', [name]: [value, value] }, body, 401],
    ['the signature twice in it', only(`signature=00;${value}`), body, 401],
  ];
  const signed = (text) => [headersOf(text), text];
  refused.push(
    ['another point of sale', ...signed(noticeOf(order, (o) => { o.merchantPosId = '145227'; })), 403],
    ['a number as amount', ...signed(noticeOf(order, (o) => { o.totalAmount = 10000; })), 400],
    ['a float', ...signed(noticeOf(order, (o) => { o.totalAmount = '100.00'; })), 400],
    ['a huge amount', ...signed(noticeOf(order, (o) => { o.totalAmount = '99999999999999999999'; })), 400],
    ['zero', ...signed(noticeOf(order, (o) => { o.totalAmount = '0'; })), 400],
    ['a key twice', ...signed(body.replace('"status"', '"totalAmount":"1","status"')), 400],
    ['an order and a refund', ...signed(noticeOf(order, (o, all) => { all.refund = { refundId: '1', status: 'CANCELED' }; })), 400],
    ['nothing', ...signed(''), 400],
  );
  for (const [says, headers, text, status] of refused)
    assert.equal((await send(headers, text)).status, status, says);
  assert.deepEqual(await at.callbacks(), before);
  assert.equal((await at.payments(debt))[0].state, 'started');
  assert.deepEqual(await at.ledger(debt), [CHARGE]);
  assert.equal((await send(good, body)).status, 200, 'the genuine one is still taken');
  await at.stateIs(debt, 'paid');
  assert.equal((await send(good, body)).status, 200, 'and again, as nothing new');
  assert.deepEqual(await at.ledger(debt), [CHARGE, PAID]);
  await at.books();
});

test('a signed message about nobody\'s payment is parked', async () => {
  const body = noticeOf({ id: 'NOBODYS', reference: 'aaaaaaaaaaaaaaaaaa', amountMinor: 100 });
  assert.equal((await send(headersOf(body), body)).status, 200);
  assert.deepEqual(await outcomeOf('order/NOBODYS/COMPLETED'), [['parked', 'unknown_reference']]);
});

test('no secret and no code is in the log', () => {
  for (const secret of [...Object.values(fake.settings().files), '777123', ...fake.tokens])
    assert.ok(!at.gateway.log.includes(secret), secret);
  assert.equal(fake.broken, undefined);
});
