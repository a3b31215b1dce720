// A customer says that a debt is paid, not theirs or wrong: what rests, by when it is answered, what the
// creditor answers and where the customer reads it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, test } from 'node:test';

import { assertAccessible, assertFits, openBrowser, openPhone } from '../support/browser.mjs';
import { descendants, eventually, startDemo, temporaryFolder } from '../support/demo.mjs';
import { assertBooksBalance } from '../support/money.mjs';
import { decide, invoiceOf, invoicesFile, startPayment } from '../support/payer.mjs';
import { openSheet, sendForm, wordsOf } from '../support/sheet.mjs';

const DAY = 86400e3;
let demo, clock;

const number = (n) => `D/${n}`;
const linkOf = async (n) => (await invoiceOf(demo, number(n))).link;
const day = (days) => new Date(clock.getTime() + days * DAY).toISOString().slice(0, 10);
const disputesOf = (n) => demo.query(`select d.* from dispute d join invoice i using (customer_id, invoice_id)
  where i.number = '${number(n)}' order by dispute_no`);
const sheetOf = async (n, query) => openSheet(demo, await linkOf(n), 'dispute', query);
const holdsOf = async (n) => (await invoiceOf(demo, number(n))).holds.map(({ kind, released_at: at }) => [kind, at === null]);
const idOf = async (n) => { const d = (await disputesOf(n)).at(-1); return `${d.customer_id}-${d.invoice_id}-${d.dispute_no}`; };
const post = (where, body) => demo.call(where, { method: 'POST', body: JSON.stringify(body) });
const nameOf = (pid) => {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return ''; // it has ended meanwhile
  }
};
const answer = async (n, outcome, text = 'Wpłata dotyczyła innej umowy.') => post(`/disputes/${await idOf(n)}/answer`, { outcome, text, by: 'Anna' });

// The words by which a customer heard of an answer, whichever way they came.
const toldOf = (n) => eventually(async () => (await demo.query(`select body from sandbox_message m join invoice i using (customer_id)
  where i.number = '${number(n)}' and m.step = 'answered_dispute_1'`))[0]?.body, { within: 30000, what: 'a message' });

async function dispute(n, fields) {
  const { forms: [form] } = await sheetOf(n);
  const sent = await sendForm(demo, form, fields);
  assert.equal(sent.status, 303, sent.words);
  return form;
}

async function advance(days) {
  await demo.setClock('advance', { seconds: days * 86400 });
  clock = new Date((await demo.pane('/clock')).now);
}

before(async () => {
  const file = invoicesFile(temporaryFolder(), Array.from({ length: 30 }, (_, n) => [number(n), '100,00', -5]), 20);
  demo = await startDemo({ args: ['--import', file] });
  await demo.setClock('pause');
  clock = new Date((await demo.pane('/clock')).now);
  await eventually(async () => (await demo.query('select from invoice where needs_plan')).length === 0, { within: 60000 });
});

test('what is reported is saved once, reminders rest, and both pages say by when it is answered', async () => {
  const { forms: [form], words } = await sheetOf(0);
  assert.deepEqual(form.choices.reason, ['already_paid', 'not_mine', 'wrong_amount', 'cannot_pay', 'other']);
  assert.match(words, /Co się nie zgadza\?/);
  const fields = { reason: 'already_paid', text: 'Zapłaciłam wczoraj,\r\nz konta męża.' };
  for (const { status, location } of await Promise.all([1, 2, 3].map(() => sendForm(demo, form, fields)))) {
    assert.equal(status, 303);
    assert.match(location, /\/dispute\?done=1$/);
  }
  const [saved, ...others] = await disputesOf(0);
  assert.deepEqual(others, []);
  assert.deepEqual([saved.reason, saved.state, saved.answer_by], ['already_paid', 'open', day(30)]);
  assert.deepEqual(await holdsOf(0), [['dispute', true]]);
  const sheet = await sheetOf(0, '?done=1');
  assert.match(sheet.words, /Mamy zgłoszenie\. Dziękujemy! Odpowiemy na tej stronie do /);
  assert.match(sheet.words, /Dopóki sprawdzamy, nie musisz płacić\. Możesz, jeśli chcesz\./);
  assert.match(sheet.text, /Zapłaciłam wczoraj,\nz konta męża\./);
  const main = await demo.get(await linkOf(0));
  assert.match(wordsOf(main.text), /Zobacz zgłoszenie/);
});

