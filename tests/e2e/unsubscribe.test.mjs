// Out of reminders by mail with one click, and who has really seen a page.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { openBrowser, openPhone } from '../support/browser.mjs';
import { dunlin, eventually } from '../support/demo.mjs';
import { request } from '../support/https.mjs';
import { startMailGateway } from '../support/mail_gateway.mjs';
import { metricOf, parseMetrics } from '../support/prometheus.mjs';

const owed = await startMailGateway(6), { remind, reminder, server } = owed;
const sent = async (n, step = 'due') => {
  await remind(n, `row${n}@example.com`, step);
  await eventually(async () => (await reminder(n, step)).state === 'sent', { what: `mail ${n}`, every: 20 });
  return server.to(`row${n}@example.com`).at(-1);
};
const addressOf = (mail) => new URL(mail.raw.match(/List-Unsubscribe: <([^>]+)>/)[1]);

const post = (url, headers, body, method = 'POST') => request(url, { method, ca: owed.caText, headers, body });
const form = (url, body, headers = {}) => post(url, { 'content-type': 'application/x-www-form-urlencoded', ...headers }, body);
const refused = async (n) => (await owed.customer(n)).notices_only;
const events = (n, kind) => owed.query(`select e.* from event e join invoice i using (customer_id, invoice_id)
  where i.number = 'FV/${n}' and e.kind = '${kind}' order by e.event_no`);
const metric = async (name) => metricOf(parseMetrics((await request(
  `http://127.0.0.1:${owed.gateway.operatorsPort}/metrics`)).text), `dunlin_${name}_total`);

test('looking changes nothing; one click is enough, and as often as one likes', async () => {
  const url = addressOf(await sent(0)).href;
  const looked = await post(url, {}, undefined, 'GET');
  assert.equal(looked.status, 200);
  assert.match(looked.text, /Wyłącz przypomnienia/);
  assert.match(looked.text, /o zaległości, nadal będzie przychodzić/);
  assert.equal((await post(url, {}, undefined, 'HEAD')).status, 200);
  assert.deepEqual(await refused(0), []);
  for (let i = 0; i < 2; ++i) {
    const answer = await form(url, 'List-Unsubscribe=One-Click'); // as a mailbox provider: no cookie, no Sec-Fetch-Site
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.location, undefined);
    assert.match(answer.text, /Przypomnienia e-mailem są wyłączone/);
  }
  assert.deepEqual(await refused(0), ['email']);
  const [event, ...more] = await events(0, 'customer.channels');
  assert.deepEqual(JSON.parse(event.facts), { opted_out: [], notices_only: ['email'], consented: [], by: 'link' });
  assert.deepEqual(more, []);
});

test('the next reminder honours it', async () => {
  const before = server.mails.length;
  await remind(0, 'row0@example.com', 'before_2');
  const row = await eventually(async () => {
    const r = await reminder(0, 'before_2');
    return r.state !== 'scheduled' && r.state !== 'claimed' && r;
  }, { what: 'the reminder is decided', every: 20 });
  assert.equal(row.state, 'skipped');
  assert.equal(server.mails.length, before);
  const { facts } = (await events(0, 'reminder.skipped')).at(-1);
  assert.match(JSON.parse(facts).passed_over, /email: notices only/);
});

test('a notice that may not be refused still comes, and offers no click', async () => {
  const mail = await sent(0, 'after_2');
  assert.match(mail.subject, /FV\/0/);
  assert.doesNotMatch(mail.raw, /List-Unsubscribe/);
});

test('providers send it as multipart, too', async () => {
  const url = addressOf(await sent(1)).href, boundary = 'x7';
  const body = `--${boundary}\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--${boundary}--\r\n`;
  const answer = await post(url, { 'content-type': `multipart/form-data; boundary=${boundary}` }, body);
  assert.equal(answer.status, 200);
  assert.deepEqual(await refused(1), ['email']);
});

test('without the words, or with a forged code, nothing happens', async () => {
  const url = addressOf(await sent(2));
  for (const body of ['', 'List-Unsubscribe=No', 'x=One-Click']) assert.equal((await form(url.href, body)).status, 403);
  const forged = url.href.replace(/\/([0-9A-Za-z]{17})[0-9A-Za-z]\/unsubscribe/, '/$1_/unsubscribe');
  assert.equal((await form(forged, 'List-Unsubscribe=One-Click')).status, 404);
  assert.deepEqual(await refused(2), []);
});

const browser = await openBrowser();

