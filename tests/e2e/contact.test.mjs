// What a customer wishes of how they are reached, and how they rate it, without JavaScript.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import test from 'node:test';
import { assertAccessible, assertFits, openBrowser, openPhone } from '../support/browser.mjs';
import { startDemo } from '../support/demo.mjs';

const demo = await startDemo();
await demo.setClock('pause');
const browser = await openBrowser();
const [first, second, third] = demo.links;
const LANGUAGES = ['pl', 'en', 'uk'];
const pictures = process.env.PICTURES;
if (pictures) mkdirSync(pictures, { recursive: true });

async function debtOf(link) {
  const { text } = await demo.get(link);
  const number = text.match(/<p class="s">\S+ <bdi>([^<]+)<\/bdi>/)[1];
  const [row] = await demo.query(`
    select i.customer_id, i.invoice_id, i.number, k.reference, k.phone, k.email
    from invoice i join customer k using (customer_id) where i.number = '${number}'`);
  return row;
}

const customer = async (debt) => (await demo.query(`
  select language, preferred_channel, array_to_string(notices_only, ' ') as notices_only,
    array_to_string(opted_out, ' ') as opted_out from customer where customer_id = ${debt.customer_id}`))[0];
const events = (debt, kind) => demo.query(`
  select facts from event
  where customer_id = ${debt.customer_id} and invoice_id = ${debt.invoice_id} and kind = '${kind}' order by event_no`);

async function wish(link, fields, page = undefined) {
  const shown = page ?? (await demo.get(`${link}/contact`)).text;
  const token = shown.match(/name="token" value="([^"]+)"/)[1];
  return demo.post(`${link}/contact`, { token, ...fields });
}

test('the sheet speaks three languages, shows no address and reads well at phone size', async () => {
  const debt = await debtOf(first);
  for (const javaScriptEnabled of [true, false])
    for (const lang of LANGUAGES) {
      const page = await openPhone(browser, { width: 390, height: 844, javaScriptEnabled });
      await page.goto(`${first}/contact?lang=${lang}`);
      assert.equal(await page.getAttribute('html', 'lang'), lang);
      const html = await page.content();
      if (debt.phone) assert.ok(!html.includes(debt.phone) && !html.includes(debt.phone.slice(-6)));
      if (debt.email) assert.ok(!html.includes(debt.email));
      await assertFits(page, lang);
      if (javaScriptEnabled) await assertAccessible(page, lang);
      if (pictures && javaScriptEnabled) await page.screenshot({ path: `${pictures}/contact-${lang}.png`, fullPage: true });
      await page.close();
    }
  if (pictures) {
    const page = await openPhone(browser, { width: 1280, height: 900 });
    await page.goto(`${first}/contact`);
    await page.screenshot({ path: `${pictures}/contact-desktop.png`, fullPage: true });
    await page.close();
  }
  assert.ok((await demo.get(first)).text.includes('/contact"'), 'the main page leads there');
});

test('a call is asked for with one tap, once while it is open, and stands on the call list', async () => {
  const debt = await debtOf(first);
  const page = await openPhone(browser, { width: 390, height: 844, javaScriptEnabled: false });
  await page.goto(`${first}/contact?lang=en`);
  const value = await page.locator('input[name=when]').last().getAttribute('value');
  await page.locator('input[name=when]').last().check();
  await page.click('text=Please call me');
  assert.ok(page.url().endsWith('/contact?done=call&lang=en'), page.url());
  assert.match(await page.textContent('main'), /We will call: .*\d\d:\d\d/);
  if (pictures) await page.screenshot({ path: `${pictures}/contact-asked.png`, fullPage: true });
  await page.close();

  const again = await wish(first, { purpose: 'call', when: value });
  assert.equal(again.status, 303);
  const rows = await demo.query(`select step, list, state, reason, text from work_item
    where customer_id = ${debt.customer_id} and invoice_id = ${debt.invoice_id} and reason = 'asked by customer'`);
  assert.equal(rows.length, 1);
  assert.deepEqual({ ...rows[0], text: rows[0].text.slice(0, 10) },
    { step: 'asked_1', list: 'call', state: 'open', reason: 'asked by customer', text: value.slice(0, 10) });
  assert.equal((await events(debt, 'call.asked')).length, 1);
  const { items } = await demo.call('/calls?limit=200').then((answer) => answer.json());
  assert.ok(items.some((item) => item.why === 'asked by customer' && item.number === debt.number));
  // Who has promised, or disputes, is not dunned; who asked for a call is called.
  await demo.execute(`insert into hold (customer_id, invoice_id, hold_no, kind, created_at)
    values (${debt.customer_id}, ${debt.invoice_id}, 900, 'dispute', now())`);
  const held = await demo.call('/calls?limit=200').then((answer) => answer.json());
  assert.deepEqual(held.items.filter(({ number }) => number === debt.number).map(({ why }) => why), ['asked by customer']);
  await demo.execute(`delete from hold where customer_id = ${debt.customer_id} and hold_no = 900`);

  await demo.execute(`update work_item set state = 'done' where customer_id = ${debt.customer_id} and step = 'asked_1'`);
  assert.equal((await wish(first, { purpose: 'call', when: value })).status, 303);
  assert.equal((await events(debt, 'call.asked')).length, 2, 'when the first was made another may be asked for');
});

