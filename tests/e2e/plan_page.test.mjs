// The page of a debt with a plan in force: what is to be paid now, the parts, and each way to pay them.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, test } from 'node:test';

import { assertAccessible, assertFits, openBrowser, openPhone } from '../support/browser.mjs';
import { startDemo, temporaryFolder } from '../support/demo.mjs';
import { decide, invoiceOf, invoicesFile, invoiceWhen, payBlik, startPayment } from '../support/payer.mjs';
import { agreeSql } from '../support/plans.mjs';

const shots = process.env.DUNLIN_SHOTS; // a folder for pictures to be looked at
const numbers = ['LATE', 'NEXT', 'REST', 'OTHER', 'BLIK', 'CHANGED', 'DONE', 'BROKEN', 'ASKED', 'PLAIN', 'LONG'];
const demo = await startDemo({ args: ['--import', invoicesFile(temporaryFolder(), numbers.map((number) => [number, '300,00', -40]), 60)] });
after(() => demo.stop());
const debts = new Map();
const today = (await demo.query('select current_date::text as day'))[0].day;
const day = (days) => new Date(Date.parse(today) + days * 86400e3).toISOString().slice(0, 10);

async function agreed(number, parts) {
  const [debt] = await demo.query(`select customer_id::int as customer, invoice_id::int as invoice from invoice where number = '${number}'`);
  // Grace without end: the job that breaks plans runs beside the test.
  await demo.execute(agreeSql({ ...debt, parts: parts.map(([days, amount]) => ({ due: day(days), amount })), graceDays: 999 }));
  const { link } = await invoiceOf(demo, number);
  debts.set(number, { ...debt, link });
  return { ...debt, link };
}
const thirds = [[-5, 10000], [25, 10000], [55, 10000]];
const text = (html) => html.replace(/<style>[^]*?<\/style>/g, '').replace(/<[^>]+>/g, ' ').replace(/[\s ]+/g, ' ');
const page = async (link) => text((await demo.get(link)).text);
const dueWhen = (number, minor) => invoiceWhen(demo, number, ({ due_minor: due }) => due === minor);

test('what is overdue comes first, and is paid by redirect; the next part is shown then', async () => {
  const { link } = await agreed('LATE', [[-35, 10000], [-5, 10000], [25, 10000]]);
  assert.match(await page(link), /Zaległe raty razem 200,00 zł 35 dni po terminie .*Zapłacono 0 z 3 rat\. Do końca planu zostało 300,00 zł/);
  await decide(await startPayment(demo, link), 'pay');
  await dueWhen('LATE', 10000);
  assert.match(await page(link), /Rata 3 z 3 100,00 zł za 25 dni .*Zapłacono 2 z 3 rat/);
});

test('the transfer and its code are for what is to be paid now', async () => {
  const { link } = await agreed('NEXT', thirds);
  assert.match(await page(link), /Rata 1 z 3 100,00 zł 5 dni po terminie .*Kwota 100,00/);
});

test('a part is paid by BLIK, early and exactly', async () => {
  const { link } = await agreed('BLIK', [[10, 10000], [40, 20000]]);
  assert.equal((await payBlik(demo, link, '777001')).status, 303);
  await dueWhen('BLIK', 20000);
  assert.match(await page(link), /Rata 2 z 2 200,00 zł .*Zapłacono 1 z 2 rat/);
});

test('the rest is paid at once, and the page says that the plan is completed', async () => {
  const { link } = await agreed('REST', thirds), rest = `${link}/parts?pay=rest`;
  assert.match(await page(rest), /Do zapłaty 300,00 zł/);
  await decide(await startPayment(demo, rest), 'pay');
  await dueWhen('REST', 0);
  assert.match(await page(link), /Wszystkie raty są zapłacone, plan jest zakończony/);
  assert.equal((await demo.get(`${link}/parts`)).status, 303, 'nothing is left to choose');
});

test('another amount is paid within its bounds', async () => {
  const { link } = await agreed('OTHER', thirds), of = (sum) => `${link}/parts?pay=other&sum=${encodeURIComponent(sum)}`;
  for (const sum of ['', '0', '0,99', '300,01', '-5', '1e9', 'sto', '12,345', '999999999999999999999'])
    assert.match(await page(of(sum)), /Ta kwota nie pasuje/, sum);
  for (const minor of ['', '0', '30001', '-1', '1.5']) assert.match(await page(`${link}/parts?pay=x&minor=${minor}`), /Ta kwota nie pasuje/, minor);
  assert.match(await page(of('1')), /Do zapłaty 1,00 zł/);
  assert.match(await page(`${link}/parts?pay=next&sum=1`), /Do zapłaty 1,00 zł/, 'who writes an amount means it');
  assert.match(await page(of('150,00')), /Do zapłaty 150,00 zł/);
  await decide(await startPayment(demo, of('150,00')), 'pay');
  await dueWhen('OTHER', 15000);
  const list = await page(`${link}/parts`);
  assert.match(list, /1 \d+ \S+ \d{4} zapłacona 100,00 zł 2 .* 100,00 zł zostało 50,00 zł 3 .* 100,00 zł/);
  assert.match(await page(link), /Rata 2 z 3 50,00 zł/);
});

