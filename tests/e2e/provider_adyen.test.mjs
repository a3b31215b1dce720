// Payments through Adyen, from settings alone: a real gateway, and Adyen's rules on the other side; its
// own library signs and checks beside our fake.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import adyen from '@adyen/api-library';

import { AdyenFake, HMAC_KEY, messageOf, signatureOf, signed } from '../fake/adyen.mjs';
import { startAtProvider } from '../support/at_provider.mjs';
import { request } from '../support/https.mjs';

const at = await startAtProvider(AdyenFake, 14);
const { fake } = at;
const url = at.gateway.settings.public.url;
const CHARGE = 'charge 10000', PAID = 'payment -10000';
const validator = new adyen.hmacValidator();

const ordersOf = (debt) => [...fake.orders.values()].filter(({ title }) => title === debt.number);
const send = (body, headers = fake.headersOf()) => request(`${url}/callbacks/adyen`, { method: 'POST', headers, body, ca: at.ca });
const outcomeOf = async (key) => (await at.callbacks()).filter(({ dedup_key }) => dedup_key === key).map(({ state, reason }) => [state, reason]);

async function paid() {
  const debt = await at.debt(), order = await at.start(debt);
  fake.decide(order, 'paid');
  await at.stateIs(debt, 'paid');
  return { debt, order };
}

test('the fake signs as the reference and Adyen\'s library do', () => {
  const item = { pspReference: 'QFQTPCQ8HXSKGK82', originalReference: '', merchantAccountCode: 'ExampleMerchantPL', merchantReference: 'INV-2026-0001',
    amount: { value: 12345, currency: 'PLN' }, eventCode: 'AUTHORISATION', success: 'true' };
  const chargeback = { ...item, pspReference: 'LZB5TMD8HXSKGK83', originalReference: item.pspReference, eventCode: 'CHARGEBACK' };
  assert.equal(signatureOf(item), 'Qs7SAmm5Ai+CFJ6sl8SJa5r//Grwaavo7JsC/uqQ1GM=');
  assert.equal(signatureOf(chargeback), 'tTrqwvGpLkJBcWCv/sWWG/tWiGNYdWeZaMyeMcW5EXk=');
  for (const one of [item, chargeback, { ...item, originalReference: undefined, merchantReference: 'zażółć' }]) {
    assert.equal(validator.calculateHmac(one, HMAC_KEY), signatureOf(one));
    assert.ok(validator.validateHMAC(signed(one), HMAC_KEY));
  }
});

test('a payment by link is paid when Adyen says so', async () => {
  const debt = await at.debt(), order = await at.start(debt);
  assert.equal((await request(debt.redirect, { ca: readFileSync(fake.certificate) })).status, 200);
  assert.ok(order.opened, 'the browser came to the link');
  assert.equal(order.amountMinor, 10000);
  assert.equal(order.returnUrl, `${url}/back/${order.reference}`);
  const life = (Date.parse(order.asked.expiresAt) - Date.now()) / 1000;
  assert.ok(life > 3400 && life <= 3600, 'it lapses with the hour');
  fake.decide(order, 'failed');
  await at.stateIs(debt, 'failed');
  assert.equal((await at.payments(debt))[0].reason, 'insufficient_funds');
  fake.decide(order, 'paid');
  await at.stateIs(debt, 'paid');
  assert.deepEqual(await at.ledger(debt), [CHARGE, PAID]);
  await fake.settled();
  assert.ok(fake.deliveries.every(({ status, text }) => status === 200 && text === '[accepted]'));
  assert.ok(fake.deliveries.every(({ body }) => validator.validateHMAC(JSON.parse(body).notificationItems[0].NotificationRequestItem, HMAC_KEY)));
  await at.books();
});

