// The demand, its clock of working days over holidays, the request for restructuring and its decision, by a
// clock that stands still until it is moved.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { LateDebts } from '../support/late_debts.mjs';

const late = await LateDebts.start({ iso: '2026-12-11T09:00:00Z' });
const { db } = late, office = late.api('offers', 'scenarios', 'calls');
const idOf = ({ customer, invoice }) => `${customer}-${invoice}`;
const demandsOf = ({ customer }) => db.query(`select demand_no as no, step, received_on::text as received, is_assumed as assumed, pay_by::text as pay,
  request_by::text as request, to_char(over_at at time zone 'UTC', 'MM-DD HH24:MI') as over, due_minor::int as due from demand
  where customer_id = ${customer} order by demand_no`);

test('a step with the demand starts the clock; calls and collectors wait until it has run out', async () => {
  const saved = await office('POST', '/scenarios', `scenario: lender
title: "Lender"
time: "10:00"
catch_up_days: 30
steps:
  - {name: warn, anchor: due, days: 10, on_day_off: same, channels: [sms], template: demand}
  - {name: ring, anchor: due, days: 15, on_day_off: same, channels: [call], template: call}
`);
  assert.equal(saved.status, 201, saved.text);
  await office('POST', '/scenarios/lender/activate', '');
  await office('POST', '/scenarios/lender/position', { position: 1 });
  const debt = await late.owe('A/1', '412.50', '2026-12-01'); // day 10 is Friday 11 December
  await late.until(`exists (select from demand where customer_id = ${debt.customer})`, 'the demand is noted');
  // 14-18, 21-23, 28-31 December, 4 and 5 January: over Christmas Eve, Christmas and New Year.
  assert.deepEqual(await demandsOf(debt), [{ no: 1, step: 'warn', received: '2026-12-11', assumed: true, pay: '2027-01-05', request: '2027-01-05',
    over: '01-05 23:00', due: 41250 }]);
  const [{ body }] = await db.query(`select body from sandbox_message where customer_id = ${debt.customer}`);
  assert.match(body, /^Wezwanie: A\/1, 412,50 PLN\. Zaplac lub zloz wniosek do 05\.01\.2027: https:/);
  const ring = () => db.query(`select state from reminder where customer_id = ${debt.customer} and step = 'ring'`);
  await late.moveTo('2026-12-17T12:00:00Z'); // day 16
  await late.until(`exists (select from reminder where customer_id = ${debt.customer} and step = 'ring' and due_at <= ${late.now})`);
  // Of one without a demand it goes at once: so all that may go has gone.
  const other = await late.owe('A/2', '99.00', '2026-12-02');
  await late.until(`(select state from reminder where customer_id = ${other.customer} and step = 'ring') = 'sent'`, 'the other call');
  assert.deepEqual(await demandsOf(other), [], 'its demand was missed');
  assert.deepEqual(await ring(), [{ state: 'scheduled' }]);
  await late.moveTo('2027-01-05T22:30:00Z'); // half an hour before midnight in Warsaw
  await late.until(`not exists (select from invoice where needs_plan)`);
  assert.deepEqual(await ring(), [{ state: 'scheduled' }]);
  await late.moveTo('2027-01-05T23:30:00Z');
  await late.until(`(select state from reminder where customer_id = ${debt.customer} and step = 'ring') = 'sent'`, 'the call is on its list');
  assert.equal((await office('DELETE', '/scenarios/lender')).status, 200);
});

test('over the API: by a message now, or one that was sent by post, and never two at once', async () => {
  const debt = await late.owe('B/1', '800.00', '2027-01-04'), where = `/invoices/${idOf(debt)}/demands`;
  assert.equal((await office('POST', where, { received_on: '2027-01-04' })).status, 400);
  assert.equal((await office('POST', where, { sent_on: '2027-01-10' })).status, 400, 'not tomorrow');
  assert.equal((await office('POST', '/invoices/999999-1/demands', {})).status, 404);
  const made = await office('POST', where, { sent_on: '2027-01-03', received_on: '2027-01-05' });
  assert.deepEqual([made.status, made.json()], [201, { state: 'running', demand: 1 }]);
  assert.deepEqual([(await office('POST', where, {})).status, (await office('POST', where, { sent_on: '2027-01-03' })).status], [200, 200]);
  // 7, 8, 11-15, 18-22, 25, 26 January: Epiphany is a Wednesday.
  assert.deepEqual((await demandsOf(debt)).map(({ received, assumed, pay }) => [received, assumed, pay]), [['2027-01-05', false, '2027-01-26']]);
  const next = await late.owe('B/2', '800.00', '2027-01-04');
  assert.deepEqual((await office('POST', `/invoices/${idOf(next)}/demands`, {})).json(), { state: 'scheduled', demand: null });
  assert.equal((await office('POST', `/invoices/${idOf(next)}/demands`, {})).status, 200);
  await late.until(`exists (select from demand where customer_id = ${next.customer} and step = 'demand_1')`);
  assert.deepEqual(await late.events(next, '^demand'), ['demand.ordered', 'demand.sent']);
});