test('a person finds one button, and the way back', async () => {
  const url = addressOf(await sent(3)).href, page = await openPhone(browser, { ignoreHTTPSErrors: true });
  await page.goto(`${url}?lang=en`);
  assert.equal(await page.locator('button').count(), 1);
  await page.locator('button').click();
  await page.getByRole('heading', { name: 'No more reminders by e-mail' }).waitFor();
  assert.deepEqual(await refused(3), ['email']);
  await page.getByText('Back to the payment').click();
  await page.waitForURL(url.replace('/unsubscribe', '?lang=en'));
});

test('a scanner opens the page and nobody has answered; a person touches it and has', async () => {
  const url = addressOf(await sent(4)).href.replace('/unsubscribe', '');
  const robots = await metric('pages_robots');
  await post(url, { 'user-agent': 'LinkScanner/1.0 (bot)' }, undefined, 'GET');
  assert.equal(await metric('pages_robots'), robots + 1);
  assert.equal((await form(`${url}/seen`, 'token=x')).status, 204); // anybody may knock
  const page = await openPhone(browser, { ignoreHTTPSErrors: true });
  const told = page.waitForRequest((r) => r.url() === `${url}/seen`);
  await page.goto(url);
  await page.evaluate(() => document.querySelector('main').dispatchEvent(new Event('pointerdown', { bubbles: true })));
  assert.equal((await reminder(4)).opened_at, null);
  await page.waitForFunction(() => performance.now() > 1600);
  await page.touchscreen.tap(100, 300);
  assert.equal((await told).method(), 'POST');
  await eventually(async () => (await reminder(4)).opened_at, { what: 'the reminder is answered' });
  const [event, ...more] = await events(4, 'reminder.opened');
  const { page: shown, ...facts } = JSON.parse(event.facts);
  assert.deepEqual(facts, { steps: ['due'], by: 'page' });
  assert.match(shown, /^[0-9a-f]{64}$/, 'the version of the page that was touched');
  assert.deepEqual(more, []);
});

test('the creditor\'s systems read and set the same', async () => {
  const settings = ['--settings', path.join(owed.gateway.dir, 'dunlin.yaml')];
  const key = execFileSync(dunlin, ['key', 'api', 'make', 'crm', 'customers', ...settings], { encoding: 'utf8' }).trim();
  const url = (reference) => `${owed.gateway.settings.private.url}/api/v1/customers/${reference}/channels`;
  const ca = readFileSync(owed.gateway.settings.private.certificate);
  const ask = (reference, method = 'GET', body = undefined) => request(url(reference), { method, ca,
    headers: { authorization: `Bearer ${key}`, ...(body && { 'content-type': 'application/json' }) }, body: body && JSON.stringify(body) });
  const { preferred, email, sms, faults } = (await ask('K0')).json();
  assert.deepEqual([preferred, email, sms, faults], [null, 'notices_only', 'opted_in', {}]);
  assert.equal((await ask('K0', 'PUT', { email: 'opted_in', sms: 'consented', voice: 'opted_out', preferred: 'email' })).status, 204);
  const now = (await ask('K0')).json();
  assert.deepEqual([now.preferred, now.email, now.sms, now.voice, now.push], ['email', 'opted_in', 'consented', 'opted_out', 'opted_in']);
  assert.equal((await ask('K0', 'PUT', { sms: 'opted_out' })).status, 204);
  assert.equal((await ask('K0')).json().sms, 'opted_out');
  // Out of the channel as a whole: no notice comes that way either, and the click in an old mail takes nothing back.
  assert.equal((await ask('K0', 'PUT', { email: 'opted_out' })).status, 204);
  await form(addressOf(server.to('row0@example.com')[0]).href, 'List-Unsubscribe=One-Click');
  assert.equal((await ask('K0')).json().email, 'opted_out');
  await remind(0, 'row0@example.com', 'after_9');
  await eventually(async () => (await reminder(0, 'after_9')).state === 'skipped', { what: 'the notice is skipped', every: 20 });
  assert.equal((await ask('K0', 'PUT', { email: 'notices_only' })).status, 204);
  assert.equal((await ask('K0')).json().email, 'notices_only');
  assert.equal((await ask('K0', 'PUT', { email: 'opted_in' })).status, 204);
  assert.equal((await ask('K0')).json().email, 'opted_in');
  assert.equal((await ask('nobody')).status, 404);
  assert.equal((await ask('nobody', 'PUT', { sms: 'opted_out' })).status, 404);
  for (const bad of [{ fax: 'opted_out' }, { sms: 'maybe' }, { preferred: 'fax' }, { sms: true }])
    assert.equal((await ask('K0', 'PUT', bad)).status, 400);
});
