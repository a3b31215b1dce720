// A debt in parts, chosen and agreed by its customer on the page: in a browser without JavaScript, in
// three languages; every form that must not be taken; two at once; a process killed in between.
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { assertAccessible, assertFits, openBrowser, openPhone } from '../support/browser.mjs';
import { temporaryFolder } from '../support/cleanup.mjs';
import { eventually } from '../support/eventually.mjs';
import { startPlans, terms, textOf } from '../support/plan_page.mjs';

const crashFile = path.join(temporaryFolder(), 'crash');
Object.assign(process.env, { TEST_CRASH_FILE: crashFile, TEST_CRASH_AT: 'plan_accepted' });
const bed = await startPlans(90);
const browser = await openBrowser();

// ---- the story ----

const stories = {
  pl: { start: 'Rozłóż na raty', three: '3 raty po 33,34 zł', show: 'Pokaż plan', free: 'dokładnie tyle samo', plan: 'Twój plan: 3 raty',
    days: ['7 grudnia 2026', '7 stycznia 2027', '8 lutego 2027'], amounts: ['33,34 zł', '33,33 zł', '33,33 zł'],
    yes: 'Zawieram plan', done: 'Plan jest zawarty. Dziękujemy!', kept: 'Twój plan spłaty' },
  en: { start: 'Pay in parts', three: '3 parts of PLN 33.34', show: 'Show the plan', free: 'exactly the same', plan: 'Your plan: 3 parts',
    days: ['7 December 2026', '7 January 2027', '8 February 2027'], amounts: ['PLN 33.34', 'PLN 33.33', 'PLN 33.33'],
    yes: 'Agree to the plan', done: 'The plan is agreed. Thank you!', kept: 'Your payment plan' },
  uk: { start: 'Розділити на частини', three: '3 частини по 33,34 zł', show: 'Показати план', free: 'рівно стільки ж', plan: 'Ваш план: 3 частини',
    days: ['7 грудня 2026', '7 січня 2027', '8 лютого 2027'], amounts: ['33,34 zł', '33,33 zł', '33,33 zł'],
    yes: 'Укласти план', done: 'План укладено. Дякуємо!', kept: 'Ваш план сплати' },
};

// axe needs a script of its own, which a page without JavaScript cannot run: the same address with it.
async function assertGood(page, what) {
  const look = await openPhone(browser, { width: 360 });
  await look.goto(page.url());
  await assertAccessible(look, what);
  await assertFits(look, what);
  await look.setViewportSize({ width: 195, height: 422 }); // a phone at 200 %
  await assertFits(look, `${what} at 200 %`);
  assert.deepEqual(look.complaints, []);
  await look.context().close();
}

const says = async (page) => textOf(await page.content());

for (const [language, words] of Object.entries(stories)) {
  test(`three taps agree a plan, without JavaScript (${language})`, async () => {
    const debt = await bed.debt('plain', { language });
    const page = await openPhone(browser, { javaScriptEnabled: false });
    await page.goto(debt.link);
    await page.getByRole('link', { name: words.start, exact: true }).click();
    assert.match(await says(page), new RegExp(words.three.replaceAll('.', '\\.')));
    await assertGood(page, `choosing (${language})`);
    await page.locator('input[name=parts][value="3"]').check();
    await page.locator('input[name=first][value="2026-12-07"]').check();
    await page.getByRole('button', { name: words.show }).click();
    const shown = await says(page);
    assert.ok(shown.includes(words.plan) && shown.includes(words.free) && shown.includes(textOf(terms[language])), shown);
    const rows = await page.locator('ol.z li').allInnerTexts();
    assert.deepEqual(rows.map((row) => row.replaceAll(' ', ' ').replace(/\s+/g, ' ')),
      words.days.map((day, i) => `${i + 1}. ${day} ${words.amounts[i]}`));
    await assertGood(page, `reading it (${language})`);
    assert.deepEqual(await bed.plans(debt), [], 'nothing is agreed yet');

    await page.getByRole('button', { name: words.yes }).click();
    assert.equal(await page.locator(':invalid').count() > 0, true, 'the terms are not accepted');
    await page.locator('input[name=accept]').check();
    await page.getByRole('button', { name: words.yes }).click();
    await page.waitForURL(/done=1/);
    assert.ok((await says(page)).includes(words.done));
    await assertGood(page, `agreed (${language})`);
    await page.goto(`${debt.link}/plan`);
    assert.ok((await says(page)).includes(words.kept));
    await page.context().close();

    const [plan, ...others] = await bed.plans(debt);
    assert.deepEqual(others, []);
    assert.deepEqual([plan.state, plan.policy, plan.debt_minor, plan.fee_minor, plan.interest_minor, plan.language, plan.entry_from,
      plan.hold_no, plan.grace_days, plan.missed_max], ['active', 'plain', 10000, 0, 0, language, 1, 1, 3, 1]);
    assert.deepEqual((await bed.parts(debt)).map((part) => [part.part_no, part.due_date, part.amount_minor, part.agreed_minor, part.is_open]),
      [[1, '2026-12-07', 3334, 3334, true], [2, '2027-01-07', 3333, 3333, true], [3, '2027-02-08', 3333, 3333, true]]);
    const [hold] = await bed.query(`select kind, until, released_at from hold where ${debt.these}`);
    assert.deepEqual(hold, { kind: 'plan', until: null, released_at: null });
    const [event] = await bed.events(debt);
    assert.deepEqual([event.kind, event.facts.policy, event.facts.total_minor, event.facts.parts.length, event.facts.terms_language],
      ['plan.agreed', 'plain', 10000, 3, language]);
    const [kept] = await bed.query(`select language, text from terms where version = '${event.facts.terms}'`);
    assert.deepEqual(kept, { language, text: terms[language] }, 'the very words are kept');
    const invoice = await bed.invoice(debt);
    assert.deepEqual([invoice.plan_no, invoice.help_count, invoice.due_minor], [1, 1, 10000]);
  });
}

