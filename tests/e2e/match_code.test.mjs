// The match code: the same on the page, in the messages that lead there and over both APIs; and the
// page that says how to check without a click.
import assert from 'node:assert/strict';
import test from 'node:test';
import { assertAccessible, assertFits, openBrowser, openPhone } from '../support/browser.mjs';
import { startDemo } from '../support/demo.mjs';

const demo = await startDemo();
await demo.setClock('pause');
const link = demo.links[0];
const browser = await openBrowser();

const codeOf = (html) => html.match(/<b>([2-9C-Y]{2}-[2-9C-Y]{2})<\/b>/)?.[1];

test('the page, its sheets, the API and the messages show one code for one link', async () => {
  const page = await demo.get(link);
  const code = codeOf(page.text);
  assert.match(code, /^[2-9CDFGHJKMNPQRTVWXY]{2}-[2-9CDFGHJKMNPQRTVWXY]{2}$/);
  assert.equal(codeOf((await demo.get(`${link}?lang=uk`)).text), code);
  const { items } = await demo.call('/invoices?limit=200').then((answer) => answer.json());
  const listed = items.find((item) => item.link === link);
  assert.equal(listed.match_code, code);
  assert.equal((await demo.call(`/invoices/${listed.id}`).then((answer) => answer.json())).match_code, code);
  const linked = items.filter((item) => item.link !== null);
  assert.equal(new Set(linked.map((item) => item.match_code)).size, linked.length, 'one code for each link');
  assert.ok(items.every((item) => (item.link === null) === (item.match_code === null)));
});

test('a message says the code of the page that its link leads to', async () => {
  const rows = await demo.query("select body from sandbox_message where channel in ('sms', 'email')");
  const said = rows.map(({ body }) => ({
    code: body.match(/(?:Kod|Code|Код)[^.\n]* ([2-9C-Y]{2}-[2-9C-Y]{2})/)?.[1],
    to: body.match(/https:\S+\/[0-9A-Za-z]{18}/)?.[0],
  })).filter(({ code, to }) => code !== undefined && to !== undefined);
  assert.ok(said.length > 0, `${rows.length} messages, none with a code`);
  for (const { code, to } of said.slice(0, 5)) assert.equal(codeOf((await demo.get(to)).text), code, to);
});

test('how to check is the same page for everybody, in three languages, and links lead there', async () => {
  const url = new URL('/check', link).href;
  const texts = { pl: 'CERT Polska, bezpłatnie', en: 'CERT Polska, free of charge', uk: 'CERT Polska, безкоштовно' };
  for (const [lang, says] of Object.entries(texts)) {
    const page = await demo.get(`${url}?lang=${lang}`);
    assert.equal(page.status, 200);
    assert.ok(page.text.includes(says), lang);
    assert.ok(page.text.includes(`<html lang="${lang}">`));
    assert.equal((await demo.get(`${url}?lang=${lang}`)).text, page.text);
    assert.equal(codeOf(page.text), 'K7-Q2', 'the example alone');
  }
  assert.equal((await demo.get(url, { headers: { 'accept-language': 'uk' } })).text.includes('lang="uk"'), true);
  assert.ok((await demo.get(link)).text.includes('href="/check"'));
  assert.equal((await demo.get(url, { method: 'POST' })).status, 405);
});

test('it fits a telephone and reads well aloud', async () => {
  const page = await openPhone(browser);
  await page.goto(`${new URL('/check', link).href}?lang=uk`);
  await assertFits(page);
  await assertAccessible(page);
  await page.close();
});
