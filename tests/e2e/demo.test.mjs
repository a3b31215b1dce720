// The demo as people and scripts meet it: what it prints, what its panes show, and the whole story of
// a debt from the first message to the thank-you.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertAccessible, assertFits, openBrowser, openPhone } from '../support/browser.mjs';
import { eventually, startDemo } from '../support/demo.mjs';
import { request } from '../support/https.mjs';
import { invoiceOf, invoiceWhen } from '../support/payer.mjs';

const paid = ({ due_minor: due }) => due === 0;
const kinds = (invoice) => invoice.ledger.map(({ kind, amount_minor: amount }) => [kind, amount]);

const demo = await startDemo();
const browser = await openBrowser();

test('prints one line of JSON with just what scripts need, when all listeners answer', async () => {
  const { links, sandbox } = demo;
  assert.deepEqual(Object.keys(demo.ready),
    ['url', 'api', 'console', 'ca', 'api_key', 'phone', 'clock', 'sandbox', 'links']);
  assert.equal(sandbox.callback, `${demo.url}/callbacks/sandbox`);
  for (const where of [demo.ready.phone, demo.ready.clock]) {
    const answer = await request(where);
    assert.match(answer.headers['content-type'], /^application\/json/);
  }
  assert.equal(links.length, 5);
  for (const link of links) {
    assert.match(link, /\/[0-9A-Za-z]{1,18}$/);
    assert.equal((await demo.get(link)).status, 200);
  }
  assert.equal((await demo.get(demo.console)).status, 200);
  assert.equal((await request(`${demo.operators}/readyz`)).status, 200);
  assert.equal((await request(`${demo.panes}/clock`)).status, 200);
  assert.match(sandbox.secret, /^whsec_/);
  const [{ count }] = await demo.query('select count(*)::int from customer');
  assert.equal(count, 500);
});

test('the story: a message on the phone, the page, the bank on another origin, paid, thanked', async () => {
  const message = await eventually(async () => (await demo.pane('/phone.json?channel=sms'))
    .find(({ link, step }) => link && !step.startsWith('thanks')), { what: 'an SMS with a link' });
  const before = await invoiceOf(demo, message.number);
  const page = await openPhone(browser, { width: 390, height: 844 });
  await page.goto(`${demo.panes}/phone?customer=${message.customer}`);
  const [shop] = await Promise.all([
    page.context().waitForEvent('page'),
    page.locator(`a[href="${message.link}"]`).first().click(),
  ]);
  await shop.waitForLoadState();
  assert.equal(new URL(shop.url()).origin, demo.url);
  await shop.locator('button[value=redirect]').click();
  await shop.waitForURL(`${demo.panes}/bank/pay/**`);
  assert.notEqual(new URL(shop.url()).origin, demo.url);
  await assertAccessible(shop, 'the bank');
  await assertFits(shop, 'the bank');
  await shop.locator('button[value=pay]').click();
  await shop.waitForURL(`${demo.url}/**`);
  const after = await invoiceWhen(demo, message.number, paid, 'paid');
  assert.deepEqual(kinds(after).slice(before.ledger.length), [['payment', -before.due_minor]]);
  assert.equal(after.reminders.filter(({ state }) => state === 'scheduled' || state === 'claimed')
    .filter(({ step }) => !step.startsWith('thanks')).length, 0, 'what was scheduled is cancelled');
  await shop.goto(message.link);
  assert.match(await shop.textContent('main'), /Zapłacone|Paid|Оплачено|Сплачено/);
  const thanks = await eventually(async () => (await demo.pane(`/phone.json?customer=${message.customer}`))
    .find(({ step }) => step.startsWith('thanks')), { what: 'the thank-you' });
  assert.match(thanks.body, /Dziękujemy|Dziekujemy|Thank you|Дякуємо/i);
  assert.deepEqual(page.complaints, []);
});

test('the panes are accessible and fit a phone and a desk, light and dark', async () => {
  for (const [width, height, colorScheme] of [[390, 844, 'light'], [1440, 1000, 'dark']]) {
    const page = await openPhone(browser, { width, height, colorScheme, isMobile: width < 500 });
    for (const where of ['/', '/phone', '/inbox', '/bank']) {
      await page.goto(`${demo.panes}${where}`);
      await page.locator('.clock time').filter({ hasText: /\d/ }).waitFor();
      await assertAccessible(page, `${where} at ${width}`);
      await assertFits(page, `${where} at ${width}`);
    }
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  }
});

test('answers only to its own name, and to no form from elsewhere', async () => {
  const port = new URL(demo.panes).port;
  const foreign = await request(`${demo.panes}/phone.json`, { headers: { host: `evil.example:${port}` } });
  assert.equal(foreign.status, 403);
  const form = await request(`${demo.panes}/clock`, {
    method: 'POST', body: 'action=pause',
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'cross-site' },
  });
  assert.equal(form.status, 403);
});

test('the bank starts nothing without its key and sends nobody elsewhere', async () => {
  const body = JSON.stringify({ reference: 'r1', amount_minor: 100, currency: 'PLN', title: 't', language: 'pl', return_url: 'https://evil.example/', callback_url: `${demo.url}/callbacks/sandbox` });
  const headers = { 'content-type': 'application/json' };
  assert.equal((await request(`${demo.panes}/bank/api/payments`, { method: 'POST', headers, body })).status, 401);
});

test('the clock goes forward, pauses and runs, never back', async () => {
  const paused = await demo.setClock('pause');
  assert.equal(paused.running, false);
  const later = await demo.setClock('advance', { seconds: 3600 });
  assert.equal(Date.parse(later.now) - Date.parse(paused.now), 3600 * 1000);
  await assert.rejects(demo.setClock('advance', { seconds: -1 }), /422/);
  await assert.rejects(demo.setClock('rewind'), /422/);
  const running = await demo.setClock('run');
  assert.equal(running.running, true);
  assert.equal(running.speed, 1);
});
