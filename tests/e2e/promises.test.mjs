// A customer names the day on which they will pay: what they may name, what rests until then, what
// becomes of it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, test } from 'node:test';

import { assertAccessible, assertFits, openBrowser, openPhone } from '../support/browser.mjs';
import { descendants, eventually, startDemo, temporaryFolder } from '../support/demo.mjs';
import { assertBooksBalance } from '../support/money.mjs';
import { decide, invoiceOf, invoicesFile, startPayment } from '../support/payer.mjs';
import { openSheet, sendForm } from '../support/sheet.mjs';

const DAY = 86400e3;
let demo, clock;

const number = (n) => `P/${n}`;
const linkOf = async (n) => (await invoiceOf(demo, number(n))).link;
const day = (days) => new Date(clock.getTime() + days * DAY).toISOString().slice(0, 10);
const promisesOf = (n) => demo.query(`select p.* from promise p join invoice i using (customer_id, invoice_id)
  where i.number = '${number(n)}' order by promise_no`);
const sheetOf = async (n, query) => openSheet(demo, await linkOf(n), 'promise', query);

async function promise(n, when) {
  const { forms: [form] } = await sheetOf(n);
  const answer = await sendForm(demo, form, { day: when });
  assert.equal(answer.status, 303, answer.words);
  return form;
}

async function hold(n, body) {
  const { id } = await invoiceOf(demo, number(n));
  const answer = await demo.call(`/invoices/${id}/holds`, { method: 'POST', body: JSON.stringify(body) });
  assert.equal(answer.status, 201, answer.text);
}

async function advance(days) {
  await demo.setClock('advance', { seconds: days * 86400 });
  clock = new Date((await demo.pane('/clock')).now);
}

const nameOf = (pid) => {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return ''; // it has ended meanwhile
  }
};
const workOf = (pid) => descendants(pid).find((child) => nameOf(child) === 'work');

before(async () => {
  const file = invoicesFile(temporaryFolder(), Array.from({ length: 30 }, (_, n) => [number(n), '100,00', -5]), 20);
  demo = await startDemo({ args: ['--import', file] });
  await demo.setClock('pause');
  clock = new Date((await demo.pane('/clock')).now);
  await eventually(async () => (await demo.query('select from invoice where needs_plan')).length === 0, { within: 60000 });
});

test('a day is saved once, however often its form is sent, and both pages say so', async () => {
  const { forms: [form], words } = await sheetOf(0);
  assert.match(words, /Kiedy zapłacisz\?/);
  assert.ok(form.choices.day.length >= 3 && form.choices.day.every((d) => d > day(0) && d <= day(30)));
  const answers = await Promise.all([1, 2, 3].map(() => sendForm(demo, form, { day: form.choices.day[1] })));
  for (const { status, location } of answers) {
    assert.equal(status, 303);
    assert.match(location, /\/promise\?done=1$/);
  }
  assert.equal((await sendForm(demo, form, { day: form.choices.day[0] })).status, 303); // another day, the same form
  const [saved, ...others] = await promisesOf(0);
  assert.deepEqual(others, []);
  assert.deepEqual([saved.promised_on, saved.state, saved.given_by, saved.amount_minor], [form.choices.day[1], 'open', 'page', 10000]);
  assert.match((await sheetOf(0, '?done=1')).words, /Zapisane\. Dziękujemy!/);
  assert.match((await sheetOf(0)).words, /Mamy Twój termin/);
  const main = await demo.get(await linkOf(0));
  assert.match(main.text, /Zapisaliśmy|termin/);
  assert.match(main.text, /href="\/[^"]+\/promise"/);
  const { timeline, holds } = await invoiceOf(demo, number(0));
  assert.deepEqual(timeline.filter(({ kind }) => kind === 'promise.given').map(({ facts }) => [facts.promised_on, facts.by]), [[saved.promised_on, 'page']]);
  assert.deepEqual(holds.map(({ kind }) => kind), ['promise']);
});

