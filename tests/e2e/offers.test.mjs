// Individual offers, by a clock that stands still until it is moved: made by rule on day 31 by one of two
// nodes, answered on the page without a script, expired, withdrawn when the debt changes, proposed and
// allowed over the API, and what was forgiven owed again when its plan is broken.
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';

import { eventually } from '../support/eventually.mjs';
import { LateDebts, TERMS } from '../support/late_debts.mjs';

const late = await LateDebts.start({ iso: '2028-03-02T09:00:00Z', nodes: 2,
  rules: [{ name: 'month', kind: 'longer_term', parts: 4, valid_days: 14, first_days: 21 }] });
const { db } = late;
const offersOf = async ({ customer }) => (await db.query(`select offer_no as no, state, reason, debt_minor::int as debt, forgiven_minor::int as forgiven,
  amounts::text, due_dates::text as dates, valid_until::text as until, plan_no as plan, counter_minor::int as month, counter_from::text as from_day,
  decline_reason as why from offer where customer_id = ${customer} order by offer_no`));
const isOffered = (debt, no = 1) => late.until(`exists (select from offer where customer_id = ${debt.customer} and offer_no = ${no})`, `${debt.number} has an offer`);

test('a rule makes one on day 31, no sooner, once on two nodes, and tells the customer', async () => {
  const sooner = await late.owe('A/0', '100.03', '2028-02-02'), debt = await late.owe('A/1', '100.03', '2028-02-01');
  await late.moveTo('2028-03-02T10:00:00Z'); // day 30, in a leap year
  await late.until(`exists (select from planned where through >= date '2028-03-02')`);
  assert.deepEqual(await offersOf(debt), []);
  await late.moveTo('2028-03-03T09:00:00Z');
  await isOffered(debt);
  // 24 March 2028 is a Friday, 24 April a Monday (Easter is on the 16th), 24 May a Wednesday, 24 June a Saturday.
  assert.deepEqual(await offersOf(debt), [{ no: 1, state: 'open', reason: null, debt: 10003, forgiven: 0, amounts: '{2501,2501,2501,2500}',
    dates: '{2028-03-24,2028-04-24,2028-05-24,2028-06-26}', until: '2028-03-17', plan: null, month: null, from_day: null, why: null }]);
  assert.deepEqual(await offersOf(sooner), []);
  await late.until(`exists (select from sandbox_message where customer_id = ${debt.customer} and step = 'offer_1')`, 'it is told');
  const [{ body }] = await db.query(`select body from sandbox_message where customer_id = ${debt.customer} and step = 'offer_1'`);
  assert.match(body, /^A\/1: nowe warunki splaty dla Ciebie, wazne do 17\.03\.2028\. Zobacz: https:/);
  assert.deepEqual(await late.events(debt, '^offer'), ['offer.made']);
  await late.moveTo('2028-03-04T09:00:00Z');
  await isOffered(sooner);
  assert.equal((await offersOf(debt)).length, 1, 'once a debt');
});

