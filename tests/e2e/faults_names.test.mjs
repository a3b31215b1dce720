// Names, products and numbers that somebody made up to do harm, brought in as any other row and
// followed through every place that shows them: as text, whole, and never as anything else.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { openBrowser, openPhone } from '../support/browser.mjs';
import { eventually, startDemo } from '../support/demo.mjs';
import { invoiceOf, startPayment } from '../support/payer.mjs';

const good = {
  script: '<script>alert(1)</script>',
  svg: '"><svg onload=alert(1)>',
  image: "'><img src=x onerror=alert(1)>",
  template: '{{7*7}} {{{name}}} ${7*7} <%= 7*7 %>',
  override: '\u202egnp.exe',
  emoji: '👩‍👩‍👧 😀🏴‍☠️',
  formula: '=HYPERLINK("http://evil.example","x")',
  command: '@SUM(1+1)*cmd|\' /C calc\'!A0',
  sql: "Robert'); drop table customer; --",
  format: '%n%s%x%d',
  separators: 'a;b,c|d',
  lines: 'Anna\r\nX-Evil: 1',
};
const kinds = Object.keys(good);
// A line break in a cell is a blank to us.
const kept = (kind) => good[kind].replace(/[\r\n]/g, ' ');
// A message shows nothing that turns the words behind it.
const inMessage = (text) => text.replaceAll('\u202e', '');
const numberOf = (kind) => `${kinds.indexOf(kind)} ${kept(kind)}`;
const day = (n) => new Date(Date.now() + n * 86400000).toISOString().slice(0, 10);
const cell = (text) => `"${text.replaceAll('"', '""')}"`;
const head = 'Customer ID;Name;Phone;E-mail;Language;Invoice No.;Product;Amount;Currency;Issue date;Due date\n';
const row = (id, kind, text, number) => [`H-${id}`, cell(text), id % 2 === 0 ? `+4899020${String(1000 + id)}` : '',
  `h${id}@example.com`, 'en', cell(number), cell(text), '120.00', 'PLN', day(0), day(10)].join(';');

const demo = await startDemo();
const browser = await openBrowser();