test('two browsers with two days at once save one of them', async () => {
  const [one, other] = await Promise.all([sheetOf(1), sheetOf(1)]);
  const answers = await Promise.all([sendForm(demo, one.forms[0], { day: day(3) }), sendForm(demo, other.forms[0], { day: day(9) })]);
  assert.deepEqual(answers.map(({ status }) => status).sort(), [303, 409]);
  assert.match(answers.find(({ status }) => status === 409).words, /Nie zapisaliśmy tego Termin jest już zapisany/);
  assert.equal((await promisesOf(1)).length, 1);
});

test('days outside the policy are refused with plain words and the form again', async () => {
  const { forms: [form] } = await sheetOf(2);
  for (const [when, says] of [[day(-1), /Ten dzień już minął/], [day(31), /Tak długo nie możemy czekać/], ['2099-01-01', /Tak długo/],
    ['2026-02-30', /Nie wybrano dnia/], ['', /Nie wybrano dnia/], ['\u202e2027', /Nie wybrano dnia/], ['9'.repeat(10000), /Nie wybrano dnia/]]) {
    const answer = await sendForm(demo, form, { day: when });
    assert.equal(answer.status, 409, when.slice(0, 20));
    assert.match(answer.words, says);
    assert.equal(answer.forms.length, 2);
  }
  assert.equal((await sendForm(demo, form, { day: '2027-01-01\0' })).status, 403);
  assert.equal((await sendForm(demo, form, { token: form.fields.token.slice(0, -2) + 'AA', day: day(3) })).status, 403);
  assert.deepEqual(await promisesOf(2), []);
  await promise(2, day(30));
});

test('a form that is older than the debt saves nothing', async () => {
  const { forms: [form] } = await sheetOf(3);
  await hold(3, { kind: 'admin', until: day(1) });
  const answer = await sendForm(demo, form, { day: day(5) });
  assert.equal(answer.status, 409);
  assert.match(answer.words, /Od otwarcia tej strony zmienił się stan płatności/);
  assert.deepEqual(await promisesOf(3), []);
  assert.equal((await sendForm(demo, answer.forms[0], { day: day(5) })).status, 303); // the fresh one is good
});

test('a debt that was paid, is in a plan or disputed takes no day, and says where to go', async () => {
  for (const [n, kind, says] of [[4, 'plan', /rozłożona na raty/], [5, 'dispute', /Sprawdzamy Twoje zgłoszenie/]]) {
    const { forms: [form] } = await sheetOf(n);
    await hold(n, { kind });
    assert.match((await sheetOf(n)).words, says);
    assert.match((await sendForm(demo, form, { day: day(5) })).words, says);
    assert.deepEqual(await promisesOf(n), []);
  }
  const { forms: [form] } = await sheetOf(6);
  await decide(await startPayment(demo, await linkOf(6)), 'pay');
  await eventually(async () => (await invoiceOf(demo, number(6))).due_minor === 0);
  const answer = await sendForm(demo, form, { day: day(5) });
  assert.match(answer.words, /Nie ma nic do zapłaty/);
  assert.deepEqual(await promisesOf(6), []);
});

test('reminders rest until the day and its grace, then the newest missed step alone goes', async () => {
  await promise(7, day(12));
  const sent = () => demo.query(`select step from reminder r join invoice i using (customer_id, invoice_id)
    join promise p using (customer_id, invoice_id) where i.number = '${number(7)}' and r.state = 'sent' and r.finished_at > p.given_at`);
  const due = () => demo.query(`select step from reminder r join invoice i using (customer_id, invoice_id)
    where i.number = '${number(7)}' and r.state = 'scheduled' and r.due_at < '${clock.toISOString()}'::timestamptz + interval '1 s'`); // whole seconds
  await advance(5);
  await eventually(async () => (await due()).length === 1, { what: 'the step of the ninth day', within: 60000 });
  await advance(8); // the day of grace is not over yet
  await eventually(async () => (await due()).length === 2, { what: 'the step of the sixteenth', within: 60000 });
  assert.deepEqual(await sent(), []);
  await advance(1.5);
  await eventually(async () => (await sent()).length > 0, { within: 60000 });
  assert.deepEqual((await sent()).map(({ step }) => step), ['after_16']);
  const { reminders } = await invoiceOf(demo, number(7));
  assert.equal(reminders.find(({ step }) => step === 'after_9').state, 'skipped');
});

