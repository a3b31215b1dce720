// The page of all that a customer owes, in a real browser and at the sandbox bank: what is shown, what is
// ticked, its sum, and one payment for several.
import assert from 'node:assert/strict';
import test from 'node:test';

import { assertAccessible, assertFits, openBrowser, openPhone } from '../support/browser.mjs';
import { startDemo } from '../support/demo.mjs';
import { eventually } from '../support/eventually.mjs';
import { request } from '../support/https.mjs';
import { assertBooksBalance } from '../support/money.mjs';

const demo = await startDemo();
await demo.setClock('pause');
const browser = await openBrowser();
const { now } = await demo.pane('/clock');

// Anna Kowalska owes, beside the debt of the link, what the rows say: [number, product, minor, currency,
// days to its due date]. The link's own: 612.50 PLN, in three days.
const [link] = demo.links;
const [own] = await demo.query(`select customer_id, invoice_id, number from invoice
  where number = '${(await demo.get(link)).text.match(/<p class="s">\S+ <bdi>([^<]+)<\/bdi>/)[1]}'`);
const due = (days) => `('${now}'::timestamptz at time zone 'Europe/Warsaw')::date + ${days}`;
async function owes(rows) {
  const customer = own.customer_id;
  await demo.execute(`
    begin;
    delete from payment_allocation where customer_id = ${customer};
    delete from payment where customer_id = ${customer};
    delete from hold where customer_id = ${customer};
    delete from reminder where customer_id = ${customer};
    delete from ledger_entry where customer_id = ${customer};
    delete from event where customer_id = ${customer};
    delete from invoice where customer_id = ${customer} and invoice_id <> ${own.invoice_id};
    delete from paylink where customer_id = ${customer} and invoice_id <> ${own.invoice_id};
    insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor, currency, at)
      values (${customer}, ${own.invoice_id}, 1, 'charge', 61250, 'PLN', '${now}');
    update invoice set kind = 'instalment', product = 'Pożyczka gotówkowa', currency = 'PLN', amount_minor = 61250, due_minor = 61250,
      entry_count = 1, event_count = 0, chain_head = '', hold_count = 0, paid_at = null, due_date = ${due(3)}
      where customer_id = ${customer};
    update customer set name = 'Anna Kowalska', language = 'pl', time_zone = 'Europe/Warsaw'
      where customer_id = ${customer};
    ${rows.map(([number, product, minor, currency, days], i) => `
      insert into invoice (customer_id, number, kind, product, currency, amount_minor, due_minor, issue_date, due_date,
          entry_count, link_no, created_at, changed_at)
        values (${customer}, '${number}', '${i % 2 ? 'invoice' : 'instalment'}', '${product}', '${currency}', ${minor}, ${minor},
          ${due(-60)}, ${due(days)}, 1, ${100 + i}, '${now}', '${now}');
      insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor, currency, at)
        select customer_id, invoice_id, 1, 'charge', ${minor}, '${currency}', '${now}' from invoice
        where customer_id = ${customer} and number = '${number}';
      insert into paylink (customer_id, link_no, invoice_id, state, created_at)
        select customer_id, link_no, invoice_id, 'active', '${now}' from invoice
        where customer_id = ${customer} and number = '${number}';`).join('')}
    commit`);
}
const usual = [['UM/2025/0817', 'Pożyczka gotówkowa', 45000, 'PLN', -34], ['FV/2026/11/2044', 'Ubezpieczenie', 8990, 'PLN', -2],
  ['FV/2026/12/0007', '', 12000, 'PLN', 1]];
const open = async (options, query = '') => {
  const page = await openPhone(browser, options);
  await page.goto(`${link}/all${query}`);
  return page;
};
const ticked = (page) => page.locator('input:checked').evaluateAll((all) => all.map(({ value }) => Number(value)));
const text = async (page) => (await page.textContent('main')).replaceAll('\u00a0', ' ');
const shot = (page, name) => (process.env.SHOTS ? page.screenshot({ path: `${process.env.SHOTS}/${name}.png`, fullPage: true }) : null);
const dues = async () => (await demo.query(`select number, due_minor from invoice where customer_id = ${own.customer_id} order by due_date`))
  .map(({ due_minor: minor }) => minor);

