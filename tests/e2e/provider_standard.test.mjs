// Payments at a bank of one's own, from the page to the ledger: one that signs by a shared secret and
// speaks as usual, and one that signs by its own key and calls everything otherwise.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { StandardFake } from '../fake/standard.mjs';
import { startAtProvider } from '../support/at_provider.mjs';
import { request } from '../support/https.mjs';

const banks = { usual: await startAtProvider(StandardFake, 12), theirs: await startAtProvider(StandardFake, 12, { signs: 'v1a', speaks: 'theirs' }) };

async function pays(at, code) {
  const debt = await at.debt();
  const page = await at.form(debt, 'blik');
  const answer = await page({ blik: code });
  return { debt, answer };
}

for (const [name, at] of Object.entries(banks)) {
  const { fake } = at;
  const post = (body, headers) => request(`${at.gateway.settings.public.url}/callbacks/standard`, { method: 'POST', ca: at.ca, body, headers });

  test(`${name}: from the page to the bank and back, paid`, async () => {
    const debt = await at.debt(), order = await at.start(debt);
    assert.equal(debt.redirect, `${fake.url}/page/${order.id}`);
    fake.decide(order, 'pending');
    await at.stateIs(debt, 'pending');
    fake.decide(order, 'paid');
    await at.dueIs(debt, 0);
    assert.deepEqual(await at.ledger(debt), ['charge 10000', 'payment -10000']);
    await at.books();
  });

  test(`${name}: a BLIK code right, wrong, and refused by the bank`, async () => {
    const good = await pays(at, '777123');
    assert.equal(good.answer.status, 303);
    await at.dueIs(good.debt, 0);
    const wrong = await pays(at, '111111');
    assert.deepEqual((await at.payments(wrong.debt)).map(({ state, reason }) => [state, reason]), [['failed', 'blik_code_wrong']]);
    const refused = await pays(at, '700701');
    await at.stateIs(refused.debt, 'failed');
    assert.equal((await at.payments(refused.debt))[0].reason, 'blik_code_expired');
    await at.books();
  });

  test(`${name}: duplicates out of order, with a refund and a dispute, are booked once`, async () => {
    const debt = await at.debt(), order = await at.start(debt);
    Object.assign(fake.faults, { twice: true, backwards: true });
    fake.decide(order, 'pending');
    fake.decide(order, 'paid');
    const refund = fake.refundAtProvider(order, 2500);
    const dispute = fake.dispute(order);
    fake.closeDispute(dispute, 'won');
    await at.dueIs(debt, 2500);
    await fake.settled();
    fake.faults = {};
    assert.deepEqual((await at.ledger(debt)).sort(),
      ['charge 10000', 'chargeback 7500', 'chargeback_reversal -7500', 'payment -10000', 'refund 2500']);
    const booked = await at.query(`select source_reference from ledger_entry where customer_id = ${debt.customer_id}
      and kind <> 'charge' order by kind`);
    assert.deepEqual(booked.map((row) => row.source_reference), [dispute.id, dispute.id, order.capture, refund.id]);
    await at.books();
  });

  test(`${name}: messages that are lost are asked for, and booked once when they come after all`, async () => {
    const debt = await at.debt(), unheard = await at.debt(), order = await at.start(debt), send = await at.form(unheard);
    fake.faults.failAfter = 1;
    await send();
    const other = [...fake.orders.values()].at(-1);
    fake.faults.lose = true;
    fake.decide(order, 'paid');
    fake.refundAtProvider(order, 1000);
    fake.decide(other, 'paid');
    fake.faults = {};
    await at.ask();
    await at.dueIs(debt, 1000);
    await at.dueIs(unheard, 0);
    for (const message of fake.unsent.splice(0)) assert.ok(await fake.deliver(message));
    assert.deepEqual((await at.ledger(debt)).sort(), ['charge 10000', 'payment -10000', 'refund 1000']);
    assert.deepEqual(await at.ledger(unheard), ['charge 10000', 'payment -10000']);
    await at.books();
  });

  test(`${name}: a start that is answered with 500 after it was done is one order`, async () => {
    const debt = await at.debt(), send = await at.form(debt), before = fake.orders.size;
    fake.faults.failAfter = 1;
    await send();
    const again = await send();
    assert.equal(again.status, 303);
    assert.ok(again.headers.location.startsWith(`${fake.url}/page/`));
    assert.equal(fake.orders.size, before + 1);
    assert.equal((await at.payments(debt)).length, 1);
  });

  test(`${name}: what is wrong with a message leaves no trace on the ledger`, async () => {
    const debt = await at.debt(), order = await at.start(debt), now = Math.floor(Date.now() / 1000);
    fake.faults.lose = true;
    fake.decide(order, 'paid');
    fake.faults = {};
    const [{ body }] = fake.unsent.splice(0);
    const signed = (text, options) => fake.sign('msg_bad', text, options);
    const stranger = new StandardFake({ signs: fake.signs });
    const twisted = signed(body)['webhook-signature'].replace(/^v1a?,/, (version) => (version === 'v1,' ? 'v1a,' : 'v1,'));
    const [minor] = body.match(/"(amount_)?minor":10000/), [mode] = body.match(/"(live|real)":false/);
    const changed = (from, to) => { assert.ok(body.includes(from)); return body.replace(from, to); };
    const rows = [
      ['a blank more', 401, `${body} `, signed(body)],
      ['too old', 401, body, signed(body, { at: now - 310 })],
      ['from the future', 401, body, signed(body, { at: now + 310 })],
      ['of somebody else', 401, body, stranger.sign('msg_bad', body)],
      ['by the other version', 401, body, { ...signed(body), 'webhook-signature': twisted }],
      ['signed twice', 401, body, { ...signed(body), 'webhook-signature': [signed(body)['webhook-signature'], 'v1,x'] }],
      ['of real money', 403, changed(mode, mode.replace('false', 'true'))],
      ['a key twice', 400, changed(minor, `${minor},${minor}`)],
      ['an amount as text', 400, changed(minor, minor.replace('10000', '"10000"'))],
      ['an amount with a point', 400, changed(minor, `${minor}.0`)],
      ['a huge amount', 400, changed(minor, minor.replace('10000', '99999999999999999'))],
      ['no JSON', 400, 'x'],
    ];
    for (const [what, status, text, headers] of rows)
      assert.equal((await post(text, headers ?? signed(text))).status, status, what);
    assert.deepEqual(await at.ledger(debt), ['charge 10000']);
    const unknown = body.replaceAll(order.reference, 'nobody').replaceAll(order.id, 'b_nobody');
    assert.equal((await post(unknown, fake.sign('msg_unknown', unknown))).status, 200);
    const kept = await at.callbacks();
    assert.deepEqual(kept.filter((row) => /^msg_(bad|unknown)$/.test(row.dedup_key)),
      [{ dedup_key: 'msg_unknown', state: 'parked', reason: 'unknown_reference' }]);
    assert.equal((await post(body, fake.sign('msg_good', body))).status, 200);
    await at.dueIs(debt, 0);
    await at.books();
  });
}

test('a message to another shop is foreign where it says so', async () => {
  const { fake, gateway, ca } = banks.theirs;
  const body = JSON.stringify({ event: 'charge.captured', shop: 'shop-2', object: {} });
  const answer = await request(`${gateway.settings.public.url}/callbacks/standard`, { method: 'POST', ca, body, headers: fake.sign('msg_shop', body) });
  assert.equal(answer.status, 403);
});