test('what is over is broken, once, whoever is killed in between', async () => {
  await eventually(async () => (await demo.query(`select from promise where state = 'open' and until <= '${clock.toISOString()}'`)).length === 0);
  for (let n = 10; n < 20; ++n) await promise(n, day(2));
  await demo.setClock('advance', { seconds: 4 * 86400 });
  for (let kills = 0; kills < 3; ++kills) {
    const killed = await eventually(() => workOf(demo.pid), { what: 'a process for work' });
    process.kill(killed, 'SIGKILL');
    await eventually(() => ![undefined, killed].includes(workOf(demo.pid)), { within: 30000, what: 'the next one' });
  }
  clock = new Date((await demo.pane('/clock')).now);
  const broken = await eventually(async () => {
    const found = await demo.query(`select count(*)::integer as count from promise p join invoice i using (customer_id, invoice_id)
      where p.state = 'broken' and i.number in (${Array.from({ length: 10 }, (_, k) => `'${number(10 + k)}'`)})`);
    return found[0].count === 10 && found;
  }, { within: 60000 });
  assert.equal(broken[0].count, 10);
  const told = await demo.query(`select customer_id, invoice_id, facts::json ->> 'promise_no' as no, count(*)::integer as count
    from event where kind = 'promise.broken' group by 1, 2, 3 having count(*) <> 1`);
  assert.deepEqual(told, []);
});

test('a payment keeps it at once, and reminders are free to go on', async () => {
  await promise(20, day(5));
  await decide(await startPayment(demo, await linkOf(20)), 'pay');
  const [kept] = await eventually(async () => { const p = await promisesOf(20); return p[0].state !== 'open' && p; }, { within: 5000 });
  assert.equal(kept.state, 'kept');
  const { timeline, holds } = await invoiceOf(demo, number(20));
  assert.ok(timeline.some(({ kind }) => kind === 'promise.kept'));
  assert.notEqual(holds[0].released_at, null);
});

test('part of the money keeps nothing', async () => {
  await promise(21, day(2));
  await decide(await startPayment(demo, await linkOf(21)), 'part', '99,99');
  await eventually(async () => (await invoiceOf(demo, number(21))).due_minor === 1);
  assert.equal((await promisesOf(21))[0].state, 'open');
});

test('a payment that was begun in time keeps it, however late the provider says so', async () => {
  await promise(22, day(1));
  const bank = await startPayment(demo, await linkOf(22));
  await demo.execute(`update payment p set state = 'pending' from invoice i
    where i.customer_id = p.customer_id and i.number = '${number(22)}'`);
  await advance(4);
  await eventually(async () => (await promisesOf(21))[0].state === 'broken', { within: 30000 }); // the job has looked
  assert.equal((await promisesOf(22))[0].state, 'open');
  await decide(bank, 'pay');
  await eventually(async () => (await promisesOf(22))[0].state === 'kept', { within: 30000 });
});

test('a debt takes so many promises and no more', async () => {
  await promise(10, day(3)); // the first was broken above
  await demo.execute(`update promise set state = 'broken', decided_at = now() where state = 'open'
    and (customer_id, invoice_id) = (select customer_id, invoice_id from invoice where number = '${number(10)}');
    update invoice set promise_no = null where number = '${number(10)}';
    update hold set released_at = now() where (customer_id, invoice_id) = (select customer_id, invoice_id from invoice where number = '${number(10)}')`);
  assert.match((await sheetOf(10)).words, /nie można już podać terminu/);
});