test('a debt in a plan is not reminded of as a whole', async () => {
  const kept = await bed.debt('plain'), other = await bed.debt('plain');
  await bed.accept(kept, await bed.form(kept));
  await bed.planned();
  const numbers = [kept, other].map((debt) => debt.number.slice(3));
  await bed.remind(numbers);
  await eventually(async () => (await bed.reminder(numbers[1])).reason === 'no address', { what: 'the other one is taken up', within: 20000 });
  assert.equal((await bed.reminder(numbers[0])).claimed_at, null);
});

// ---- cost ----

// 100.00 at 7.25 %: 33.34 33.33 33.33 of it are paid after 10, 42 and 72 days, so 4,133.02 * 0.0725 / 365 =
// 0.82. Fee: 5.00 and 1 % of it. 106.82 in three: 35.61 35.61 35.60.
test('a fee and interest are booked, and told before', async () => {
  const debt = await bed.debt('costly', { language: 'en' });
  const { text } = await bed.get(debt, '?parts=3&first=2026-12-10');
  for (const words of ['PLN 106.82', 'Fee PLN 6.00', 'Interest (7.25% a year) PLN 0.82', 'PLN 6.82 more'])
    assert.ok(textOf(text).includes(words), words);
  const form = await bed.form(debt);
  assert.equal((await bed.accept(debt, form)).query, '?done=1');
  assert.deepEqual(await bed.ledger(debt), [{ kind: 'charge', amount_minor: 10000 }, { kind: 'fee', amount_minor: 600 },
    { kind: 'interest', amount_minor: 82 }]);
  const invoice = await bed.invoice(debt), [plan] = await bed.plans(debt);
  assert.deepEqual([invoice.due_minor, invoice.amount_minor, invoice.entry_count, plan.entry_from], [10682, 10000, 3, 3]);
  assert.deepEqual((await bed.parts(debt)).map((part) => [part.due_date, part.amount_minor]),
    [['2026-12-10', 3561], ['2027-01-11', 3561], ['2027-02-10', 3560]]);
});

test('the page that was before the customer is named in the event, if it is one', async () => {
  const [page] = await bed.query(`select encode(sha256(convert_to('pl' || 'a page', 'UTF8')), 'hex') as version`);
  await bed.execute(`insert into page_version (version, language, text, first_seen_at) values ('${page.version}', 'pl', 'a page', now())`);
  for (const [name, expected] of [[page.version.slice(0, 16), page.version], ['0123456789abcdef', undefined], ['"}', undefined]]) {
    const debt = await bed.debt('plain');
    await bed.accept(debt, { ...await bed.form(debt), page: name });
    const [plan] = await bed.plans(debt), [event] = await bed.events(debt);
    assert.deepEqual([plan.page ?? undefined, event.facts.page], [expected, expected], name);
  }
});