test('a form of a debt that changed, or that asks for more than is due, takes nothing', async () => {
  const { customer, invoice, link } = await agreed('CHANGED', thirds);
  const fields = async (where) => {
    const html = (await demo.get(where)).text, form = html.match(/<form\b[^>]*method="post"[^]*?<\/form>/)[0];
    return Object.fromEntries([...form.matchAll(/name="(\w+)" value="([^"]*)"/g)].map(([, name, value]) => [name, value]));
  };
  const old = await fields(link), oldRest = await fields(`${link}/parts?pay=rest`);
  assert.equal(old.part, `${invoice}:10000:30000`);
  for (const part of [`${invoice}:30001:30000`, `${invoice}:10000:29999`]) {
    const { status, headers } = await demo.post(`${link}/payments`, { ...await fields(link), part, method: 'redirect' });
    assert.deepEqual([status, headers.location], [303, `${new URL(link).pathname}?e=changed`], part);
  }
  for (const part of ['x', `${invoice}:0:30000`, `${invoice}:10000`, `${invoice}:10000:30000:1`, `${invoice}:-1:30000`, ':::'])
    assert.equal((await demo.post(`${link}/payments`, { ...await fields(link), part, method: 'redirect' })).status, 403, part);
  await demo.execute(`begin; insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor, currency, at)
      select customer_id, invoice_id, entry_count + 1, 'correction', -2000, 'PLN', now() from invoice where invoice_id = ${invoice};
    update invoice set due_minor = due_minor - 2000, entry_count = entry_count + 1 where customer_id = ${customer} and invoice_id = ${invoice}; commit`);
  assert.equal((await demo.post(`${link}/payments`, { ...old, method: 'redirect' })).headers.location, `${new URL(link).pathname}?e=changed`);
  assert.equal((await demo.post(`${link}/parts/payments`, { ...oldRest, method: 'redirect' })).headers.location, `${new URL(link).pathname}/parts?e=changed`);
  assert.match(await page(`${link}/parts?e=changed`), /300,00|280,00/);
  assert.equal((await demo.query(`select count(*)::int as n from payment where customer_id = ${customer}`))[0].n, 0);
});

test('a part of a debt without a plan is not taken', async () => {
  const { link, id } = await invoiceOf(demo, 'PLAIN'), [, invoice] = id.split('-');
  debts.set('PLAIN', { link });
  const html = (await demo.get(link)).text, token = /name="token" value="([^"]+)"/.exec(html)[1];
  const answer = await demo.post(`${link}/payments`, { token, amount: '30000', part: `${invoice}:10000:30000`, method: 'redirect' });
  assert.equal(answer.headers.location, `${new URL(link).pathname}?e=changed`);
  assert.equal((await demo.get(`${link}/parts`)).status, 303);
});

test('a broken plan, and one that is asked for, have their words', async () => {
  const broken = await agreed('BROKEN', thirds), asked = await agreed('ASKED', thirds);
  await demo.execute(`select plan_end(customer_id, invoice_id, plan_no, 'broken', 'test', now()) from plan where invoice_id = ${broken.invoice}`);
  assert.match(await page(broken.link), /Plan rat nie jest już ważny .*Do zapłaty 300,00 zł/);
  await demo.execute(`begin; update plan set state = 'asked', decided_at = null, entry_from = null where invoice_id = ${asked.invoice};
    update hold set until = now() + interval '5 days' where invoice_id = ${asked.invoice}; update instalment set is_open = false where invoice_id = ${asked.invoice};
    update invoice set plan_no = null where invoice_id = ${asked.invoice}; commit`);
  assert.match(await page(asked.link), /Prosisz o plan rat .*Odpowiemy najpóźniej \d+ .*Do zapłaty 300,00 zł/);
});

test('the pages are small, and fit a phone and a large screen, in each language, without a script', async () => {
  await agreed('LONG', Array.from({ length: 12 }, (_, i) => [30 * i - 45, 2500]));
  const browser = await openBrowser();
  const phone = await openPhone(browser, { width: 390, height: 844 });
  const desk = await openPhone(browser, { width: 1280, height: 900, isMobile: false, javaScriptEnabled: false });
  const shoot = (shown, name) => shots && shown.screenshot({ path: path.join(shots, `${name.replace(/\W/g, '_')}.png`), fullPage: true });
  for (const [number, where] of [['LONG', ''], ['LONG', '/parts'], ['LONG', '/parts?pay=late'], ['OTHER', '/parts'], ['NEXT', ''], ['BROKEN', ''], ['ASKED', ''], ['REST', '']])
    for (const lang of ['pl', 'en', 'uk']) {
      const url = `${debts.get(number).link}${where}${where.includes('?') ? '&' : '?'}lang=${lang}`;
      const { text: html, status } = await demo.get(url);
      assert.equal(status, 200, url);
      assert.ok(Buffer.byteLength(html) < 14 * 1024, `${number}${where} ${lang}: ${Buffer.byteLength(html)} bytes`);
      await phone.goto(url);
      await assertFits(phone, `${number}${where} ${lang}`);
      await assertAccessible(phone, `${number}${where} ${lang}`);
      await shoot(phone, `${number}${where}_${lang}_390`);
      if (lang !== 'pl') continue;
      await desk.goto(url);
      await assertFits(desk, `${number}${where} on a desk`);
      await shoot(desk, `${number}${where}_1280`);
    }
});