async function assertReads(page, name) {
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    await assertAccessible(page, `${name}, ${colorScheme}`);
    await shot(page, `${name}-${colorScheme}`);
  }
  for (const width of [320, 1280, 360]) {
    await page.setViewportSize({ width, height: 740 });
    await assertFits(page, `${name} at ${width}`);
  }
  const small = await page.evaluate(() => [...document.querySelectorAll('a, button, label.a')]
    .filter((e) => e.getBoundingClientRect().height < 43.5).map((e) => e.outerHTML));
  assert.deepEqual(small, []);
  assert.deepEqual(page.complaints, []);
}

test('the list has what is late first and ticked, and reads well by day and by night', async () => {
  await owes(usual);
  const page = await open({ javaScriptEnabled: true });
  assert.deepEqual(await ticked(page), [45000, 8990]);
  const numbers = await page.locator('label bdi').allTextContents();
  assert.deepEqual(numbers.filter((one) => one.includes('/')), ['UM/2025/0817', 'FV/2026/11/2044', 'FV/2026/12/0007', own.number]);
  const shown = await text(page);
  for (const words of ['34 dni po terminie', '2 dni po terminie', 'jutro', 'za 3 dni', '450,00 zł', '89,90 zł', 'W tym po terminie539,90 zł', 'Wszystko razem1272,40 zł'])
    assert.ok(shown.replaceAll(/\s+/g, ' ').replaceAll('1 272', '1272').includes(words), `no "${words}" in: ${shown}`);
  await assertReads(page, 'all-list');
  await page.context().close();
});

test('what is ticked is shown with its sum, and can be chosen again; without JavaScript', async () => {
  await owes(usual);
  const page = await open({ javaScriptEnabled: false });
  await page.locator('label', { hasText: 'FV/2026/12/0007' }).click();
  await page.locator('label', { hasText: 'FV/2026/11/2044' }).click();
  await page.click('button.g');
  assert.equal((await page.textContent('h1 b')).replaceAll('\u00a0', ' '), '570,00 zł');
  assert.ok(!(await text(page)).includes('FV/2026/11/2044'));
  await page.click('text=Wybierz jeszcze raz');
  assert.deepEqual(await ticked(page), [45000, 12000]);
  await page.context().close();
});

test('the review reads well, in three languages, and keeps what is ticked', async () => {
  await owes(usual);
  const page = await open({});
  await page.click('button.g');
  await assertReads(page, 'all-review');
  for (const [lang, words] of [['en', 'Pay online'], ['uk', 'Сплатити онлайн'], ['pl', 'Zapłać online']]) {
    await page.click(`nav a[lang=${lang}]`);
    assert.equal(await page.textContent('button.g'), words);
    assert.equal((await page.textContent('h1 b')).replaceAll(/\D/g, ''), '53990');
    await assertReads(page, `all-review-${lang}`);
  }
  for (const lang of ['en', 'uk']) {
    await page.goto(`${link}/all?lang=${lang}`);
    await assertReads(page, `all-list-${lang}`);
  }
  await page.context().close();
});

test('nothing ticked is said, and large text still fits', async () => {
  await owes(usual);
  const page = await open({ javaScriptEnabled: false });
  while (await page.locator('input:checked').count() > 0) await page.locator('input:checked').first().uncheck();
  await page.click('button.g');
  assert.ok((await text(page)).includes('Nic nie zaznaczono'));
  await page.context().close();
  const large = await open({});
  await large.evaluate(() => { document.documentElement.style.fontSize = '200%'; });
  await shot(large, 'all-list-large');
  await assertFits(large, 'large text');
  await large.click('button.g');
  await large.evaluate(() => { document.documentElement.style.fontSize = '200%'; });
  await shot(large, 'all-review-large');
  await assertFits(large, 'large text of the review');
  await large.context().close();
});