test('what was written lies apart from the chain, which is whole without it', async () => {
  const [event] = await demo.query(`select e.facts, p.data, e.personal_hash = sha256(p.salt || convert_to(p.data, 'UTF8')) as is_proved
    from event e join event_personal p using (customer_id, invoice_id, event_no) where e.kind = 'dispute.opened'`);
  assert.ok(event.is_proved);
  assert.doesNotMatch(event.facts, /Zapłaciłam/);
  assert.match(event.data, /Zapłaciłam/);
  const { timeline } = await invoiceOf(demo, number(0));
  assert.deepEqual(timeline.filter(({ kind }) => kind === 'dispute.opened').map(({ facts }) => [facts.reason, facts.answer_by]), [['already_paid', day(30)]]);
  assert.doesNotMatch(demo.log.join('\n'), /Zapłaciłam/);
  const rows = await demo.query(`select table_name from information_schema.columns where table_schema = 'public' and data_type = 'text'
    and table_name in ('dispute', 'hold')`);
  assert.ok(rows.length > 0);
  const [{ found }] = await demo.query(`select (select string_agg(d::text, '') from dispute d) || (select string_agg(h::text, '') from hold h) as found`);
  assert.doesNotMatch(found, /Zapłaciłam/);
});

test('two browsers at once open one of two', async () => {
  const [one, other] = await Promise.all([sheetOf(1), sheetOf(1)]);
  const answers = await Promise.all([sendForm(demo, one.forms[0], { reason: 'not_mine' }), sendForm(demo, other.forms[0], { reason: 'wrong_amount', text: 'Za dużo' })]);
  assert.deepEqual(answers.map(({ status }) => status).sort(), [303, 409]);
  assert.match(answers.find(({ status }) => status === 409).words, /Wcześniejsze zgłoszenie już mamy/);
  assert.equal((await disputesOf(1)).length, 1);
});

test('a form whose server is killed is sent again, and is one dispute', async () => {
  const { forms: [form] } = await sheetOf(12);
  const sending = sendForm(demo, form, { reason: 'already_paid', text: 'raz' }).catch(() => null);
  for (const pid of descendants(demo.pid).filter((child) => nameOf(child).startsWith('http'))) process.kill(pid, 'SIGKILL');
  await sending;
  const answer = await eventually(() => sendForm(demo, form, { reason: 'already_paid', text: 'raz' }).catch(() => null), { within: 30000 });
  assert.equal(answer.status, 303);
  assert.equal((await disputesOf(12)).length, 1);
  assert.deepEqual(await holdsOf(12), [['dispute', true]]);
});

test('"not mine" shows nothing more of the person than before', async () => {
  const before = (await sheetOf(2)).words;
  await dispute(2, { reason: 'not_mine' });
  const { words, text } = await sheetOf(2);
  for (const secret of ['Jan', 'Testowy', '+48990200', 'test3@', 'C-3']) assert.ok(!text.includes(secret), secret);
  assert.match(words, /J\. T\./);
  assert.match(before, /J\. T\./);
});

test('what cannot be taken is said in plain words, and what was written is not lost', async () => {
  const { forms: [form] } = await sheetOf(3);
  const long = await sendForm(demo, form, { reason: 'other', text: 'ą'.repeat(10000) });
  assert.equal(long.status, 422);
  assert.match(long.words, /Tekst jest za długi: najwyżej 2000 znaków/);
  assert.equal(long.forms[0].fields.text.length, 10000);
  assert.match(long.text, /value="other" required checked/);
  assert.match((await sendForm(demo, form, { reason: 'other', text: ' \r\n ' })).words, /Napisz w kilku słowach/);
  for (const reason of ['', 'sold', 'Other'])
    assert.match((await sendForm(demo, form, { reason, text: 'x' })).words, /Wybierz, co się nie zgadza/);
  assert.equal((await sendForm(demo, form, { reason: 'other', text: 'a\0b' })).status, 403);
  assert.equal((await sendForm(demo, form, { token: 'x', reason: 'other', text: 'a' })).status, 403);
  assert.deepEqual(await disputesOf(3), []);
  assert.equal((await sendForm(demo, form, { reason: 'other', text: '\u202e<script>alert(1)</script>\u202c "&amp;' })).status, 303);
  const { text } = await sheetOf(3);
  assert.ok(text.includes('&lt;script&gt;alert(1)&lt;/script&gt; &quot;&amp;amp;'), text);
  assert.ok(!text.includes('\u202e'));
});

