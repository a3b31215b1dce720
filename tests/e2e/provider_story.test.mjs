// The same story at every provider: from the page to the provider and back, whatever happens to the
// messages and to the provider on the way. What is peculiar to one is in its own provider_<name>.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { startAtProvider } from '../support/at_provider.mjs';
import { eventually } from '../support/eventually.mjs';
import { request } from '../support/https.mjs';
import { providers, settings } from '../support/providers.mjs';

const CHARGE = 'charge 10000', PAID = 'payment -10000';
const words = JSON.parse(readFileSync(new URL('../../web/pages/words.pl.json', import.meta.url), 'utf8'));

// All of them before the first test: what a file has started ends when there is no test to run.
const beds = [];
for (const row of providers) beds.push([row, await startAtProvider(row.Fake, 20, { settings, Spare: row.Spare })]);

for (const [row, at] of beds) {
  const { name } = row, { fake, spare } = at;
  const page = async (debt) => (await at.get(debt.link)).text;
  const waits = (html) => html.includes(words.wait_title), isSettled = (html) => html.includes(words.paid_title);
  // The provider's books say what ours say of what is left.
  async function assertBooks(debt, ...orders) {
    assert.equal(orders.reduce((sum, order) => sum + fake.heldMinor(order), 0), 10000 - await at.due(debt));
    await at.books();
  }

  test(`${name}: there and back, and the page waits until the provider says paid`, async () => {
    const debt = await at.debt();
    await at.remindInAWeek(debt);
    const order = await at.start(debt);
    assert.equal((await request(debt.redirect, { ca: readFileSync(fake.certificate) })).status, 200);
    assert.ok(order.opened, 'the browser is at the provider');
    assert.ok(waits(await at.back(order)), 'it has not said anything yet');
    fake.decide(order, 'paid');
    await at.dueIs(debt, 0);
    assert.ok(isSettled(await at.back(order)));
    assert.ok(isSettled(await page(debt)));
    assert.deepEqual(await at.ledger(debt), [CHARGE, PAID]);
    const reminders = await at.reminders(debt), isThanks = ([step]) => step.startsWith('thanks');
    assert.deepEqual(reminders.filter(isThanks).map(([step]) => step), ['thanks_1']);
    assert.deepEqual(reminders.find(([step]) => step === 'after_99'), ['after_99', 'cancelled', 'paid']);
    assert.deepEqual(reminders.filter((one) => !isThanks(one) && one[1] === 'scheduled'), []);
    await assertBooks(debt, order);
  });

  test(`${name}: a payment that comes to nothing leaves the ways on, and the next one pays`, async () => {
    const debt = await at.debt(), order = await at.start(debt);
    fake.decide(order, 'failed');
    if (!row.tellsFailure) await at.timePasses(debt);
    await at.stateIs(debt, 'failed');
    const html = await at.back(order);
    assert.ok(!waits(html) && html.includes('/payments"'));
    const next = await at.start(debt);
    fake.decide(next, 'paid');
    await at.dueIs(debt, 0);
    assert.deepEqual((await at.payments(debt)).map(({ state }) => state), ['failed', 'paid']);
    await assertBooks(debt, order, next);
  });

  if (row.blik) test(`${name}: a wrong BLIK code is told and a right one pays, once`, async () => {
    const debt = await at.debt(), before = fake.orders.size, orders = () => [...fake.orders.values()].slice(before);
    const send = async (blik) => (await at.form(debt, 'blik'))({ blik });
    await send(row.blik.wrong);
    await at.stateIs(debt, 'failed');
    assert.ok((await at.payments(debt))[0].reason);
    // Where the provider is asked why it failed, the page waits for a moment.
    await eventually(async () => (await page(debt)).includes('name="blik"'), { what: 'another code can be given' });
    assert.equal((await send(row.blik.right)).status, 303);
    if (!row.nodsAlone) {
      assert.ok((await page(debt)).includes(words.blik_wait_title));
      fake.decide(orders().at(-1), 'paid');
    }
    await at.dueIs(debt, 0);
    assert.ok(isSettled(await page(debt)));
    assert.deepEqual((await at.payments(debt)).map(({ state }) => state), ['failed', 'paid']);
    assert.deepEqual(await at.ledger(debt), [CHARGE, PAID]);
    await assertBooks(debt, ...orders());
  });

  if (row.takesParts) test(`${name}: less than was asked for is booked as what it is, and the rest stays due`, async () => {
    const debt = await at.debt(), order = await at.start(debt);
    fake.decide(order, 'paid', { amountMinor: 4000 });
    await at.dueIs(debt, 6000);
    assert.deepEqual(await at.ledger(debt), [CHARGE, 'payment -4000']);
    const html = await page(debt);
    assert.ok(html.includes('value="6000"') && html.includes('/payments"'));
    assert.deepEqual((await at.reminders(debt)).filter(([step]) => step.startsWith('thanks')), []);
    await assertBooks(debt, order);
  });

  test(`${name}: a refund made at the provider is due again`, async () => {
    const debt = await at.debt(), order = await at.start(debt);
    fake.decide(order, 'paid');
    await at.dueIs(debt, 0);
    fake.refundAtProvider(order, 2500);
    await at.dueIs(debt, 2500);
    assert.deepEqual(await at.ledger(debt), [CHARGE, PAID, 'refund 2500']);
    assert.ok((await page(debt)).includes('value="2500"'));
    await assertBooks(debt, order);
  });

  test(`${name}: messages that come twice and backwards are booked once`, async () => {
    const debt = await at.debt(), order = await at.start(debt);
    Object.assign(fake.faults, { twice: true, backwards: true });
    fake.decide(order, 'pending');
    fake.decide(order, 'paid');
    fake.refundAtProvider(order, 2500);
    if (row.tellsRefunds) fake.refundAtProvider(order, 1500);
    const back = row.tellsRefunds ? 4000 : 2500;
    await at.dueIs(debt, back);
    await fake.settled();
    fake.faults = {};
    assert.deepEqual((await at.ledger(debt)).sort(), [CHARGE, PAID, ...(row.tellsRefunds ? ['refund 1500'] : []), 'refund 2500']);
    await assertBooks(debt, order);
  });

  if (row.saysPaid) test(`${name}: a message that is lost is made up for by asking, and nothing new when it comes after all`, async () => {
    const debt = await at.debt(), order = await at.start(debt);
    fake.faults.lose = true;
    fake.decide(order, 'paid');
    await at.periodPasses(debt);
    await at.dueIs(debt, 0);
    fake.faults = {};
    await at.deliverLate();
    assert.deepEqual(await at.ledger(debt), [CHARGE, PAID]);
    await assertBooks(debt, order);
  });

  test(`${name}: a slow provider is waited for`, async () => {
    const debt = await at.debt();
    fake.faults.slowMs = 1200;
    const order = await at.start(debt);
    fake.decide(order, 'paid');
    await at.dueIs(debt, 0);
    fake.faults = {};
    assert.equal((await at.payments(debt)).length, 1);
    await assertBooks(debt, order);
  });

  test(`${name}: a start that is done and answered with 500 is one charge, however often it is sent`, async () => {
    const debt = await at.debt(), send = await at.form(debt), before = fake.orders.size;
    fake.faults.failAfter = 1;
    assert.equal((await send()).status, 502);
    await send();
    await (await at.form(debt))();
    const orders = [...fake.orders.values()].slice(before), payments = await at.payments(debt);
    assert.equal(orders.length, payments.length, 'no payment is two orders');
    fake.decide(orders[0], 'paid');
    await at.dueIs(debt, 0);
    assert.deepEqual(await at.ledger(debt), [CHARGE, PAID]);
    await assertBooks(debt, ...orders);
  });

  if (row.saysPaid && row.namesItself) test(`${name}: one whose first answer is lost is known by its first message, and asked about from then on`, async () => {
    const debt = await at.debt(), before = fake.orders.size;
    fake.faults.failAfter = 1;
    await (await at.form(debt))();
    const order = [...fake.orders.values()][before];
    fake.decide(order, 'pending');
    await fake.settled();
    fake.faults.lose = true;
    fake.decide(order, 'paid');
    await at.periodPasses(debt);
    await at.dueIs(debt, 0);
    fake.faults = {};
    await at.deliverLate();
    assert.deepEqual(await at.ledger(debt), [CHARGE, PAID]);
  });

  test(`${name}: when it is down, the next provider in the settings is paid at`, async () => {
    const debt = await at.debt();
    fake.goDown();
    const answer = await (await at.form(debt))();
    fake.faults = {};
    assert.equal(answer.status, 303);
    assert.ok(answer.headers.location.startsWith(spare.url));
    const order = [...spare.orders.values()].at(-1);
    assert.deepEqual((await at.payments(debt)).map((one) => [one.provider, one.provider_reference]), [[spare.name, order.id]]);
    spare.decide(order, 'paid');
    await at.dueIs(debt, 0);
    assert.deepEqual(await at.ledger(debt), [CHARGE, PAID]);
    await at.books();
  });

  test(`${name}: what is begun there is not begun elsewhere too, unless the customer says so`, async () => {
    const debt = await at.debt(), order = await at.start(debt), before = spare.orders.size;
    fake.goDown();
    const answer = await (await at.form(debt))();
    assert.equal(spare.orders.size, before, 'nothing is begun elsewhere');
    assert.equal(answer.status, 303);
    assert.match(answer.headers.location, /[?&]again=1/);
    const again = await (await at.form(debt, 'redirect', '?again=1'))();
    fake.faults = {};
    assert.ok(again.headers.location.startsWith(spare.url), 'now the customer has said so');
    assert.equal(spare.orders.size, before + 1);
    spare.decide([...spare.orders.values()].at(-1), 'paid');
    await at.dueIs(debt, 0);
    fake.decide(order, 'paid');
    await at.dueIs(debt, -10000);
    await at.books();
  });

  test(`${name}: its other side was asked nothing it does not know`, () => assert.equal(fake.broken, undefined));
}