test('each currency is a form of its own', async () => {
  await owes([...usual, ['EUR/1', 'Leasing', 25000, 'EUR', -8]]);
  const page = await open({});
  assert.equal(await page.locator('form[action$="/all"]').count(), 2);
  await assertReads(page, 'all-currencies');
  await page.locator('form', { hasText: 'EUR/1' }).locator('button.g').click();
  assert.equal((await page.textContent('h1 b')).replaceAll('\u00a0', ' '), '250,00 €');
  assert.equal(await page.locator('input[name=blik]').count(), 0, 'BLIK is for zloty');
  await page.context().close();
});

test('what is agreed or asked about a debt is said, and it is not ticked', async () => {
  await owes(usual);
  await demo.execute(`insert into hold (customer_id, invoice_id, hold_no, kind, created_at)
    select customer_id, invoice_id, 1, case when number like 'UM%' then 'dispute' else 'plan' end, '${now}' from invoice
    where customer_id = ${own.customer_id} and due_date < ${due(0)}`);
  const page = await open({});
  assert.deepEqual(await ticked(page), []);
  const shown = await text(page);
  assert.ok(shown.includes('wyjaśniamy zgłoszenie') && shown.includes('płacone w ratach'));
  await assertReads(page, 'all-held');
  await page.context().close();
});

test('the main page leads there, and two debts are paid at once at the bank', async () => {
  await owes(usual);
  const page = await openPhone(browser);
  await page.goto(link);
  await shot(page, 'all-main');
  await page.click('text=Zobacz wszystko, co masz do zapłaty');
  await page.click('button.g');
  await page.click('button.g');
  assert.ok(page.url().startsWith(`${demo.panes}/bank/`), page.url());
  const paid = await request(page.url(), { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'action=pay' });
  assert.equal(paid.status, 303);
  await eventually(async () => (await dues()).join() === '0,0,12000,61250', { what: 'both are paid' });
  await assertBooksBalance(demo);
  await page.goto(new URL(paid.headers.location, demo.url).href);
  assert.ok((await text(page)).includes('UM/2025/0817'), 'back at one that was paid');
  assert.ok((await text(page)).includes('Zapłacone'));
  assert.ok((await text(page)).includes('Jedna płatność za kilka, razem539,90 zł'));
  await shot(page, 'all-paid');
  await page.click('text=Zobacz wszystko, co masz do zapłaty');
  assert.deepEqual(await ticked(page), []);
  assert.equal(await page.locator('label').count(), 2);
  await page.context().close();
});

test('a BLIK code pays them, and a wrong one leads back to the same choice in the same language', async () => {
  await owes(usual);
  const page = await open({ javaScriptEnabled: false }, '?lang=en');
  await page.click('button.g');
  await page.evaluate(() => document.querySelector('input[name=blik]').removeAttribute('pattern')).catch(() => {});
  const form = await page.locator('#blik').evaluate((element) => Object.fromEntries(new FormData(element)));
  const wrong = await demo.post(`${link}/all/payments`, { ...form, method: 'blik', blik: '12' });
  assert.match(wrong.headers.location, /\/all\?e=blik&for=PLN&d\d+=45000&d\d+=8990&lang=en$/);
  const again = (await demo.get(new URL(wrong.headers.location, link))).text;
  assert.ok(again.includes('A BLIK code has 6 digits'));
  const right = await demo.post(`${link}/all/payments`, { ...form, method: 'blik', blik: '777123' });
  assert.match(right.headers.location, /^\/back\//);
  await eventually(async () => (await dues()).join() === '0,0,12000,61250', { what: 'both are paid' });
  await page.context().close();
});

test('when all is paid there is nothing to choose', async () => {
  await owes([]);
  await demo.execute(`update invoice set due_minor = 0, paid_at = '${now}' where customer_id = ${own.customer_id}`);
  const page = await open({});
  assert.ok((await text(page)).includes('Nie ma nic do zapłaty'));
  await page.context().close();
});