test('a form that is older than the debt is not taken, and comes back filled in', async () => {
  const { forms: [form] } = await sheetOf(4);
  await post(`/invoices/${(await invoiceOf(demo, number(4))).id}/holds`, { kind: 'admin' });
  const sent = await sendForm(demo, form, { reason: 'wrong_amount', text: 'Miało być 90 zł' });
  assert.equal(sent.status, 409);
  assert.match(sent.words, /Od otwarcia tej strony zmienił się stan płatności/);
  assert.equal(sent.forms[0].fields.text, 'Miało być 90 zł');
  assert.deepEqual(await disputesOf(4), []);
  assert.equal((await sendForm(demo, sent.forms[0], { reason: 'wrong_amount' })).status, 303);
});

test('a debt that was paid meanwhile has nothing to dispute', async () => {
  const { forms: [form] } = await sheetOf(5);
  await decide(await startPayment(demo, await linkOf(5)), 'pay');
  await eventually(async () => (await invoiceOf(demo, number(5))).due_minor === 0);
  assert.match((await sendForm(demo, form, { reason: 'not_mine' })).words, /Nie ma nic do zapłaty/);
});

test('who cannot pay is shown ways out first, and may report it all the same', async () => {
  const { forms: [form] } = await sheetOf(6);
  const ways = await sendForm(demo, form, { reason: 'cannot_pay', text: 'Straciłem pracę' });
  assert.equal(ways.status, 200);
  assert.match(ways.words, /Poszukajmy wyjścia.*Zapłacę później/);
  assert.match(ways.text, /href="\/[^"]+\/promise"/);
  assert.deepEqual(await disputesOf(6), []);
  assert.equal((await sendForm(demo, ways.forms[0])).status, 303);
  assert.equal((await disputesOf(6))[0].reason, 'cannot_pay');
  assert.match((await sheetOf(6)).words, /Straciłem pracę/);
});

test('it may be withdrawn while it is open, and reminders go on', async () => {
  await dispute(7, { reason: 'already_paid' });
  const { forms } = await sheetOf(7);
  const form = forms.find(({ fields }) => fields.withdraw === '1');
  for (let again = 0; again < 2; ++again) assert.equal((await sendForm(demo, form)).status, 303);
  assert.equal((await disputesOf(7))[0].state, 'withdrawn');
  assert.deepEqual(await holdsOf(7), [['dispute', false]]);
  assert.match((await sheetOf(7, '?done=1')).words, /Zgłoszenie wycofane/);
  await dispute(7, { reason: 'wrong_amount', text: 'Jednak nie' });
  assert.equal((await disputesOf(7)).length, 2);
});

test('the list begins with what is to be answered first, and tells what is late', async () => {
  await advance(5);
  await eventually(async () => (await demo.query(`select from reminder r join invoice i using (customer_id, invoice_id)
    where i.number = '${number(0)}' and r.step = 'after_9' and r.state = 'scheduled'`)).length === 1, { within: 60000 });
  await advance(8);
  await eventually(async () => (await demo.query(`select from reminder r join invoice i using (customer_id, invoice_id)
    where i.number = '${number(0)}' and r.step = 'after_16' and r.state = 'scheduled'`)).length === 1, { within: 60000 });
  await dispute(8, { reason: 'not_mine' });
  const open = (await demo.call('/disputes')).json().items;
  assert.deepEqual(open.map(({ answer_by: by }) => by), open.map(({ answer_by: by }) => by).sort());
  assert.equal(open.at(-1).number, number(8));
  assert.ok(open.every(({ state, is_overdue: late }) => state === 'open' && !late));
  assert.ok(!JSON.stringify(open).includes('Zapłaciłam'));
  await advance(18); // the first ones were to be answered yesterday
  const late = (await demo.call('/disputes?limit=3')).json();
  assert.ok(late.items.every(({ is_overdue: is }) => is));
  const rest = (await demo.call(`/disputes?limit=200&cursor=${late.next_cursor}`)).json().items;
  assert.equal(new Set([...late.items, ...rest].map(({ id }) => id)).size, open.length);
  const counted = [...late.items, ...rest].filter(({ is_overdue: is }) => is).length;
  await eventually(async () => (await demo.get(`${demo.operators}/metrics`, { ca: undefined })).text.includes(`dunlin_disputes_overdue_now ${counted}\n`), { within: 10000 });
  assert.match((await sheetOf(0)).words, /Przepraszamy za opóźnienie/);
  for (const query of ['?state=gone', '?cursor=x', '?limit=0', '?limit=201'])
    assert.equal((await demo.call(`/disputes${query}`)).status, 400, query);
});