test('the first part may be a share of it all', async () => {
  const debt = await bed.debt('first', { language: 'en' });
  assert.match(textOf((await bed.get(debt)).text), /The first one PLN 25\.00, then PLN 25\.00 each/);
  await bed.accept(debt, await bed.form(debt, { parts: 5 }));
  assert.deepEqual((await bed.parts(debt)).map((part) => part.amount_minor), [2500, 1875, 1875, 1875, 1875]);
});

// ---- forms that are not taken as they are ----

const unchanged = async (debt) => {
  assert.deepEqual(await bed.plans(debt), []);
  assert.deepEqual(await bed.parts(debt), []);
  assert.deepEqual((await bed.events(debt)), []);
};

test('looking changes nothing, whatever is asked', async () => {
  const debt = await bed.debt('plain');
  const before = await bed.invoice(debt);
  for (const query of ['', '?parts=3&first=2026-12-10', '?parts=3&first=2026-12-10&lang=uk', '?done=1', '?e=other', '?e=changed&parts=3&first=x',
    '?parts=99&first=2026-12-10', '?parts=3&first=2030-01-01', '?parts=&first=&date=', '?parts=3&first=2026-12-10&date=2026-12-09', '?parts=%ff'])
    assert.equal((await bed.get(debt, query)).status, 200, query);
  assert.deepEqual(await bed.invoice(debt), before);
  await unchanged(debt);
});

test('the same form again is the first one\'s result', async () => {
  const debt = await bed.debt('plain'), form = await bed.form(debt);
  const answers = await Promise.all([1, 2, 3].map(() => bed.accept(debt, form)));
  answers.push(await bed.accept(debt, form));
  for (const answer of answers) assert.equal(answer.query, '?done=1');
  assert.equal((await bed.plans(debt)).length, 1);
  assert.equal((await bed.events(debt)).length, 1);
});

test('of two browsers with two plans the second is told which one holds', async () => {
  const debt = await bed.debt('plain');
  const [mine, theirs] = [await bed.form(debt, { parts: 2 }), await bed.form(debt, { parts: 4 })];
  assert.equal((await bed.accept(debt, mine)).query, '?done=1');
  const answer = await bed.accept(debt, theirs);
  assert.equal(answer.query, '?e=other');
  assert.match(answer.text, /Zawarto już inny plan.*1\. 10 grudnia 2026 50,00 zł 2\. 11 stycznia 2027 50,00 zł/);
  assert.equal((await bed.plans(debt)).length, 1);
  assert.equal((await bed.parts(debt)).length, 2);
});

const changes = {
  'the amount': (debt) => `update invoice set due_minor = 9000, entry_count = 2 where ${debt.these};
    insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor, currency, at)
      values (${debt.customer_id}, ${debt.invoice_id}, 2, 'correction', -1000, 'PLN', now())`,
  'a hold': (debt) => `insert into hold (customer_id, invoice_id, hold_no, kind, created_at)
      values (${debt.customer_id}, ${debt.invoice_id}, 1, 'admin', now());
    update invoice set hold_count = 1 where ${debt.these}`,
  'what was asked or promised': (debt) => `update invoice set help_count = 1 where ${debt.these}`,
};
for (const [what, sql] of Object.entries(changes))
  test(`a form older than ${what} shows the plan as it is now`, async () => {
    const debt = await bed.debt('plain'), form = await bed.form(debt);
    await bed.execute(sql(debt));
    const answer = await bed.accept(debt, form);
    assert.equal(answer.query, '?parts=3&first=2026-12-10&e=changed');
    assert.match(answer.text, /Coś się zmieniło .*Niczego nie zapisaliśmy.*Twój plan: 3 raty/);
    await unchanged(debt);
    assert.equal((await bed.accept(debt, await bed.form(debt))).query, '?done=1', 'the way on');
  });

