// The fake of Stripe does what Stripe does: its signatures are the reference's and are taken by
// Stripe's own library, which also finds in it the API that it knows.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import { test } from 'node:test';
import Stripe from 'stripe';

import { apiVersion, signatureHeader, StripeFake } from '../fake/stripe.mjs';
import { atEnd, temporaryFolder } from '../support/cleanup.mjs';
import { makeCertificate } from '../support/gateway.mjs';

const certificate = makeCertificate(temporaryFolder(), 'stripe');
const fake = await new StripeFake(certificate).listen();
atEnd(() => fake.stop());
fake.faults.lose = true; // nobody is there to be told
const agent = new https.Agent({ ca: readFileSync(certificate.certificate) });
const client = (key) => new Stripe(key, { host: 'localhost', port: fake.port, protocol: 'https', httpAgent: agent, maxNetworkRetries: 0 });
const stripe = client(fake.apiKey);
const { webhooks } = stripe;

const session = (more = {}) => ({ mode: 'payment', client_reference_id: 'INV-2026-0001', success_url: 'https://p.example/back/x',
  cancel_url: 'https://p.example/back/x', payment_intent_data: { metadata: { reference: 'INV-2026-0001' } },
  line_items: [{ quantity: 1, price_data: { currency: 'pln', unit_amount: 12345, product_data: { name: 'FV/1' } } }], ...more });

test('the vector of the reference is signed as it stands there', () => {
  const body = '{"id":"evt_ref_1","object":"event","api_version":"2026-10-28.endive","created":1767225599,"livemode":false,"type":"checkout.session.completed","data":{"object":{"id":"cs_test_ref_1","object":"checkout.session","amount_total":12345,"currency":"pln","client_reference_id":"INV-2026-0001","payment_status":"paid","status":"complete"}}}';
  assert.equal(Buffer.byteLength(body), 332);
  assert.equal(signatureHeader(['whsec_ref0Stripe1Secret2ForDocs3'], body, 1767225600),
    't=1767225600,v1=597a45c3a8508895a002047c8944f853efb9a8817538892540108bb782ff15f4');
});

test('the library of Stripe takes what the fake signs, by either secret of a roll', async () => {
  await stripe.checkout.sessions.create(session());
  fake.secrets.unshift('whsec_the_new_one');
  fake.decide(fake.orderOf('INV-2026-0001'), 'paid');
  const { headers, body } = fake.unsent.at(-1);
  for (const secret of fake.secrets) {
    const event = webhooks.constructEvent(body, headers['stripe-signature'], secret);
    assert.equal(event.type, 'checkout.session.completed');
    assert.equal(event.data.object.payment_status, 'paid');
  }
  assert.throws(() => webhooks.constructEvent(`${body} `, headers['stripe-signature'], fake.secrets[0]), /signature/);
  fake.secrets.shift();
});

test('a session is made once under its key, and another request under it is refused', async () => {
  const made = await stripe.checkout.sessions.create(session(), { idempotencyKey: 'one' });
  const again = await stripe.checkout.sessions.create(session(), { idempotencyKey: 'one' });
  assert.equal(again.id, made.id);
  assert.match(made.url, new RegExp(`^${fake.url}/c/pay/`));
  await assert.rejects(stripe.checkout.sessions.create(session({ client_reference_id: 'other' }), { idempotencyKey: 'one' }),
    { type: 'StripeIdempotencyError' });
  await assert.rejects(client('sk_test_wrong').checkout.sessions.create(session()), { type: 'StripeAuthenticationError' });
});

test('what Stripe refuses is refused', async () => {
  const now = Math.floor(Date.now() / 1000);
  const priced = (price) => session({ line_items: [{ quantity: 1, price_data: { currency: 'pln', unit_amount: 12345, product_data: { name: 'x' }, ...price } }] });
  const bad = { 'a mode': session({ mode: 'pay' }), 'a currency in capitals': priced({ currency: 'PLN' }), 'too little': priced({ unit_amount: 199 }),
    'a broken amount': priced({ unit_amount: '12.5' }), 'no name': priced({ product_data: { name: '' } }),
    'a long reference': session({ client_reference_id: 'x'.repeat(201) }), 'plain HTTP': session({ success_url: 'http://p.example' }),
    'an end too near': session({ expires_at: now + 1700 }), 'an end too far': session({ expires_at: now + 90000 }),
    'a field there is not': session({ reference: 'x' }) };
  for (const [what, fields] of Object.entries(bad))
    await assert.rejects(stripe.checkout.sessions.create(fields), { type: 'StripeInvalidRequestError' }, what);
});

test('payments, refunds and disputes are found as the library looks for them', async () => {
  const made = await stripe.checkout.sessions.create(session({ client_reference_id: 'found', payment_intent_data: { metadata: { reference: 'found' } } }));
  const order = fake.orderOf('found');
  assert.deepEqual((await stripe.paymentIntents.search({ query: "metadata['reference']:'found'" })).data, []);
  fake.decide(order, 'paid');
  const read = await stripe.checkout.sessions.retrieve(made.id, { expand: ['payment_intent'] });
  assert.equal(read.payment_intent.status, 'succeeded');
  const intent = read.payment_intent.id;
  assert.equal((await stripe.paymentIntents.search({ query: "metadata['reference']:'found'" })).data[0].id, intent);
  const refund = await stripe.refunds.create({ payment_intent: intent, amount: 345 }, { idempotencyKey: 'r' });
  assert.equal((await stripe.refunds.retrieve(refund.id)).status, 'succeeded');
  await assert.rejects(stripe.refunds.create({ payment_intent: intent, amount: 12001 }), { code: 'charge_already_refunded' });
  assert.deepEqual((await stripe.refunds.list({ payment_intent: intent })).data.map((one) => one.amount), [345]);
  fake.dispute(order);
  assert.equal((await stripe.disputes.list({ payment_intent: intent })).data[0].balance_transactions[0].amount, -12345);
  await assert.rejects(stripe.checkout.sessions.retrieve('cs_test_none'), { code: 'resource_missing' });
  assert.equal((await stripe.balance.retrieve()).livemode, false);
  assert.equal(fake.requests.at(-1).headers['stripe-version'], apiVersion);
});