test('who breaks promises is one segment worse', async () => {
  const reference = (await invoiceOf(demo, number(11))).customer.reference;
  await promise(11, day(1));
  await advance(3);
  const segment = await eventually(async () => {
    const shown = (await demo.call(`/customers/${reference}`)).json().segment;
    return shown.facts?.promises?.broken === 2 && shown;
  }, { within: 30000 });
  assert.equal(segment.name, 'sometimes_late');
  assert.match(segment.facts.words, /Broke 2 promises to pay in that time and kept 0: one segment worse\./);
});

test('a promise to a person and one by the API are the same thing, and the newest counts', async () => {
  await promise(23, day(3));
  await hold(23, { kind: 'promise', until: day(6) });
  const [first, second] = await promisesOf(23);
  assert.deepEqual([first.state, second.state, second.given_by, second.promised_on], ['replaced', 'open', 'api', day(6)]);
  const { holds } = await invoiceOf(demo, number(23));
  assert.deepEqual(holds.map(({ released_at: at }) => at === null), [false, true]);
  const listed = (await demo.call('/promises?state=open')).json().items.filter((p) => p.number === number(23));
  assert.deepEqual(listed.map(({ promised_on: on, by, state }) => [on, by, state]), [[day(6), 'api', 'open']]);
  const page = (await demo.call('/promises?limit=5')).json();
  assert.equal(page.items.length, 5);
  const next = (await demo.call(`/promises?limit=200&cursor=${page.next_cursor}`)).json();
  const [{ count }] = await demo.query('select count(*)::integer as count from promise');
  assert.equal(new Set([...page.items, ...next.items].map(({ id }) => id)).size, count);
  for (const query of ['?state=gone', '?cursor=x', '?cursor=1-2-3', '?limit=0', '?limit=201'])
    assert.equal((await demo.call(`/promises${query}`)).status, 400, query);
});

test('it works in three languages without JavaScript, on a phone and for everybody', async () => {
  const browser = await openBrowser();
  for (const [n, lang, title, save, done] of [[24, 'pl', 'Kiedy zapłacisz?', 'Zapisz termin', 'Zapisane. Dziękujemy!'],
    [25, 'en', 'When will you pay?', 'Save the day', 'Saved. Thank you!'], [26, 'uk', 'Коли ви сплатите?', 'Зберегти день', 'Збережено. Дякуємо!']]) {
    const phone = await openPhone(browser, { width: 390, height: 844, javaScriptEnabled: false });
    await phone.goto(`${await linkOf(n)}?lang=${lang}`);
    await phone.locator('a[href*="/promise"]').click();
    assert.equal(await phone.locator('h1').innerText(), title);
    await phone.locator('.a').nth(1).click();
    await phone.getByRole('button', { name: save }).first().click();
    assert.equal(await phone.locator('h1').innerText(), done);
    assert.match(phone.url(), new RegExp(`lang=${lang}$`));
    assert.equal((await promisesOf(n)).length, 1);
    await phone.context().close();
  }
  const phone = await openPhone(browser, { width: 390, height: 844 });
  for (const [n, query] of [[27, ''], [24, ''], [24, '?done=1'], [10, ''], [4, '']]) {
    await phone.goto(`${await linkOf(n)}/promise${query}`);
    await assertAccessible(phone);
    await assertFits(phone);
  }
  await phone.goto(`${await linkOf(28)}/promise`);
  await phone.locator('summary').click();
  await phone.getByLabel('Dzień płatności').fill(day(8));
  await phone.getByRole('button', { name: 'Zapisz termin' }).nth(1).click();
  assert.equal(await phone.locator('h1').innerText(), 'Zapisane. Dziękujemy!');
  assert.equal((await promisesOf(28))[0].promised_on, day(8));
  assert.deepEqual(phone.complaints, []);
});

test('all chains and sums agree with what they tell', () => assertBooksBalance(demo));
