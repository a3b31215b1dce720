// Refunds over the API, at each provider that takes them from us: asked for, allowed by a second person
// above a limit, carried out once, booked when the provider says so.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { AdyenFake } from '../fake/adyen.mjs';
import { PayuFake } from '../fake/payu.mjs';
import { Przelewy24Fake } from '../fake/przelewy24.mjs';
import { StripeFake } from '../fake/stripe.mjs';
import { TpayFake } from '../fake/tpay.mjs';
import { startAtProvider } from '../support/at_provider.mjs';
import { Office } from '../support/office.mjs';

const settings = { payments: { refund_alone_max: 5000 }, creditor: { email: 'office@bank.example' } };

// All of them before the first test: what a file has started ends when there is no test to run.
const beds = [];
for (const Fake of [StripeFake, PayuFake, Przelewy24Fake, TpayFake, AdyenFake]) beds.push(await startAtProvider(Fake, 9, { settings }));

for (const at of beds) {
  const office = new Office(at), { fake } = at, name = fake.settings().entry.provider;

  test(`${name}: a small refund goes at once, and is booked when the provider says so`, async () => {
    const debt = await office.paid();
    const asked = await office.ask(debt, { amount_minor: 3000 });
    assert.deepEqual([asked.status, asked.amount_minor, asked.state], [201, 3000, 'approved']);
    const done = await office.becomes(asked.id, 'done');
    assert.equal(await at.due(debt), 3000);
    assert.deepEqual(await at.ledger(debt), ['charge 10000', 'payment -10000', 'refund 3000']);
    assert.equal(done.asked_by.length > 0 && done.decided_by === null, true);
    await at.books();
  });

  test(`${name}: the same request again is the same refund; another with its key is refused`, async () => {
    const debt = await office.paid();
    const first = await office.ask(debt, { amount_minor: 1000 });
    const again = await office.ask(debt, { amount_minor: 1000 });
    assert.deepEqual([again.status, again.id], [200, first.id]);
    assert.equal((await office.ask(debt, { amount_minor: 2000 })).status, 409);
    await office.becomes(first.id, 'done');
    assert.equal(await at.due(debt), 1000);
  });

  test(`${name}: a large one waits for somebody else`, async () => {
    const debt = await office.paid();
    const asked = await office.ask(debt, {}, 'whole', office.both);
    assert.deepEqual([asked.status, asked.amount_minor, asked.state], [201, 10000, 'waits']);
    assert.equal((await office.call(office.asker, 'POST', `/refunds/${asked.id}/approve`)).status, 403);
    const own = await office.call(office.both, 'POST', `/refunds/${asked.id}/approve`);
    assert.deepEqual([own.status, own.type.split(':').at(-1)], [403, 'refund-own']);
    assert.equal((await office.stateOf(asked.id)).state, 'waits');
    assert.equal((await office.ask(debt, { amount_minor: 1 }, 'more')).status, 409, 'all of it is spoken for');
    assert.equal((await office.call(office.second, 'POST', `/refunds/${asked.id}/approve`)).state, 'approved');
    assert.equal((await office.call(office.second, 'POST', `/refunds/${asked.id}/approve`)).status, 409);
    await at.dueIs(debt, 10000);
    await at.stateIs(debt, 'refunded');
    await office.becomes(asked.id, 'done');
    await at.books();
  });

  test(`${name}: one that is rejected never goes, and frees what it held`, async () => {
    const debt = await office.paid();
    const asked = await office.ask(debt, { amount_minor: 9000 });
    assert.equal((await office.call(office.second, 'POST', `/refunds/${asked.id}/reject`)).state, 'rejected');
    assert.equal((await office.ask(debt, { amount_minor: 10001 }, 'too-much')).status, 409);
    const small = await office.ask(debt, { amount_minor: 2000 }, 'small');
    await office.becomes(small.id, 'done');
    assert.deepEqual(await at.ledger(debt), ['charge 10000', 'payment -10000', 'refund 2000']);
  });

  test(`${name}: an answer that is lost is one refund`, async () => {
    const debt = await office.paid();
    fake.faults.failAfter = 1;
    const asked = await office.ask(debt, { amount_minor: 4000 });
    await office.becomes(asked.id, 'done');
    assert.deepEqual(await at.ledger(debt), ['charge 10000', 'payment -10000', 'refund 4000']);
    await at.books();
  });

  test(`${name}: two of one amount are two`, async () => {
    const debt = await office.paid();
    const both = [await office.ask(debt, { amount_minor: 1000 }, 'one'), await office.ask(debt, { amount_minor: 1000 }, 'two')];
    for (const { id } of both) await office.becomes(id, 'done');
    await at.dueIs(debt, 2000);
    assert.deepEqual(await at.ledger(debt), ['charge 10000', 'payment -10000', 'refund 1000', 'refund 1000']);
  });

  test(`${name}: what is not a refund changes nothing`, async () => {
    const debt = await office.paid();
    for (const [body, key, status] of [
      [{ amount_minor: 0 }, 'a', 400], [{ amount_minor: -5 }, 'a', 400], [{ amount_minor: 1.5 }, 'a', 400], [{ amount_minor: '100' }, 'a', 400],
      [{ reason: undefined }, 'a', 400], [{ reason: 'x'.repeat(201) }, 'a', 400], [{ amount_minor: 100 }, '', 400], [{ amount_minor: 10001 }, 'a', 409],
    ]) assert.equal((await office.ask(debt, body, key)).status, status, JSON.stringify(body));
    for (const where of ['/invoices/1/payments/1/refunds', '/invoices/1-999/payments/1/refunds', `/invoices/${debt.customer_id}-${debt.invoice_id}/payments/9/refunds`])
      assert.equal((await office.call(office.asker, 'POST', where, { reason: 'x' }, { 'idempotency-key': 'k' })).status, 404);
    assert.equal((await office.call(office.second, 'POST', '/refunds/1-1-99/approve')).status, 404);
    assert.equal((await office.call(office.second, 'GET', '/refunds')).status, 403);
    assert.equal((await office.call(office.asker, 'GET', '/refunds?state=gone')).status, 400);
    assert.deepEqual(await at.ledger(debt), ['charge 10000', 'payment -10000']);
  });
}