const forged = {
  'a smaller total': [{ total: '9999' }, 'changed', /Coś się zmieniło/],
  'no total': [{ total: 'all' }, 'changed', /Coś się zmieniło/],
  'other terms': [{ terms: 'f'.repeat(64) }, 'changed', /Coś się zmieniło/],
  'terms of another language': [{ in: 'en' }, 'changed', /Coś się zmieniło/],
  'another version of the debt': [{ version: '1.1.0.0' }, 'changed', /Coś się zmieniło/],
  'too many parts': [{ parts: '99' }, 'count', /Tylu rat nie proponujemy/],
  'a part that is no number': [{ parts: '-3' }, 'count', /Tylu rat nie proponujemy/],
  'parts that are too small': [{ parts: '6' }, 'small_part', /Rata byłaby za mała/],
  'a day too late': [{ first: '2027-12-10' }, 'date', /Ten dzień nie pasuje/],
  yesterday: [{ first: '2026-11-29' }, 'date', /Ten dzień nie pasuje/],
  'no day': [{ first: "1' or 1=1--" }, 'date', /Ten dzień nie pasuje/],
  'terms that are not accepted': [{ accept: '' }, 'terms', /Brakuje zgody na warunki/],
};
test('a forged form changes nothing and is told why', async () => {
  const debt = await bed.debt('plain'), form = await bed.form(debt);
  for (const [what, [fields, why, words]] of Object.entries(forged)) {
    const answer = await bed.accept(debt, { ...form, ...fields });
    assert.equal(answer.status, 303, what);
    assert.equal(new URLSearchParams(answer.query).get('e'), why, what);
    assert.match(answer.text, words, what);
  }
  await unchanged(debt);
  const other = await bed.debt('plain');
  for (const token of ['', 'x', form.token.slice(0, -1), form.token])
    assert.equal((await bed.post(other, { ...form, token })).status, 403);
  assert.equal((await bed.post(debt, { ...form, token: (await bed.form(other)).token })).status, 403);
  await unchanged(other);
  assert.equal((await bed.accept(debt, form)).query, '?done=1', 'as it was printed it is taken');
});

// ---- debts that cannot be split ----

const refusals = {
  paid: [(debt) => `insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor, currency, at)
      values (${debt.customer_id}, ${debt.invoice_id}, 2, 'write_off', -10000, 'PLN', now());
    update invoice set due_minor = 0, entry_count = 2, paid_at = now() where ${debt.these}`, /Nie ma nic do zapłaty/],
  'in dispute': [(debt) => `insert into hold (customer_id, invoice_id, hold_no, kind, created_at)
      values (${debt.customer_id}, ${debt.invoice_id}, 1, 'dispute', now());
    update invoice set hold_count = 1 where ${debt.these}`, /Wyjaśniamy Twoje zgłoszenie/],
  'being paid': [(debt) => `insert into payment (customer_id, payment_no, link_no, provider, account, method, amount_minor, currency,
        state, form_nonce, created_at, changed_at)
      values (${debt.customer_id}, 1, 1, 'sandbox', 'default', 'redirect', 10000, 'PLN', 'pending', 'n', now(), now());
    insert into payment_allocation (customer_id, payment_no, invoice_id, amount_minor) values (${debt.customer_id}, 1, ${debt.invoice_id}, 10000);
    update customer set payment_count = 1 where customer_id = ${debt.customer_id}`, /Najpierw wynik płatności/],
  'of no policy': [(debt) => `update invoice set product = null where ${debt.these}`, /Tej należności nie rozkładamy/],
};
for (const [what, [sql, words]] of Object.entries(refusals))
  test(`a debt that is ${what} meanwhile is not split, with plain words`, async () => {
    const debt = await bed.debt('plain'), form = await bed.form(debt);
    await bed.execute(sql(debt));
    const answer = await bed.accept(debt, form);
    assert.equal(answer.query, '');
    assert.match(answer.text, words);
    await unchanged(debt);
  });

test('a small debt, and a third plan in a year, are led elsewhere', async () => {
  const small = await bed.debt('plain', { amount: 3999 });
  assert.match(textOf((await bed.get(small)).text), /Tę kwotę trudno podzielić/);
  const debt = await bed.debt('plain'), form = await bed.form(debt);
  await bed.execute(`insert into plan (customer_id, invoice_id, plan_no, state, policy, debt_minor, grace_days, missed_max, first_part_no,
      part_count, language, asked_at)
    select ${debt.customer_id}, ${debt.invoice_id}, n, state, 'plain', 1, 0, 0, 1, 1, 'pl', '2026-01-10'
    from unnest(array['broken', 'refused', 'completed']) with ordinality as w (state, n)`);
  const answer = await bed.accept(debt, form);
  assert.match(answer.text, /W tym roku były już plany/);
  assert.equal((await bed.plans(debt)).length, 3);
  await bed.execute(`update plan set asked_at = '2025-11-20' where ${debt.these} and plan_no = 1`);
  assert.equal((await bed.accept(debt, await bed.form(debt))).query, '?done=1', 'one of them is more than a year old');
  assert.equal((await bed.plans(debt))[3].plan_no, 4);
});

// ---- somebody must say yes ----

async function ask(more) {
  const debt = await bed.debt('asked', more), answer = await bed.accept(debt, await bed.form(debt));
  assert.equal(answer.query, '?done=1');
  return { ...debt, id: `${debt.customer_id}-${debt.invoice_id}-1`, answer };
}