test('the customer asks within the clock: everything rests, the answer has written reasons, and all prints', async () => {
  const debt = await late.owe('C/1', '1234.56', '2027-01-04');
  await office('POST', `/invoices/${idOf(debt)}/demands`, { sent_on: '2027-01-05' });
  assert.match((await late.get(debt.url)).text, /Masz wezwanie do zapłaty/);
  for (const [lang, title, day] of [['pl', 'Wezwanie do zapłaty', '26\u00a0stycznia\u00a02027'], ['en', 'A demand for payment', '26\u00a0January\u00a02027'],
    ['uk', 'Вимога про сплату', '26\u00a0січня\u00a02027']]) {
    const page = await late.get(`${debt.url}/restructuring?lang=${lang}`);
    assert.match(page.text, new RegExp(title));
    assert.ok(page.text.includes(day), `${lang}: ${day}`);
    assert.doesNotMatch(page.text, /<script/);
  }
  const page = await late.get(`${debt.url}/restructuring`), other = await late.get(`${debt.url}/restructuring`);
  assert.match((await late.submit(page, 'name="text"', { text: ' \n ' })).to, /e=text$/);
  assert.match((await late.submit(page, 'name="text"', { text: 'x'.repeat(4001) })).to, /e=text$/);
  const text = 'Straciłem pracę. <b>"Mogę"</b>\n100 zł miesięcznie.';
  const asked = await late.submit(page, 'name="text"', { text });
  const shown = await late.follow(asked);
  assert.match(shown.text, /Mamy Twój wniosek/);
  assert.ok(shown.text.includes('20\u00a0stycznia\u00a02027'), '14 days for the answer');
  assert.match(shown.text, /Straciłem pracę\. &lt;b&gt;/);
  assert.match((await late.post(asked.where, asked.fields)).to, /done=1$/, 'the same form again');
  await late.submit(other, 'name="text"', { text: 'znowu' });
  const [request] = await db.query(`select r.request_no as no, r.state, r.decide_by::text as by, h.kind, h.released_at from restructuring_request r
    join hold h using (customer_id, invoice_id, hold_no) where customer_id = ${debt.customer}`);
  assert.deepEqual(request, { no: 1, state: 'open', by: '2027-01-20', kind: 'admin', released_at: null });
  assert.deepEqual(await db.query(`select count(*)::int as n from event where customer_id = ${debt.customer} and facts like '%pracę%'`), [{ n: 0 }]);

  await late.moveTo('2027-01-21T09:00:00Z');
  const [item] = (await office('GET', '/restructuring-requests?state=open')).json().items.filter(({ number }) => number === 'C/1');
  assert.deepEqual([item.text, item.is_overdue, item.decide_by], [text, true, '2027-01-20']);
  const where = `/restructuring-requests/${item.id}/decide`, reasons = 'Dochód nie wystarcza na ratę.\nProsimy o kontakt.';
  assert.equal((await office('POST', where, { decision: 'refused' })).status, 400, 'no refusal without reasons');
  assert.equal((await office('POST', where, { decision: 'refused', reasons })).json().state, 'refused');
  assert.equal((await office('POST', where, { decision: 'refused', reasons })).status, 200);
  assert.equal((await office('POST', where, { decision: 'granted', reasons })).status, 409);
  assert.match((await late.get(`${debt.url}/restructuring`)).text, /Nie możemy zgodzić się[\s\S]*Dochód nie wystarcza/);
  assert.deepEqual(await db.query(`select released_at is not null as released from hold where customer_id = ${debt.customer}`), [{ released: true }]);
  for (const [no, words] of [[1, /Wezwanie do zapłaty[\s\S]*1\u00a0234,56/], [2, /Wniosek o restrukturyzację[\s\S]*Straciłem pracę/],
    [3, /Decyzja: odmowa[\s\S]*Dochód nie wystarcza/]]) {
    const paper = await late.get(`${debt.url}/documents/${no}`);
    assert.match(paper.text, words);
    assert.match(paper.text, /J\. N\./, 'masked as on the page');
    assert.doesNotMatch(paper.text, /Nowak/);
  }
  assert.equal((await late.get(`${debt.url}/documents/4`)).status, 404);
  assert.deepEqual(await late.events(debt, '^(demand|restructuring)'), ['demand.sent', 'restructuring.asked', 'restructuring.refused']);
  await db.run(`delete from event_personal where customer_id = ${debt.customer}`);
  assert.match((await late.get(`${debt.url}/documents/2`)).text, /Ta treść została usunięta/);
  await late.assertWhole();
});