test('accepted without a script in three languages: the same form again is the first one, another one is too late', async () => {
  const debt = await late.owe('B/1', '400.00', '2028-02-01');
  await late.moveTo('2028-03-05T09:00:00Z');
  await isOffered(debt);
  const main = await late.get(debt.url);
  assert.match(main.text, /Mamy dla Ciebie propozycję/);
  assert.match(main.text, /\/offer">Zobacz propozycję/);
  for (const [lang, title, amount] of [['pl', 'Propozycja dla Ciebie: więcej czasu', '100,00\u00a0zł'], ['en', 'An offer for you: more time', 'PLN\u00a0100.00'],
    ['uk', 'Пропозиція для вас: більше часу', '100,00\u00a0zł']]) {
    const page = await late.get(`${debt.url}/offer?lang=${lang}`);
    assert.equal(page.status, 200);
    assert.match(page.text, new RegExp(title));
    assert.ok(page.text.includes(amount), `${lang}: ${amount}`);
    assert.doesNotMatch(page.text, /<script/);
  }
  await late.until(`exists (select from sandbox_message where customer_id = ${debt.customer} and step = 'offer_1')`, 'it is told');
  const page = await late.get(`${debt.url}/offer`), other = await late.get(`${debt.url}/offer`);
  const bare = await late.submit(page, 'value="accept"', { answer: 'accept' });
  assert.match(bare.to, /e=terms$/);
  const forged = await late.submit(page, 'value="accept"', { answer: 'accept', accept: '1', terms: '0'.repeat(64) });
  assert.match(forged.to, /e=changed$/);
  const missing = await late.submit(page, 'value="accept"', { answer: 'accept', accept: '1', offer: '9' });
  assert.match(missing.to, /e=changed$/);
  assert.equal((await offersOf(debt))[0].state, 'open');
  const accepted = await late.submit(page, 'value="accept"', { answer: 'accept', accept: '1' });
  assert.match((await late.follow(accepted)).text, /Nowe warunki uzgodnione/);
  assert.match((await late.post(accepted.where, accepted.fields)).to, /done=1$/, 'the same form again');
  const declined = await late.submit(other, 'value="decline"', { answer: 'decline', reason: 'dates' });
  assert.match(declined.to, /e=other$/);
  assert.match((await late.follow(declined)).text, /odpowiedziano już wcześniej/);
  assert.deepEqual((await offersOf(debt)).map(({ state, plan, why }) => [state, plan, why]), [['accepted', 1, null]]);
  assert.deepEqual(await db.query(`select p.state, p.offer_no, p.part_count, i.plan_no, i.offer_no as open_offer, h.kind, h.released_at, t.text
    from plan p join invoice i using (customer_id, invoice_id) join hold h using (customer_id, invoice_id, hold_no) join terms t on t.version = p.terms_version
    where customer_id = ${debt.customer}`), [{ state: 'active', offer_no: 1, part_count: 4, plan_no: 1, open_offer: null, kind: 'plan', released_at: null,
    text: TERMS.trim() }]);
  assert.deepEqual(await late.events(debt, '^(offer|plan)'), ['offer.made', 'offer.accepted', 'plan.agreed']);
  assert.doesNotMatch((await late.get(debt.url)).text, /Mamy dla Ciebie propozycję/);
  await late.until(`exists (select from reminder where customer_id = ${debt.customer} and step = 'plan_agreed_1' and state in ('sent', 'skipped'))`);
  assert.deepEqual(await db.query(`select step from sandbox_message where customer_id = ${debt.customer} and step ~ '^(offer|plan)' order by message_id`),
    [{ step: 'offer_1' }, { step: 'plan_agreed_1' }], 'who accepts on the same day is told so, too');
});

test('two browsers at once: one answer counts', async () => {
  const debt = await late.owe('C/1', '400.00', '2028-02-01');
  await late.moveTo('2028-03-06T09:00:00Z');
  await isOffered(debt);
  const pages = await Promise.all([1, 2, 3].map(() => late.get(`${debt.url}/offer`)));
  const answers = await Promise.all([late.submit(pages[0], 'value="accept"', { answer: 'accept', accept: '1' }),
    late.submit(pages[1], 'value="decline"', { answer: 'decline' }), late.submit(pages[2], 'value="counter"', { answer: 'counter', month: '50' })]);
  assert.deepEqual(answers.map(({ to }) => /\?(.*)/.exec(to)[1]).sort(), ['done=1', 'e=other', 'e=other']);
  assert.equal((await late.events(debt, '^offer\\.(accepted|declined|countered)')).length, 1);
});

test('another one is asked for: with what could be paid, and the office answers with it', async () => {
  const debt = await late.owe('D/1', '400.00', '2028-02-01');
  await late.moveTo('2028-03-07T09:00:00Z');
  await isOffered(debt);
  const page = await late.get(`${debt.url}/offer`);
  assert.match((await late.submit(page, 'value="counter"', { answer: 'counter', month: '', from: '' })).to, /e=counter$/);
  assert.match((await late.submit(page, 'value="counter"', { answer: 'counter', month: '12,345' })).to, /e=counter$/);
  const asked = await late.submit(page, 'value="counter"', { answer: 'counter', month: '50,50', from: '2028-04-10', page: '0'.repeat(16) });
  assert.match((await late.follow(asked)).text, /Mamy Twoją prośbę[\s\S]*50,50/);
  assert.deepEqual((await offersOf(debt)).map(({ state, month, from_day: from }) => [state, month, from]), [['countered', 5050, '2028-04-10']]);
  // A page that nobody was ever shown is no fact: evidence names what it has.
  assert.deepEqual(await db.query(`select facts::json ->> 'page' as page from event where customer_id = ${debt.customer} and kind = 'offer.countered'`), [{ page: null }]);
  const call = late.api('offers'), key = { 'idempotency-key': 'answer-1' };
  const [item] = (await call('GET', '/offers?state=countered')).json().items.filter(({ number }) => number === 'D/1');
  assert.deepEqual([item.counter_month_minor, item.counter_from], [5050, '2028-04-10']);
  const body = { kind: 'longer_term', parts: 8, first: '2028-04-10', valid_until: '2028-03-31' };
  const made = await call('POST', `/invoices/${item.invoice}/offers`, body, key);
  assert.equal(made.status, 201, made.text);
  assert.equal((await call('POST', `/invoices/${item.invoice}/offers`, body, key)).status, 200, 'the same order again');
  assert.equal((await call('POST', `/invoices/${item.invoice}/offers`, body, { 'idempotency-key': 'answer-2' })).status, 409);
  assert.deepEqual((await offersOf(debt)).map(({ state }) => state), ['replaced', 'open']);
  const old = await late.submit(page, 'value="accept"', { answer: 'accept', accept: '1' });
  assert.match(old.to, /e=other$|offer$/);
  assert.deepEqual((await offersOf(debt)).map(({ state }) => state), ['replaced', 'open']);
  assert.equal((await call('POST', `/offers/${made.json().id}/withdraw`, { reason: 'a mistake' })).json().state, 'withdrawn');
  assert.match((await late.get(`${debt.url}/offer`)).text, /już nie obowiązuje/);
});

test('its time is over behind its last day where the customer is, and the page says so at once', async () => {
  const debt = await late.owe('E/1', '400.00', '2028-02-01');
  await late.moveTo('2028-03-08T09:00:00Z');
  await isOffered(debt); // until 22 March
  const page = await late.get(`${debt.url}/offer`);
  late.clock.set(Date.parse('2028-03-22T22:59:00Z')); // one minute before midnight in Warsaw
  assert.match((await late.get(`${debt.url}/offer`)).text, /value="accept"/);
  late.clock.set(Date.parse('2028-03-22T23:01:00Z'));
  assert.match((await late.get(`${debt.url}/offer`)).text, /Czas tej propozycji minął/);
  assert.match((await late.submit(page, 'value="accept"', { answer: 'accept', accept: '1' })).to, /offer$/);
  await late.moveTo('2028-03-23T09:00:00Z');
  await late.until(`(select state from offer where customer_id = ${debt.customer}) = 'expired'`);
  assert.deepEqual(await late.events(debt, '^offer'), ['offer.made', 'offer.expired']);
});

test('a debt that changes ends its offer, and the rule makes another one of what is due then, a month later', async () => {
  const debt = await late.owe('F/1', '400.00', '2028-02-01');
  await late.moveTo('2028-03-24T09:00:00Z');
  await isOffered(debt);
  const page = await late.get(`${debt.url}/offer`);
  await db.run(`begin; update customer set money_version = money_version + 1 where customer_id = ${debt.customer};
    insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor, currency, at)
      select customer_id, invoice_id, entry_count + 1, 'correction', -10000, 'PLN', ${late.now} from invoice where customer_id = ${debt.customer};
    update invoice set due_minor = due_minor - 10000, entry_count = entry_count + 1, changed_at = ${late.now} where customer_id = ${debt.customer}; commit`);
  assert.match((await late.submit(page, 'value="accept"', { answer: 'accept', accept: '1' })).to, /offer$/);
  assert.deepEqual((await offersOf(debt)).map(({ state, reason }) => [state, reason]), [['withdrawn', 'changed']]);
  // Interest changes some amounts daily, and each offer is a message: there is another one after thirty days.
  const witness = await late.owe('F/2', '400.00', '2028-02-02');
  await late.moveTo('2028-03-25T09:00:00Z');
  await isOffered(witness);
  assert.equal((await offersOf(debt)).length, 1);
  await db.run(`update offer set made_at = made_at - interval '29 days' where customer_id = ${debt.customer}`);
  await late.moveTo('2028-03-26T09:00:00Z');
  await isOffered(debt, 2);
  assert.equal((await offersOf(debt))[1].debt, 30000);
});

test('what is forgiven waits for another key, is written off by the yes, and is owed again when the plan is broken', async () => {
  const debt = await late.owe('G/1', '5000.00', '2028-03-20');
  const id = `${debt.customer}-${debt.invoice}`, call = late.api('offers', 'offer_approvals'), second = late.api('offer_approvals');
  const order = { kind: 'forgiveness', parts: 2, forgiven_minor: 200000, first: '2028-05-10', valid_until: '2028-04-20', grace_days: 3, missed_max: 0 };
  assert.equal((await call('POST', `/invoices/${id}/offers`, { ...order, forgiven_minor: 500000 }, { 'idempotency-key': 'g0' })).status, 409);
  const waits = await call('POST', `/invoices/${id}/offers`, order, { 'idempotency-key': 'g1' });
  assert.deepEqual([waits.status, waits.json().state], [201, 'waits']);
  assert.match((await late.get(`${debt.url}/offer`)).text, /nie ma propozycji/);
  const { id: offer } = waits.json();
  assert.equal((await call('POST', `/offers/${offer}/approve`, {})).status, 403);
  assert.equal((await second('POST', `/offers/${offer}/approve`, {})).json().state, 'open');
  assert.equal((await second('POST', `/offers/${offer}/approve`, {})).status, 200, 'twice is once');
  const page = await late.get(`${debt.url}/offer?lang=en`);
  assert.match(page.text, /PLN\u00a02,000\.00 less/);
  assert.match(page.text, /You pay PLN\u00a02,000\.00 less than/);
  await late.submit(page, 'value="accept"', { answer: 'accept', accept: '1' });
  const ledger = () => db.query(`select kind, amount_minor::int as amount, reason from ledger_entry where customer_id = ${debt.customer} order by entry_no`);
  assert.deepEqual((await ledger()).slice(1), [{ kind: 'write_off', amount: -200000, reason: 'offer 1' }]);
  assert.deepEqual(await db.query(`select due_minor::int as due from invoice where customer_id = ${debt.customer}`), [{ due: 300000 }]);
  await db.run(`begin; update customer set money_version = money_version + 1 where customer_id = ${debt.customer};
    select plan_end(${debt.customer}, ${debt.invoice}, 1, 'broken', 'parts missed', ${late.now}); commit`);
  assert.deepEqual((await ledger()).slice(2), [{ kind: 'correction', amount: 200000, reason: 'offer 1: plan broken' }]);
  assert.deepEqual(await db.query(`select due_minor::int as due from invoice where customer_id = ${debt.customer}`), [{ due: 500000 }]);
  assert.deepEqual((await late.events(debt, '^offer')), ['offer.proposed', 'offer.approved', 'offer.made', 'offer.accepted', 'offer.forgiveness_ended']);
});

test('kill -9 behind the commit of a yes, and before that of the rule: nothing twice, nothing lost', async () => {
  const debt = await late.owe('H/1', '400.00', '2028-02-01');
  await late.bed.nodes[1].stop();
  writeFileSync(late.crashFile, 'offers_found');
  await late.moveTo('2028-03-27T09:00:00Z');
  await isOffered(debt);
  assert.equal(existsSync(late.crashFile), false, 'it was killed');
  assert.equal((await offersOf(debt)).length, 1);
  const page = await late.get(`${debt.url}/offer`);
  writeFileSync(late.crashFile, 'offer_answered');
  await assert.rejects(late.submit(page, 'value="accept"', { answer: 'accept', accept: '1' }));
  const again = await eventually(() => late.submit(page, 'value="accept"', { answer: 'accept', accept: '1' }).catch(() => undefined), { what: 'it is back' });
  assert.match(again.to, /done=1$/);
  assert.deepEqual(await db.query(`select count(*)::int as plans from plan where customer_id = ${debt.customer}`), [{ plans: 1 }]);
  await late.assertWhole();
});