const answersTo = async (debt) => (await bed.query(`select step from reminder where ${debt.these} and step like 'answered%'`)).map(({ step }) => step);

test('a plan that somebody must approve waits, and dunning with it', async () => {
  const debt = await bed.debt('asked');
  assert.match(textOf((await bed.get(debt, '?parts=3&first=2026-12-03')).text), /Ten dzień nie pasuje/, 'not before the answer');
  const form = await bed.form(debt);
  const { text } = await bed.accept(debt, form);
  assert.match(text, /Mamy Twoją prośbę o plan Odpowiemy do 3 grudnia 2026/);
  const [hold] = await bed.query(`select kind, until from hold where ${debt.these}`);
  assert.deepEqual(hold, { kind: 'plan', until: '2026-12-03T23:00:00+00:00' }, 'the whole of that day, where the customer is');
  const invoice = await bed.invoice(debt);
  assert.deepEqual([invoice.plan_no, invoice.due_minor], [null, 10000]);
  assert.deepEqual((await bed.parts(debt)).map((part) => part.is_open), [false, false, false]);
  assert.equal((await bed.events(debt))[0].facts.answer_by, '2026-12-03');
  assert.equal((await bed.accept(debt, form)).query, '?done=1');
});

test('the office sees what waits, and says yes once', async () => {
  const debt = await ask();
  const { items } = await bed.call('GET', '/instalment-plans?state=asked&limit=200');
  const listed = items.find((item) => item.id === debt.id);
  assert.deepEqual([listed.number, listed.policy, listed.debt_minor, listed.parts.length, listed.parts[0].state],
    [debt.number, 'asked', 10000, 3, 'asked']);
  for (const again of [1, 2]) {
    const answer = await bed.call('POST', `/instalment-plans/${debt.id}/approve`, { reason: `by telephone ${again}` });
    assert.deepEqual([answer.status, answer.state], [200, 'active']);
  }
  const [plan] = await bed.plans(debt), [hold] = await bed.query(`select until, released_at from hold where ${debt.these}`);
  assert.deepEqual([plan.state, plan.decided_by, plan.reason, plan.entry_from], ['active', 'test', 'by telephone 1', 1]);
  assert.deepEqual(hold, { until: null, released_at: null });
  assert.equal((await bed.invoice(debt)).plan_no, 1);
  assert.deepEqual((await bed.events(debt)).map((event) => event.kind), ['plan.asked', 'plan.agreed']);
  assert.match(textOf((await bed.get(debt)).text), /Twój plan spłaty/);
  assert.equal((await bed.call('POST', `/instalment-plans/${debt.id}/refuse`, { reason: 'late' })).status, 409);
  const { items: [own] } = await bed.call('GET', `/invoices/${debt.customer_id}-${debt.invoice_id}/instalment-plans`);
  assert.deepEqual([own.state, own.terms.length, own.parts.map((part) => part.state)], ['active', 64, ['open', 'open', 'open']]);
});

test('a no is told on the page, and another plan can be asked for', async () => {
  const debt = await ask();
  assert.equal((await bed.call('POST', `/instalment-plans/${debt.id}/refuse`)).status, 400, 'a no needs a reason');
  for (let again = 0; again < 2; ++again)
    assert.equal((await bed.call('POST', `/instalment-plans/${debt.id}/refuse`, { reason: 'no income' })).state, 'refused');
  assert.equal((await bed.call('POST', `/instalment-plans/${debt.id}/approve`)).status, 409);
  const [hold] = await bed.query(`select released_at is not null as is_over from hold where ${debt.these}`);
  assert.equal(hold.is_over, true);
  assert.deepEqual(await answersTo(debt), ['answered_plan_1'], 'they hear of it, once');
  assert.match(textOf((await bed.get(debt)).text), /Nie mogliśmy się zgodzić na poprzedni plan/);
  assert.equal((await bed.accept(debt, await bed.form(debt, { parts: 2 }))).query, '?done=1');
  assert.deepEqual((await bed.parts(debt)).map((part) => [part.plan_no, part.part_no]), [[1, 1], [1, 2], [1, 3], [2, 4], [2, 5]],
    'numbers of parts run on');
});