test('a message that Adyen\'s library signs is believed', async () => {
  const debt = await at.debt(), order = await at.start(debt);
  const { additionalData, ...item } = fake.itemOf({ ...order, payment: 'LIBRARY000000001' }, 'AUTHORISATION');
  item.additionalData = { ...additionalData, hmacSignature: validator.calculateHmac(item, HMAC_KEY) };
  assert.equal((await send(messageOf([item]))).text, '[accepted]');
  await at.stateIs(debt, 'paid');
});

test('refunds and disputes are booked once each, whenever they come, and nothing weaker undoes them', async () => {
  const debt = await at.debt(), order = await at.start(debt);
  Object.assign(fake.faults, { twice: true, backwards: true });
  fake.decide(order, 'paid');
  fake.refundAtProvider(order, 2500);
  fake.refundAtProvider(order, 2500);
  await at.dueIs(debt, 5000);
  assert.deepEqual((await at.ledger(debt)).sort(), [CHARGE, PAID, 'refund 2500', 'refund 2500']);
  fake.tell(order, fake.itemOf({ ...order, payment: 'LATEFAILURE00001' }, 'AUTHORISATION', { success: 'false' }));
  fake.tellEvent(order, 'REPORT_AVAILABLE');
  await fake.settled();
  fake.faults = {};
  assert.equal((await at.payments(debt))[0].state, 'paid');
  await at.books();
});

test('a dispute that is lost, won and lost again is booked step by step', async () => {
  const { debt, order } = await paid();
  fake.dispute(order);
  await at.dueIs(debt, 10000);
  assert.equal((await at.payments(debt))[0].state, 'charged_back');
  fake.disputeEvent(order, 'CHARGEBACK_REVERSED');
  await at.dueIs(debt, 0);
  fake.disputeEvent(order, 'SECOND_CHARGEBACK');
  await at.dueIs(debt, 10000);
  fake.disputeEvent(order, 'PREARBITRATION_LOST');
  fake.disputeEvent(order, 'DISPUTE_DEFENSE_PERIOD_ENDED');
  await fake.settled();
  assert.deepEqual(await at.ledger(debt), [CHARGE, PAID, 'chargeback 10000', 'chargeback_reversal -10000', 'chargeback 10000']);
  await at.books();
});

test('a refund that comes back is paid again, and an authorisation that is not captured is taken back', async () => {
  const { debt, order } = await paid();
  fake.refundAtProvider(order, 4000);
  await at.dueIs(debt, 4000);
  fake.tellEvent(order, 'REFUND_FAILED', { pspReference: 'REFUNDFAILED0001', value: 4000 });
  await at.dueIs(debt, 0);
  fake.tellEvent(order, 'CAPTURE_FAILED', { pspReference: 'CAPTUREFAILED001' });
  await at.dueIs(debt, 10000);
  await at.books();
});

test('Adyen decides the amount', async () => {
  const debt = await at.debt();
  fake.decide(await at.start(debt), 'paid', { amountMinor: 4000 });
  await at.dueIs(debt, 6000);
  assert.deepEqual(await at.ledger(debt), [CHARGE, 'payment -4000']);
});

test('a link that is answered with 500 after it was made is one charge', async () => {
  const debt = await at.debt(), again = await at.form(debt);
  fake.faults.failAfter = 1;
  assert.equal((await again()).status, 502);
  assert.equal((await again()).status, 303);
  const [order, ...more] = ordersOf(debt);
  assert.deepEqual(more, []);
  assert.deepEqual((await at.payments(debt)).map(({ provider_reference }) => provider_reference), [order.id]);
  assert.equal(fake.byId.size, fake.orders.size, 'and one link');
  fake.decide(order, 'paid');
  await at.stateIs(debt, 'paid');
  assert.deepEqual(await at.ledger(debt), [CHARGE, PAID]);
});