test('two browsers that ask for a call at once get one', async () => {
  const debt = await debtOf(second);
  const html = (await demo.get(`${second}/contact`)).text;
  const values = [...html.matchAll(/name="when" value="([^"]+)"/g)].map((m) => m[1]);
  const other = (await demo.get(`${second}/contact`)).text;
  const answers = await Promise.all([
    wish(second, { purpose: 'call', when: values[0] }, html),
    wish(second, { purpose: 'call', when: values.at(-1) }, other),
  ]);
  assert.deepEqual(answers.map((answer) => answer.status), [303, 303]);
  assert.equal((await events(debt, 'call.asked')).length, 1);
});

test('a time that is not offered, and words that are no wish, change nothing', async () => {
  const debt = await debtOf(third);
  const late = await wish(third, { purpose: 'call', when: '2020-01-01.morning' });
  assert.equal(late.status, 409);
  assert.match(late.text, /href="[^"]*\/contact/, 'a way on');
  for (const fields of [{ purpose: 'call' }, { purpose: 'channel', channel: 'pigeon' }, { purpose: 'language', language: 'xx' },
    { purpose: 'phone', phone: '+48600000000' }, {}])
    assert.equal((await wish(third, fields)).status, 403, JSON.stringify(fields));
  const forged = await demo.post(`${third}/contact`, { token: 'x'.repeat(44), purpose: 'refuse' });
  assert.equal(forged.status, 403);
  assert.deepEqual(await events(debt, 'call.asked'), []);
  assert.deepEqual(await events(debt, 'contact.changed'), []);
  assert.equal((await demo.get(`${new URL('/', first)}AAAAAAAAAAAAAAAAAA/contact`)).status, 404);
});

test('the way one likes best, and reminders that are refused, are kept as the unsubscribe page keeps them', async () => {
  const debt = await debtOf(first);
  await demo.execute(`update customer set preferred_channel = null, notices_only = '{}', opted_out = '{voice}'
    where customer_id = ${debt.customer_id}`);
  const told = (await events(debt, 'customer.channels')).length;
  assert.equal((await wish(first, { purpose: 'channel', channel: 'email' })).status, 303);
  assert.equal((await wish(first, { purpose: 'channel', channel: 'email' })).status, 303);
  assert.equal((await customer(debt)).preferred_channel, 'email');
  assert.equal((await events(debt, 'customer.channels')).length, told + 1, 'the same once more is nothing new');
  assert.equal((await wish(first, { purpose: 'channel', channel: 'voice' })).status, 409, 'refused altogether');
  assert.equal((await wish(first, { purpose: 'refuse', refuse_sms: '1', refuse_email: '1' })).status, 303);
  assert.deepEqual(await customer(debt), { ...(await customer(debt)), notices_only: 'email sms', opted_out: 'voice' });
  assert.match((await demo.get(`${first}/contact`)).text, /name="refuse_sms" value="1" checked/);
  assert.equal((await wish(first, { purpose: 'refuse', refuse_email: '1' })).status, 303);
  assert.equal((await customer(debt)).notices_only, 'email');
  assert.equal((await customer(debt)).opted_out, 'voice', 'nobody opens by the link what was closed');
  assert.equal((await wish(first, { purpose: 'channel', channel: '' })).status, 303);
  assert.equal((await customer(debt)).preferred_channel, null);
});

test('a language that is chosen here is kept; one chosen in the head is of that visit', async () => {
  const debt = await debtOf(second);
  const was = (await customer(debt)).language;
  const other = was === 'uk' ? 'pl' : 'uk';
  await demo.get(`${second}?lang=${other}`);
  assert.equal((await customer(debt)).language, was);
  const answer = await wish(second, { purpose: 'language', language: other });
  assert.equal(answer.status, 303);
  assert.ok(!answer.headers.location.includes('lang='));
  assert.equal((await customer(debt)).language, other);
  assert.match((await demo.get(second)).text, new RegExp(`<html lang="${other}">`));
  assert.deepEqual((await events(debt, 'contact.changed')).map((row) => JSON.parse(row.facts)), [{ language: other, by: 'link' }]);
});

/* ---- rating ---- */

const these = (debt) => `customer_id = ${debt.customer_id} and invoice_id = ${debt.invoice_id}`;