test('rejected: the customer reads why, and is told that there is an answer, once and instead of what was missed', async () => {
  const sent = () => demo.query(`select step from reminder r join invoice i using (customer_id, invoice_id)
    join dispute d using (customer_id, invoice_id) where i.number = '${number(0)}' and r.state = 'sent' and r.finished_at > d.opened_at`);
  assert.deepEqual(await sent(), []);
  const shown = (await demo.call(`/disputes/${await idOf(0)}`)).json();
  assert.equal(shown.text, 'Zapłaciłam wczoraj,\nz konta męża.');
  assert.equal(shown.answer, null);
  const said = await answer(0, 'rejected');
  assert.equal(said.status, 200, said.text);
  assert.match(said.json().next, /Reminders go on/);
  assert.equal((await answer(0, 'rejected')).status, 200); // the same again
  assert.equal((await answer(0, 'accepted')).status, 409);
  assert.equal((await answer(0, 'rejected', 'Inaczej')).status, 409);
  assert.deepEqual(await holdsOf(0), [['dispute', false]]);
  const sheet = await sheetOf(0);
  assert.match(sheet.words, /Mamy odpowiedź .*Nasza odpowiedź .*Wpłata dotyczyła innej umowy\./);
  assert.match(sheet.words, /Zgłoś coś innego/);
  const main = wordsOf((await demo.get(await linkOf(0))).text);
  assert.match(main, /Odpowiedzieliśmy na Twoje zgłoszenie/);
  const events = (await invoiceOf(demo, number(0))).timeline.filter(({ kind }) => kind === 'dispute.answered');
  assert.deepEqual(events.map(({ facts }) => [facts.outcome, facts.by, facts.days_late]), [['rejected', 'Anna', 1]]);
  await eventually(async () => (await sent()).length > 0, { within: 30000, what: 'the message' });
  assert.deepEqual((await sent()).map(({ step }) => step), ['answered_dispute_1']);
  assert.match(await toldOf(0), /D\/0[^]*odpowiedź/);
});

test('accepted: reminders rest until the debt is corrected', async () => {
  const said = await answer(1, 'accepted', 'Masz rację, poprawimy.');
  assert.match(said.json().next, /rest until the debt is corrected/);
  assert.deepEqual(await holdsOf(1), [['dispute', true]]);
  assert.match(await toldOf(1), /D\/1[^]*odpowiedź/, 'although the debt rests');
  assert.deepEqual(await demo.query(`select step from reminder r join invoice i using (customer_id, invoice_id)
    join dispute d using (customer_id, invoice_id) where i.number = '${number(1)}' and r.state = 'sent' and r.finished_at > d.opened_at`),
  [{ step: 'answered_dispute_1' }]);
  const { words, forms } = await sheetOf(1);
  assert.match(words, /Masz rację Poprawimy tę płatność.*Masz rację, poprawimy\./);
  assert.deepEqual(forms, []);
  assert.match(wordsOf((await demo.get(await linkOf(1))).text), /Odpowiedzieliśmy na Twoje zgłoszenie/);
  // The creditor's correction, as an import books it.
  await demo.execute(`with i as (
      update invoice set due_minor = due_minor - 4000, amount_minor = amount_minor - 4000, entry_count = entry_count + 1,
        changed_at = '${clock.toISOString()}' where number = '${number(1)}' returning *)
    insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor, currency, at)
    select customer_id, invoice_id, entry_count, 'correction', -4000, currency, changed_at from i`);
  assert.equal((await disputesOf(1))[0].state, 'ended');
  assert.deepEqual(await holdsOf(1), [['dispute', false]]);
  assert.match((await sheetOf(1)).words, /Poprawione/);
});

