// Payments through Tpay, from settings alone: a real gateway, and Tpay's rules on the other side.
import assert from 'node:assert/strict';
import { createVerify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { Issuer, TpayFake, formOf, joseOf, jwsOf, md5sumOf } from '../fake/tpay.mjs';
import { startAtProvider } from '../support/at_provider.mjs';
import { eventually } from '../support/eventually.mjs';
import { postForm, request } from '../support/https.mjs';
import { Office } from '../support/office.mjs';
import { payBlik } from '../support/payer.mjs';

// Begins with a certificate whose date has run out; there is another one, of somebody else's root.
class LateTpay extends TpayFake {
  constructor(options) {
    super(options);
    this.good = this.leaf;
    this.stranger = new Issuer(path.dirname(options.certificate), 'another-root');
    this.leaf = this.issuer.issue('expired', -1);
  }
}

const at = await startAtProvider(LateTpay, 14, { settings: { creditor: { email: 'bank@example.com' } } });
const { fake } = at;
const url = at.gateway.settings.public.url;
const CHARGE = 'charge 10000', PAID = 'payment -10000';

const ordersOf = (debt) => [...fake.orders.values()].filter(({ description }) => description === debt.number);
const blik = (debt, code) => payBlik({ url, get: (link) => at.get(link), post: (to, fields) => postForm(to, fields, { ca: at.ca }) }, debt.link, code);
const send = (headers, body) => request(`${url}/callbacks/tpay`, { method: 'POST', headers, body, ca: at.ca });
const outcomeOf = async (key) => (await at.callbacks()).filter(({ dedup_key }) => dedup_key === key).map(({ state, reason }) => [state, reason]);
const vector = (name) => readFileSync(new URL(`../vectors/tpay/${name}`, import.meta.url), 'utf8');

test('the fake signs as Tpay does', () => {
  const body = vector('notice.body'), [jose, , signature] = vector('notice.jws').split('.');
  assert.equal(Buffer.from(jose, 'base64url').toString(), joseOf('https://secure.tpay.com/x509/notifications-jws.pem'));
  const isSigned = (text) => createVerify('sha256').update(`${jose}.${Buffer.from(text).toString('base64url')}`)
    .verify(vector('leaf.crt'), signature, 'base64url');
  assert.ok(isSigned(body) && !isSigned(`${body}\n`));
  assert.equal(formOf(Object.fromEntries(new URLSearchParams(body))), body, 'its form is encoded as Tpay encodes it');
  assert.equal(md5sumOf({ id: '123912', tr_id: 'TR-1ABC-2DEF3GX', tr_amount: '123.45', tr_crc: 'INV-2026-0001' }), 'ed9128763678d6e89f70ea6e774f92a7');
  assert.equal(md5sumOf({ id: '1010', tr_id: '666', tr_amount: '5.00', tr_crc: 'order-500' }, '1010'), '9428dbdd5b2c03341a4f4c3b71c0e5a2');
});

const inLog = (words) => at.gateway.log.split(words).length - 1;

test('without a certificate in date and from our root nothing is believed; with it Tpay is heard when it comes again', async () => {
  const debt = await at.debt(), order = await at.start(debt), { workers } = at.gateway.settings;
  await eventually(() => inLog('its date has run out') >= workers, { what: 'each process looked at it' });
  for (const leaf of [fake.leaf, fake.stranger.issue('another-jws')]) {
    fake.leaf = leaf;
    const tries = fake.deliveries.length;
    fake.decide(order, 'paid');
    await eventually(() => fake.deliveries.length >= tries + 3, { what: 'some tries' });
  }
  await eventually(() => inLog('it does not come from our root') >= workers, { what: 'each process looked at that' });
  assert.ok(fake.deliveries.every(({ status }) => status === 503));
  assert.deepEqual(await at.callbacks(), []);
  assert.equal((await at.payments(debt))[0].state, 'started');
  fake.triesMax = 0; // what is signed so need not come any more
  await fake.settled();
  fake.triesMax = 400;
  fake.leaf = fake.good;
  fake.decide(order, 'paid');
  await at.stateIs(debt, 'paid');
  assert.deepEqual(await at.ledger(debt), [CHARGE, PAID]);
  await eventually(() => inLog('callback certificate fetched') >= workers, { what: 'each process has it' });
});

test('a payment by redirect is paid when Tpay says so, and the token is asked for once', async () => {
  const debt = await at.debt(), order = await at.start(debt);
  assert.equal((await request(debt.redirect, { ca: readFileSync(fake.certificate) })).status, 200);
  assert.ok(order.opened, 'the browser came to the transaction');
  assert.equal(order.amountMinor, 10000);
  assert.equal(order.returnUrl, `${url}/back/${order.reference}`);
  fake.deliveries = [];
  fake.decide(order, 'paid');
  await at.stateIs(debt, 'paid');
  assert.deepEqual(await at.ledger(debt), [CHARGE, PAID]);
  await fake.settled();
  assert.deepEqual(fake.deliveries.at(-1).text, 'TRUE');
  await at.start(await at.debt());
  assert.ok(fake.signIns <= at.gateway.settings.workers + 1, 'each process asks for its token once');
  await at.books();
});

test('a certificate that Tpay has changed is fetched when a message is not signed with the one before', async () => {
  const debt = await at.debt(), order = await at.start(debt);
  fake.leaf = fake.issuer.issue('notification-jws-2');
  fake.decide(order, 'paid');
  await at.stateIs(debt, 'paid');
  await fake.settled();
  // Every process has it by now, or has had its one try of the minute.
  const served = fake.pemsServed, wrong = fake.stranger.issue('forger');
  for (let i = 0; i < 20; ++i)
    assert.equal((await send({ 'X-JWS-Signature': jwsOf('type=x', joseOf(fake.x5u), wrong.key) }, 'type=x')).status, 401);
  assert.ok(fake.pemsServed <= served + at.gateway.settings.workers, 'forgeries do not make us fetch');
});

test('a BLIK code that is confirmed pays', async () => {
  const debt = await at.debt();
  assert.equal((await blik(debt, '777123')).status, 303);
  const [order] = ordersOf(debt);
  assert.equal(order.blik, '777123');
  const [payment] = await at.payments(debt);
  assert.deepEqual([payment.state, payment.provider_reference], ['started', order.id]);
  fake.decide(order, 'paid');
  await at.stateIs(debt, 'paid');
  assert.deepEqual(await at.ledger(debt), [CHARGE, PAID]);
});

test('a BLIK code that is refused fails with its reason, and another one pays', async () => {
  const debt = await at.debt();
  await blik(debt, '123456');
  const [{ state, reason }] = await at.payments(debt);
  assert.deepEqual([state, reason], ['failed', 'blik_code_wrong']);
  await blik(debt, '777456');
  fake.decide(ordersOf(debt)[1], 'paid');
  await at.stateIs(debt, 'paid');
  assert.deepEqual((await at.payments(debt)).map((payment) => payment.state), ['failed', 'paid']);
  assert.deepEqual(await at.ledger(debt), [CHARGE, PAID]);
});

test('a BLIK code whose answer was lost is sent once, and its transaction is known', async () => {
  const debt = await at.debt();
  Object.assign(fake, { failsPaysAlone: true, faults: { failAfter: 1 } });
  await blik(debt, '777789');
  fake.failsPaysAlone = false;
  const [order, ...more] = ordersOf(debt);
  assert.deepEqual(more, []);
  assert.equal((await at.payments(debt))[0].provider_reference, order.id);
  assert.equal(fake.requests.filter(({ path: to }) => to === `/transactions/${order.id}/pay`).length, 1);
  fake.decide(order, 'paid');
  await at.stateIs(debt, 'paid');
  assert.deepEqual(await at.ledger(debt), [CHARGE, PAID]);
});

test('a refund made at Tpay is booked once, whenever it comes, and nothing weaker undoes it', async () => {
  const debt = await at.debt(), order = await at.start(debt);
  Object.assign(fake.faults, { twice: true, backwards: true });
  fake.decide(order, 'paid');
  fake.refundAtProvider(order, 10000);
  await at.stateIs(debt, 'refunded');
  await at.dueIs(debt, 10000);
  assert.deepEqual((await at.ledger(debt)).sort(), [CHARGE, PAID, 'refund 10000']);
  fake.tell(order, fake.fieldsOf(order, 'FALSE', 10000, 'overpay'));
  fake.tell(order, fake.fieldsOf(order, 'PAID', 10000));
  await fake.settled();
  fake.faults = {};
  assert.equal((await at.payments(debt))[0].state, 'refunded');
  await at.books();
});

test('a second part that is given back in the panel is heard as a repetition, and found when Tpay is asked', async () => {
  const office = new Office(at), debt = await office.paid();
  fake.refundAtProvider(debt.order, 2500);
  await at.dueIs(debt, 2500);
  fake.refundAtProvider(debt.order, 2500);
  fake.refundAtProvider(debt.order, 1500);
  await fake.settled();
  assert.deepEqual(await at.ledger(debt), [CHARGE, PAID, 'refund 2500']);
  const { id } = await office.ask(debt, { amount_minor: 1000 });
  await office.becomes(id, 'done');
  await at.dueIs(debt, 7500);
  assert.deepEqual((await at.ledger(debt)).sort(), [CHARGE, PAID, 'refund 1000', 'refund 1500', 'refund 2500', 'refund 2500']);
  assert.equal(fake.heldMinor(debt.order), 2500);
  await at.books();
});

test('Tpay decides the amount', async () => {
  const debt = await at.debt();
  fake.decide(await at.start(debt), 'paid', { amountMinor: 4000 });
  await at.dueIs(debt, 6000);
  assert.deepEqual(await at.ledger(debt), [CHARGE, 'payment -4000']);
});

test('a transaction that is answered with 500 after it was taken is one charge', async () => {
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

test('notifications that are lost are asked for, and when they come after all they are booked no second time', async () => {
  const debt = await at.debt(), gone = await at.debt(), order = await at.start(debt);
  await blik(gone, '777000');
  const [unconfirmed] = ordersOf(gone);
  unconfirmed.attempts.push({ paymentErrorCode: 'blik_code_expired' });
  fake.faults.lose = true;
  fake.decide(order, 'paid');
  fake.refundAtProvider(order, 2500);
  fake.faults = {};
  await at.ask();
  await at.dueIs(debt, 2500);
  await at.stateIs(gone, 'failed');
  assert.equal((await at.payments(gone))[0].reason, 'blik_code_expired');
  const late = fake.unsent.splice(0);
  assert.equal(late.length, 2);
  for (const message of late) assert.ok(await fake.deliver(message));
  assert.deepEqual((await at.ledger(debt)).sort(), [CHARGE, PAID, 'refund 2500']);
  await at.books();
});

test('what is not signed by Tpay for this merchant leaves no trace', async () => {
  const debt = await at.debt(), order = await at.start(debt);
  const fields = fake.fieldsOf(order, 'TRUE', 10000), body = formOf(fields), good = fake.headersOf(body);
  const jws = good['X-JWS-Signature'], form = { 'content-type': good['content-type'] };
  const by = (text, { x5u = fake.x5u, alg, key = fake.leaf.key } = {}) => ({ ...form, 'X-JWS-Signature': jwsOf(text, joseOf(x5u, alg), key) });
  const before = await at.callbacks(), served = fake.pemsServed;
  const other = fake.issuer.issue('other'), stranger = fake.stranger.issue('stranger');
  const refused = [
    ['no signature', form, body, 401],
    ['a blank more', good, `${body}+`, 401],
    ['a newline more', good, `${body}\n`, 401],
    ['blanks as %20', good, body.replace('10%3A00', '10%3a00'), 401],
    ['the header twice', { ...form, 'X-JWS-Signature': [jws, jws] }, body, 401],
    ['the body in the middle', { ...form, 'X-JWS-Signature': jws.replace('..', `.${Buffer.from(body).toString('base64url')}.`) }, body, 401],
    ['another certificate of the root', by(body, { key: other.key }), body, 401],
    ['a certificate of another root', by(body, { key: stranger.key }), body, 401],
    ['x5u on another host', by(body, { x5u: `${fake.url}.evil.example/x509/notifications-jws.pem` }), body, 401],
    ['x5u at another place', by(body, { x5u: `${fake.url}/x509/other.pem` }), body, 401],
    ['another algorithm', by(body, { alg: 'none' }), body, 401],
  ];
  const signed = (changes, text = formOf({ ...fields, ...changes })) => [by(text), text];
  refused.push(
    ['the code of another', ...signed({ md5sum: md5sumOf(fields, 'other') }), 401],
    ['upper-case md5sum', ...signed({ md5sum: fields.md5sum.toUpperCase() }), 401],
    ['another amount', ...signed({ tr_amount: '1.00' }), 401],
    ['another merchant', ...signed({ id: '123913', md5sum: md5sumOf({ ...fields, id: '123913' }) }), 403],
    ['a float', ...signed({ tr_paid: '100.0' }), 400],
    ['grosz', ...signed({ tr_paid: '10000' }), 400],
    ['a text', ...signed({ tr_paid: 'all' }), 400],
    ['a huge amount', ...signed({ tr_paid: '99999999999999999999.00' }), 400],
    ['zero', ...signed({ tr_paid: '0.00' }), 400],
    ['a field twice', ...signed({}, `${body}&tr_paid=100.00`), 400],
    ['nothing', ...signed({}, ''), 400],
  );
  for (const [says, headers, text, status] of refused)
    assert.equal((await send(headers, text)).status, status, says);
  assert.deepEqual(await at.callbacks(), before);
  assert.equal((await at.payments(debt))[0].state, 'started');
  assert.deepEqual(await at.ledger(debt), [CHARGE]);
  assert.ok(fake.requests.every(({ path: to }) => to !== '/x509/other.pem') && fake.pemsServed <= served + at.gateway.settings.workers);
  assert.equal((await send(good, body)).status, 200, 'the genuine one is still taken');
  await at.stateIs(debt, 'paid');
  assert.equal((await send(good, body)).status, 200, 'and again, as nothing new');
  assert.deepEqual(await at.ledger(debt), [CHARGE, PAID]);
  await at.books();
});

test('a signed message about nobody\'s payment is parked, and the panel\'s test pays nothing', async () => {
  const nobody = { ...fake.fieldsOf({ title: 'TR-NO-BODYX', reference: 'order 5', amountMinor: 100, description: 'x', asked: { payer: { email: 'a@b.pl' } } }, 'TRUE', 100) };
  const body = formOf(nobody);
  assert.equal((await send(fake.headersOf(body), body)).status, 200);
  assert.deepEqual(await outcomeOf('TR-NO-BODYX/TRUE'), [['parked', 'unknown_reference']]);
  const test_ = { ...nobody, tr_id: 'TR-3HFD-TST24X' }, text = formOf({ ...test_, md5sum: md5sumOf(test_) });
  assert.equal((await send(fake.headersOf(text), text)).text, 'TRUE');
  assert.deepEqual((await outcomeOf('TR-3HFD-TST24X/TRUE')).map(([state]) => state), ['ignored']);
});

test('no secret and no code is in the log', () => {
  const { 'tpay.secret': secret, 'tpay.code': code } = fake.settings().files;
  for (const word of [secret, code, '777123', ...fake.tokens])
    assert.ok(!at.gateway.log.includes(word), word);
  assert.equal(fake.broken, undefined);
});