test('granted leads to an offer, and behind the clock nobody asks any more', async () => {
  const debt = await late.owe('D/1', '300.00', '2027-01-05');
  await office('POST', `/invoices/${idOf(debt)}/demands`, { sent_on: '2027-01-21' });
  await late.submit(await late.get(`${debt.url}/restructuring`), 'name="text"', { text: 'Proszę o raty.' });
  await office('POST', `/restructuring-requests/${idOf(debt)}-1/decide`, { decision: 'granted', reasons: 'Zgoda na cztery raty.' });
  const offer = await office('POST', `/invoices/${idOf(debt)}/offers`, { kind: 'longer_term', parts: 4, first: '2027-03-01', valid_until: '2027-02-10' },
    { 'idempotency-key': 'granted-1' });
  assert.equal(offer.status, 201, offer.text);
  const page = await late.get(`${debt.url}/restructuring`);
  assert.match(page.text, /Zgadzamy się na inne warunki[\s\S]*Zgoda na cztery raty[\s\S]*\/offer"/);
  assert.match((await late.get(`${debt.url}/offer`)).text, /75,00/);
  const slow = await late.owe('D/2', '300.00', '2027-01-05');
  await office('POST', `/invoices/${idOf(slow)}/demands`, { sent_on: '2027-01-21' });
  const form = await late.get(`${slow.url}/restructuring`);
  await late.moveTo('2027-02-11T09:00:00Z'); // 10 February was the last day
  assert.match((await late.get(`${slow.url}/restructuring`)).text, /Czas na wniosek minął/);
  await late.submit(form, 'name="text"', { text: 'Za późno.' });
  assert.deepEqual(await db.query(`select count(*)::int as n from restructuring_request where customer_id = ${slow.customer}`), [{ n: 0 }]);
});

test('a due date that moves by import takes nothing back that was ordered', async () => {
  const debt = await late.owe('E/1', '500.00', '2027-01-05');
  await db.run(`update sending set stopped_at = ${late.now}`);
  await office('POST', `/invoices/${idOf(debt)}/demands`, {});
  const offer = await office('POST', `/invoices/${idOf(debt)}/offers`, { kind: 'longer_term', parts: 4, first: '2027-03-22', valid_until: '2027-03-10' },
    { 'idempotency-key': 'moved-1' });
  assert.equal(offer.status, 201, offer.text);
  await late.owe('E/1', '500.00', '2027-01-07');
  assert.deepEqual(await db.query(`select i.due_date::text as due, r.step, r.state from reminder r join invoice i using (customer_id, invoice_id)
    where r.customer_id = ${debt.customer} and r.scenario_id is null order by r.step`),
  ['demand_1', 'offer_1'].map((step) => ({ due: '2027-01-07', step, state: 'scheduled' })));
  await db.run('update sending set stopped_at = null');
  await late.until(`exists (select from demand where customer_id = ${debt.customer} and step = 'demand_1')`, 'the demand goes');
  await late.until(`exists (select from sandbox_message where customer_id = ${debt.customer} and step = 'offer_1')`, 'the offer is told');
});

test('a decision is told once, also to who refuses what may be refused, and not of what is paid', async () => {
  const debts = [];
  for (const number of ['E/1', 'E/2', 'E/3']) {
    const debt = await late.owe(number, '300.00', '2027-02-05');
    await office('POST', `/invoices/${idOf(debt)}/demands`, { sent_on: '2027-02-11' });
    await late.submit(await late.get(`${debt.url}/restructuring`), 'name="text"', { text: 'Proszę o raty.' });
    debts.push(debt);
  }
  const [usual, paid, refuser] = debts;
  await db.run(`update customer set notices_only = '{sms}' where customer_id = ${refuser.customer}`);
  await db.run(`update sending set stopped_at = ${late.now}`); // so that one of them can be paid meanwhile
  for (const debt of debts)
    for (let again = 0; again < 2; ++again)
      assert.equal((await office('POST', `/restructuring-requests/${idOf(debt)}-1/decide`, { decision: 'refused', reasons: 'Nie.' })).status, 200);
  await db.run(`with i as (update invoice set due_minor = 0, entry_count = entry_count + 1, paid_at = ${late.now}, changed_at = ${late.now}
      where customer_id = ${paid.customer} returning *)
    insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor, currency, at)
    select customer_id, invoice_id, entry_count, 'write_off', -30000, currency, changed_at from i`);
  const told = async ({ customer }) => (await db.query(`select body from sandbox_message where customer_id = ${customer} and step = 'answered_request_1'`)).map(({ body }) => body);
  for (const debt of debts) assert.deepEqual(await told(debt), [], 'nothing is sent yet');
  await db.run('update sending set stopped_at = null');
  for (const debt of [usual, refuser]) {
    await late.until(`exists (select from sandbox_message where customer_id = ${debt.customer} and step = 'answered_request_1')`, 'it is told');
    const [body, ...more] = await told(debt);
    assert.ok(body.startsWith(`Mamy odpowiedz w sprawie ${debt.number}. Zobacz: `), body);
    assert.deepEqual(more, []);
  }
  assert.deepEqual(await told(paid), []);
  await late.until(`(select state from reminder where customer_id = ${paid.customer} and step = 'answered_request_1') not in ('scheduled', 'claimed')`, 'it is over');
});