// A tus upload in one part; the finished import.
async function upload(rows) {
  const bytes = Buffer.from(`${head}${rows.join('\n')}\n`);
  const tus = { 'tus-resumable': '1.0.0' };
  const made = await demo.call('/imports', { method: 'POST', headers: {
    ...tus, 'upload-length': String(bytes.length), 'upload-metadata': `filename ${Buffer.from('names.csv').toString('base64')}` } });
  assert.equal(made.status, 201, made.text);
  const where = new URL(made.headers.location, demo.api).pathname.replace('/api/v1', '');
  const sent = await demo.call(where, { method: 'PATCH', body: bytes, headers: {
    ...tus, 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' } });
  assert.equal(sent.status, 204, sent.text);
  return eventually(async () => {
    const state = (await demo.call(where)).json();
    return ['done', 'failed', 'finished', 'refused'].includes(state.state) ? { ...state, where } : null;
  }, { what: 'the import is over' });
}

// The page runs nothing of it, and loads nothing for it.
async function openSafely(url) {
  const page = await openPhone(browser);
  page.on('dialog', () => assert.fail(`something ran at ${url}`));
  page.on('request', (request) => assert.ok(!/evil|\/x$/.test(request.url()), request.url()));
  await page.goto(url);
  return page;
}

function assertShows(text, wanted, what) {
  const plain = (some) => some.replace(/\s+/g, ' ');
  assert.ok(plain(text).includes(plain(wanted)), `${what}: ${plain(text).slice(0, 600)}`);
}

async function assertHarmless(page, what) {
  assert.equal(await page.locator('svg[onload], img[onerror], a[href*="evil"]').count(), 0, what);
  assert.deepEqual(page.complaints, [], what);
}

let imported;
test('rows with such names go in, but not what is too long', async () => {
  imported = await upload([...kinds.map((kind, i) => row(i, kind, good[kind], `${i} ${good[kind]}`)),
    row(100, 'long', 'ą'.repeat(10000), 'B-long'),
    row(101, 'formula', good.formula, 'B-formula').replace('120.00', 'much')]);
  assert.deepEqual([imported.state, imported.created, imported.bad], ['done', kinds.length, 2]);
  for (const kind of kinds) {
    const invoice = await invoiceOf(demo, numberOf(kind));
    assert.equal(invoice.customer.name, kept(kind));
    assert.equal(invoice.product, kept(kind));
  }
});

test('a file with a NUL or a terminal’s escapes in a name is no text and changes nothing', async () => {
  for (const text of ['Anna\0Kowalska', '\u001b[31mAnna\u001b]0;x\u0007']) {
    const refused = await upload([row(102, 'nul', text, 'B-nul')]);
    assert.deepEqual([refused.state, refused.problem], ['refused', 'csv-no-csv']);
  }
  assert.deepEqual((await demo.call('/invoices?number=B-nul')).json().items, []);
});

test('the API gives them whole, as JSON that no browser takes for a page', async () => {
  for (const kind of kinds) {
    const answer = await demo.call(`/invoices?number=${encodeURIComponent(numberOf(kind))}`);
    assert.match(answer.headers['content-type'], /^application\/json/);
    assert.equal(answer.headers['x-content-type-options'], 'nosniff');
    assert.equal(answer.json().items[0].number, numberOf(kind));
  }
});

test('the list of bad rows is a CSV that computes nothing', async () => {
  const answer = await demo.call(`${imported.where}/bad-rows.csv`);
  assert.match(answer.headers['content-type'], /^text\/csv/);
  assert.match(answer.headers['content-disposition'] ?? '', /^attachment/);
  const cells = answer.text.split(/[;\r\n]/);
  assert.ok(answer.text.includes("'=HYPERLINK("), answer.text.slice(-600));
  assert.deepEqual(cells.filter((each) => /^"?[=@\t]/.test(each)), []);
  assert.ok(answer.text.includes('B-long'));
});

test('the page and the bank show them as text', async () => {
  const page = await openSafely(demo.links[0]);
  for (const kind of kinds) {
    const { link } = await invoiceOf(demo, numberOf(kind));
    await page.goto(link);
    assertShows(await page.textContent('body'), kept(kind), kind);
    await assertHarmless(page, kind);
    assert.doesNotMatch(await page.title(), /Anna|alert|HYPERLINK|7/);
    await page.goto(await startPayment(demo, link));
    assertShows(await page.textContent('body'), numberOf(kind), `${kind} at the bank`);
    await assertHarmless(page, `${kind} at the bank`);
  }
  await page.context().close();
});

test('the phone, the inbox and the overview show them as text', async () => {
  await demo.setClock('advance', { seconds: 86400 });
  const messages = await eventually(async () => {
    const all = [...(await demo.get(`${demo.panes}/phone?limit=500`)).json(), ...(await demo.get(`${demo.panes}/inbox.json?limit=500`)).json()];
    const found = kinds.map((kind) => all.find(({ number }) => number === numberOf(kind)));
    return found.every(Boolean) ? found : null;
  }, { what: 'each of them has got a message' });
  for (const { number, title, body } of messages) assertShows(`${title} ${body}`, inMessage(number), number);
  const page = await openSafely(demo.panes);
  for (const { customer, channel, number, name } of messages) {
    await page.goto(`${demo.panes}${channel === 'email' ? '/inbox' : `/phone?customer=${customer}`}`);
    const list = page.locator('article, a.note, [data-view=inbox] button').filter({ hasText: inMessage(number) });
    await list.first().waitFor();
    assertShows(await page.textContent('body'), name, number);
    await assertHarmless(page, number);
  }
  await page.context().close();
});

test('of all this the log says nothing, and each of its lines is one event', () => {
  const lines = demo.log.filter((line) => line !== '');
  assert.ok(lines.length > 10);
  for (const line of lines.filter((each) => !/^\d+ new, \d+ changed/.test(each))) assert.match(line, /^\d{4}-\d\d-\d\dT[\d:]+Z (error|warn|info|debug) \S+\[\d+\]:? event="/);
  for (const text of [...Object.values(good), 'B-long', 'HYPERLINK', 'X-Evil', '@example.com', '+48990'])
    assert.ok(!demo.log.some((line) => line.includes(text)), text);
});