async function pay(debt) {
  const { now } = await demo.pane('/clock');
  await demo.execute(`
    begin;
    insert into payment (customer_id, payment_no, link_no, provider, account, method, amount_minor, currency, state,
        provider_reference, form_nonce, created_at, changed_at)
      select i.customer_id, 900, i.link_no, 'sandbox', 'default', 'redirect', i.due_minor, i.currency, 'paid', 'SB-1', 'n900',
        '${now}', '${now}' from invoice i where ${these(debt)};
    insert into payment_allocation (customer_id, payment_no, invoice_id, amount_minor)
      select i.customer_id, 900, i.invoice_id, i.due_minor from invoice i where ${these(debt)};
    insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor, currency, payment_no, at)
      select i.customer_id, i.invoice_id, i.entry_count + 1, 'payment', -i.due_minor, i.currency, 900, '${now}'
      from invoice i where ${these(debt)};
    update customer set payment_count = 950 where customer_id = ${debt.customer_id};
    update invoice set due_minor = 0, entry_count = entry_count + 1, paid_at = '${now}' where ${these(debt)};
    commit`);
}

const rate = async (link, token, fields) => demo.post(`${link}/rating`, { token, ...fields });
const tokenOf = async (link) => (await demo.get(link)).text.match(/\/rating"><input type="hidden" name="token" value="([^"]+)"/)?.[1];
const ratings = (debt) => demo.query(`select stars from rating where ${these(debt)}`);

test('who has paid is asked how it was; the answer arrives in the results, its word stays personal', async () => {
  const debt = await debtOf(third);
  assert.equal(await tokenOf(third), undefined, 'not before');
  await pay(debt);
  for (const lang of LANGUAGES) {
    const page = await openPhone(browser, { width: 390, height: 844, javaScriptEnabled: true });
    await page.goto(`${third}?lang=${lang}`);
    await assertFits(page, lang);
    await assertAccessible(page, lang);
    if (pictures) await page.screenshot({ path: `${pictures}/rating-${lang}.png`, fullPage: true });
    await page.close();
  }
  const page = await openPhone(browser, { width: 390, height: 844, javaScriptEnabled: false });
  await page.goto(`${third}?lang=en`);
  await page.check('input[name=stars][value="4"]');
  await page.fill('textarea[name=word]', 'Quick, thank you.\nAnna');
  await page.click('text=Send');
  assert.match(await page.textContent('main'), /Thank you for your answer/);
  if (pictures) await page.screenshot({ path: `${pictures}/rated.png`, fullPage: true });
  await page.close();
  assert.deepEqual(await ratings(debt), [{ stars: 4 }]);
  const [row] = await demo.query(`
    select e.facts, p.data, e.personal_hash = sha256(p.salt || convert_to(p.data, 'UTF8')) as is_proved
    from event e join event_personal p using (customer_id, invoice_id, event_no)
    where ${these(debt)} and e.kind = 'rating.given'`);
  const { page: shown, ...facts } = JSON.parse(row.facts);
  assert.deepEqual(facts, { stars: 4 });
  assert.equal((await demo.query(`select from page_version where version = '${shown}'`)).length, 1, 'the page that asked');
  assert.match(JSON.parse(row.data).word, /^Quick, thank you\.\r\nAnna$/);
  assert.equal(row.is_proved, true);
  const day = '2026-01-05'; // of which nothing else was due
  await demo.execute(`update invoice set due_date = '${day}' where ${these(debt)}`);
  const results = await demo.call(`/results?from=${day}&to=${day}&by=segment`).then((answer) => answer.json());
  assert.deepEqual(results.items.map((item) => [item.ratings, item.rating_hundredths]), [[1, 400]]);
});

test('one answer a debt: the same form is one deed, another within a day changes it, later it stays', async () => {
  const debt = await debtOf(third);
  const count = async () => (await events(debt, 'rating.given')).length;
  const token = await tokenOf(third);
  assert.equal((await rate(third, token, { stars: '2', word: '' })).status, 200);
  assert.equal((await rate(third, token, { stars: '2', word: '' })).status, 200);
  assert.deepEqual(await ratings(debt), [{ stars: 2 }]);
  assert.equal(await count(), 2);
  for (const fields of [{}, { stars: '0' }, { stars: '6' }, { stars: '55' }, { stars: '3', word: 'ż'.repeat(501) }])
    assert.equal((await rate(third, token, fields)).status, 422, JSON.stringify(fields).slice(0, 40));
  assert.equal((await rate(third, await tokenOf(third), { stars: '3', word: 'ż'.repeat(500) })).status, 200);
  await demo.execute(`update rating set at = at - interval '25 hours' where ${these(debt)}`);
  assert.equal((await rate(third, await tokenOf(third), { stars: '1' })).status, 409);
  assert.deepEqual(await ratings(debt), [{ stars: 3 }]);
  assert.equal(await count(), 3);
  const foreign = await rate(first, token, { stars: '5' });
  assert.equal(foreign.status, 403, 'a form of another link');
});