test('what has changed is not approved, nor what there is not', async () => {
  const debt = await ask();
  await bed.execute(changes['the amount'](debt));
  const answer = await bed.call('POST', `/instalment-plans/${debt.id}/approve`);
  assert.deepEqual([answer.status, answer.type], [409, 'urn:dunlin:problem:instalment-plan-changed']);
  for (const id of ['1-2-77', '1-2', 'x', '1-2-3-4', `${'9'.repeat(19)}-1-1`])
    assert.equal((await bed.call('POST', `/instalment-plans/${id}/approve`)).status, 404, id);
  assert.equal((await bed.call('GET', '/instalment-plans?state=maybe')).status, 400);
  const first = await bed.call('GET', '/instalment-plans?limit=1');
  const second = await bed.call('GET', `/instalment-plans?limit=1&cursor=${first.next_cursor}`);
  assert.notEqual(first.items[0].id, second.items[0].id);
});

test('a plan in force is ended by the office, with a reason', async () => {
  const debt = await bed.debt('plain');
  await bed.accept(debt, await bed.form(debt));
  const id = `${debt.customer_id}-${debt.invoice_id}-1`;
  for (let again = 0; again < 2; ++again)
    assert.equal((await bed.call('POST', `/instalment-plans/${id}/end`, { reason: 'the customer withdrew' })).state, 'ended');
  const [plan] = await bed.plans(debt);
  assert.deepEqual([plan.state, plan.reason], ['ended', 'the customer withdrew']);
  assert.deepEqual((await bed.events(debt)).map((event) => [event.kind, event.facts.by ?? null]),
    [['plan.agreed', null], ['plan.end_ordered', 'test'], ['plan.ended', null]]);
  assert.match(textOf((await bed.get(debt)).text), /Rozłóż na raty/, 'another one can be agreed');
});

// ---- two at once, and killed ----

test('however many say yes on two nodes at once, one plan holds', async () => {
  const other = await bed.addNode();
  const debts = [];
  for (let i = 0; i < 8; ++i) debts.push(await bed.debt(['plain', 'costly', 'asked'][i % 3]));
  const results = [];
  for (const debt of debts) {
    const forms = [];
    for (let i = 0; i < 6; ++i) {
      const node = i % 2 === 0 ? bed.gateway : other;
      forms.push([await bed.form(debt, { parts: 2 + (i % 3), node }), node]);
    }
    forms.push(forms[0], forms[1]);
    results.push(Promise.all(forms.map(async ([form, node]) => (await bed.post(debt, form, node)).headers.location)));
  }
  for (const [i, locations] of (await Promise.all(results)).entries()) {
    const plans = await bed.plans(debts[i]);
    assert.equal(plans.length, 1, debts[i].number);
    const done = locations.filter((location) => location.endsWith('?done=1')).length;
    assert.ok(done === 1 || done === 2, `${done} of ${debts[i].number}: one form, perhaps sent twice`);
    assert.ok(locations.every((location) => /\?(done=1|e=other)$/.test(location)), locations.join(' '));
  }
  await bed.assertWhole();
});

test('killed after the yes was saved and before it was told, the same form finds it', async () => {
  const debt = await bed.debt('costly'), form = await bed.form(debt);
  writeFileSync(crashFile, '');
  await assert.rejects(bed.post(debt, form), 'the connection breaks');
  assert.throws(() => rmSync(crashFile), 'the crash took it');
  assert.equal((await bed.accept(debt, form)).query, '?done=1');
  assert.equal((await bed.plans(debt)).length, 1);
  assert.deepEqual((await bed.ledger(debt)).map((entry) => entry.kind), ['charge', 'fee', 'interest']);
});

// The last one, as it moves the clock.
test('without an answer in time a plan lapses, and dunning goes on', async () => {
  const debt = await ask(), answered = await ask();
  await bed.call('POST', `/instalment-plans/${answered.id}/approve`);
  bed.clock.advance(4 * 86400);
  assert.deepEqual([(await bed.call('POST', `/instalment-plans/${debt.id}/approve`)).status], [409]);
  await eventually(async () => (await bed.plans(debt))[0].state === 'refused', { what: 'it lapses', within: 30000 });
  assert.deepEqual((await bed.events(debt)).map((event) => event.kind), ['plan.asked', 'plan.lapsed']);
  assert.deepEqual([await answersTo(debt), await answersTo(answered)], [['answered_plan_1'], []], 'a yes has its own message');
  assert.equal((await bed.plans(answered))[0].state, 'active');
  assert.match(textOf((await bed.get(debt)).text), /Nie mogliśmy się zgodzić/);
});

test('whatever was done, each debt, its plans and its chain of events are whole', () => bed.assertWhole());