test('an accepted one is no bar to paying, and ends with the debt', async () => {
  await answer(2, 'accepted', 'Sprawdzone.');
  await decide(await startPayment(demo, await linkOf(2)), 'part', '10,00');
  await eventually(async () => (await invoiceOf(demo, number(2))).due_minor === 9000);
  assert.equal((await disputesOf(2))[0].state, 'accepted'); // money is no correction
  await decide(await startPayment(demo, await linkOf(2)), 'pay');
  await eventually(async () => (await disputesOf(2))[0].state === 'ended');
});

test('an answer to what is withdrawn, unknown or malformed is refused', async () => {
  await dispute(9, { reason: 'not_mine' });
  const { forms } = await sheetOf(9);
  await sendForm(demo, forms.find(({ fields }) => fields.withdraw === '1'));
  assert.equal((await answer(9, 'accepted')).status, 409);
  for (const id of ['1-2', 'x', '9999999-1-1', '1-2-99999999999'])
    for (const status of [(await demo.call(`/disputes/${id}`)).status, (await post(`/disputes/${id}/answer`, { outcome: 'accepted', text: 'x', by: 'y' })).status])
      assert.equal(status, 404, id);
  const id = await idOf(6);
  for (const body of [{}, { outcome: 'maybe', text: 'x', by: 'y' }, { outcome: 'accepted', text: '', by: 'y' }, { outcome: 'accepted', text: 'x' }, { outcome: 'accepted', text: 'x'.repeat(4001), by: 'y' }])
    assert.equal((await post(`/disputes/${id}/answer`, body)).status, 400, JSON.stringify(body).slice(0, 60));
});

test('a debt is disputed so often and no more', async () => {
  for (let times = 0; times < 3; ++times) {
    await dispute(10, { reason: 'other', text: `po raz ${times}` });
    assert.equal((await answer(10, 'rejected', `nie ${times}`)).status, 200);
  }
  const { words, forms } = await sheetOf(10);
  assert.match(words, /tyle razy, ile można/);
  assert.deepEqual(forms, []);
});

test('an erased person leaves a dispute without words', async () => {
  await dispute(11, { reason: 'other', text: 'tajne słowa' });
  await demo.execute(`delete from event_personal where (customer_id, invoice_id) =
    (select customer_id, invoice_id from invoice where number = '${number(11)}')`);
  const { status, words } = await sheetOf(11);
  assert.equal(status, 200);
  assert.doesNotMatch(words, /tajne/);
  assert.equal((await demo.call(`/disputes/${await idOf(11)}`)).json().text, null);
});

test('it works in three languages without JavaScript, on a phone and for everybody', async () => {
  const browser = await openBrowser();
  for (const [n, lang, title, send, done] of [[20, 'pl', 'Co się nie zgadza?', 'Wyślij zgłoszenie', 'Mamy zgłoszenie. Dziękujemy!'],
    [21, 'en', 'What is wrong?', 'Send', 'We have it. Thank you!'], [22, 'uk', 'Що не так?', 'Надіслати', 'Ми отримали повідомлення. Дякуємо!']]) {
    const phone = await openPhone(browser, { width: 390, height: 844, javaScriptEnabled: false });
    await phone.goto(`${await linkOf(n)}?lang=${lang}`);
    await phone.locator('a[href*="/dispute"]').click();
    assert.equal(await phone.locator('h1').first().innerText(), title);
    await phone.locator('.a').first().click();
    await phone.locator('textarea').fill('שלום 10.11');
    await phone.getByRole('button', { name: send, exact: true }).click();
    assert.equal(await phone.locator('h1').first().innerText(), done);
    assert.match(phone.url(), new RegExp(`lang=${lang}$`));
    await phone.context().close();
  }
  const phone = await openPhone(browser, { width: 390, height: 844 });
  for (const [n, query] of [[23, ''], [20, ''], [20, '?done=1'], [0, ''], [1, ''], [10, ''], [7, '']]) {
    await phone.goto(`${await linkOf(n)}/dispute${query}`);
    await assertAccessible(phone);
    await assertFits(phone);
  }
  await phone.goto(`${await linkOf(23)}/dispute`);
  await phone.locator('input[value="cannot_pay"]').check();
  await phone.getByRole('button', { name: 'Wyślij zgłoszenie' }).click();
  await assertAccessible(phone);
  await assertFits(phone);
  assert.deepEqual(phone.complaints, []);
});

test('all chains and sums agree with what they tell', async () => {
  await demo.execute(`update invoice set amount_minor = amount_minor where number = '${number(1)}'`);
  await assertBooksBalance(demo);
});