test('a link that was paid waits for its webhook, and one that lapsed fails', async () => {
  const debt = await at.debt(), gone = await at.debt(), order = await at.start(debt), other = await at.start(gone);
  fake.faults.lose = true;
  fake.decide(order, 'paid');
  other.state = 'expired';
  fake.faults = {};
  await at.ask();
  await at.stateIs(debt, 'pending');
  await at.stateIs(gone, 'failed');
  assert.deepEqual(await at.ledger(debt), [CHARGE]);
  for (const message of fake.unsent.splice(0)) assert.ok(await fake.deliver(message));
  await at.stateIs(debt, 'paid');
  assert.deepEqual(await at.ledger(debt), [CHARGE, PAID]);
});

test('what is not signed by Adyen for this merchant account leaves no trace', async () => {
  const debt = await at.debt(), order = await at.start(debt);
  const item = fake.itemOf({ ...order, payment: 'GENUINE000000001' }, 'AUTHORISATION'), body = messageOf([item]);
  const changed = (changes) => messageOf([{ ...item, ...changes }]);
  const resigned = (changes, live) => messageOf([signed({ ...item, ...changes })], live);
  const before = await at.callbacks();
  const refused = [
    ['no signature', changed({ additionalData: {} }), 401],
    ['another amount', changed({ amount: { currency: 'PLN', value: 1 } }), 401],
    ['another reference', changed({ merchantReference: 'aaaaaaaaaaaaaaaaaa' }), 401],
    ['another outcome', changed({ success: 'false' }), 401],
    ['another key', messageOf([signed(item, '00'.repeat(32))]), 401],
    ['the key as text', changed({ additionalData: { hmacSignature: validator.calculateHmac(item, Buffer.from(HMAC_KEY).toString('hex')) } }), 401],
    ['hex', changed({ additionalData: { hmacSignature: Buffer.from(signatureOf(item), 'base64').toString('hex') } }), 401],
    ['no padding', changed({ additionalData: { hmacSignature: signatureOf(item).replace('=', '') } }), 401],
    ['a key twice', body.replace('"live"', '"live":"false","live"'), 401],
    ['no JSON', `${body}}`, 401],
    ['nothing', '', 401],
    ['a live message', resigned({}, 'true'), 403],
    ['another merchant account', resigned({ merchantAccountCode: 'Other' }), 403],
    ['two items', messageOf([item, signed({ ...item, pspReference: 'GENUINE000000002' })]), 400],
    ['an amount as text', resigned({ amount: { currency: 'PLN', value: '10000' } }), 400],
    ['a float', resigned({ amount: { currency: 'PLN', value: 100.5 } }), 400],
    ['a huge amount', resigned({ amount: { currency: 'PLN', value: 9007199254740991 } }), 400],
    ['zero', resigned({ amount: { currency: 'PLN', value: 0 } }), 400],
    ['success that is true', resigned({ success: true }), 401],
  ];
  for (const [says, text, status] of refused)
    assert.equal((await send(text)).status, status, says);
  assert.deepEqual(await at.callbacks(), before);
  assert.equal((await at.payments(debt))[0].state, 'started');
  assert.deepEqual(await at.ledger(debt), [CHARGE]);
  assert.equal((await send(body)).status, 200, 'the genuine one is still taken');
  await at.stateIs(debt, 'paid');
  assert.equal((await send(JSON.stringify(JSON.parse(body), null, 2))).status, 200, 'and again, printed otherwise, as nothing new');
  assert.deepEqual(await at.ledger(debt), [CHARGE, PAID]);
  await at.books();
});

test('a signed message about nobody\'s payment is parked', async () => {
  const body = messageOf([fake.itemOf({ id: 'PL1', payment: 'NOBODYS', reference: 'aaaaaaaaaaaaaaaaaa', currency: 'PLN', amountMinor: 100 }, 'AUTHORISATION')]);
  assert.equal((await send(body)).status, 200);
  assert.deepEqual(await outcomeOf('AUTHORISATION/NOBODYS/1'), [['parked', 'unknown_reference']]);
});

test('no secret is in the log', () => {
  for (const secret of Object.values(fake.settings().files))
    assert.ok(!at.gateway.log.includes(secret));
  assert.equal(fake.broken, undefined);
});
