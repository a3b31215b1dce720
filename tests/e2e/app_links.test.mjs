// Links that open the app: the two files that phones ask for, the page's offer, and the host that it
// leads to, which shows who has no app the same page.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { cpSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { test } from 'node:test';

import { assertAccessible, assertFits, openBrowser, openPhone } from '../support/browser.mjs';
import { atEnd, temporaryFolder } from '../support/cleanup.mjs';
import { eventually, freePorts } from '../support/demo.mjs';
import { makeCertificate } from '../support/gateway.mjs';
import { request } from '../support/https.mjs';
import { startOwed } from '../support/owed.mjs';

const FINGERPRINTS = ['1', '2'].map((digit) => Array(32).fill(`A${digit}`).join(':'));

// A bank that says where to pay, and what it was told. Its page is of another origin than ours.
const told = [];
const bank = createServer(async (incoming, answer) => {
  if (incoming.method === 'GET') {
    answer.setHeader('content-type', 'text/html').end('<!doctype html><title>Bank</title><h1>Bank');
    return;
  }
  const order = JSON.parse((await incoming.toArray()).join(''));
  told.push(order);
  const page = order.blik_code === undefined ? `http://127.0.0.1:${bank.address().port}/pay` : '';
  answer.setHeader('content-type', 'application/json').end(JSON.stringify({ id: `B${told.length}`, redirect_url: page }));
}).listen(0, '127.0.0.1');
await once(bank, 'listening');
atEnd(() => bank.close());

const folder = temporaryFolder(), port = await freePorts(1);
const owed = await startOwed(2, {
  public: { listen: `127.0.0.1:${port}`, url: `https://localhost:${port}` },
  creditor: { account: 'PL61109010140000071219812874' },
  app_links: {
    host: `https://app.localhost:${port}`,
    ...makeCertificate(folder, 'app', 'DNS:app.localhost'),
    ios_app_ids: ['ABCDE12345.com.example.bank'],
    android_packages: [`com.example.bank=${FINGERPRINTS[0]}`, `com.example.bank=${FINGERPRINTS[1].toLowerCase()}`],
  },
}, [], `http://127.0.0.1:${bank.address().port}`);
const { gateway } = owed;
const [link, otherLink] = ['FV/0', 'FV/1'].map((number) => gateway.linkOf(number));
const atAppHost = link.replace('localhost', 'app.localhost');
const browser = await openBrowser();

const FILES = {
  '/.well-known/apple-app-site-association': {
    applinks: { details: [{ appIDs: ['ABCDE12345.com.example.bank'], components: [{ '/': `/${'?'.repeat(18)}` }] }] },
  },
  '/.well-known/assetlinks.json': [{
    relation: ['delegate_permission/common.handle_all_urls'],
    target: { namespace: 'android_app', package_name: 'com.example.bank', sha256_cert_fingerprints: FINGERPRINTS },
  }],
};

for (const [file, expected] of Object.entries(FILES)) {
  test(`${file} is there for anybody, under both names, as it must be`, async () => {
    for (const agent of ['AASA-Bot/1.0.0', 'Mozilla/5.0 (compatible; Google-AssetLinks)', undefined])
      for (const method of ['GET', 'HEAD'])
        for (const name of ['localhost', 'app.localhost']) {
          const { answers: [answer], text } = await gateway.exchange(
            `${method} ${file} HTTP/1.1\r\nHost: ${name}:${port}\r\n${agent ? `User-Agent: ${agent}\r\n` : ''}Connection: close\r\n\r\n`,
            { servername: name });
          assert.equal(answer.status, 200);
          assert.equal(answer.headers['content-type'], 'application/json');
          assert.equal(answer.headers['cache-control'], 'max-age=3600');
          assert.equal(text.match(/cache-control/gi).length, 1);
          assert.equal(answer.headers.location, undefined);
          assert.equal(answer.headers['x-content-type-options'], 'nosniff');
          assert.equal(Number(answer.headers['content-length']), JSON.stringify(expected).length + 1);
          if (method === 'GET') assert.deepEqual(JSON.parse(answer.body), expected);
          else assert.ok(text.endsWith('\r\n\r\n'));
        }
  });
}

// What a code may look like, by the pattern that iOS is given.
test('the pattern fits a link and nothing else of ours', () => {
  const [{ '/': pattern }] = FILES['/.well-known/apple-app-site-association'].applinks.details[0].components;
  const fits = (where) => new RegExp(`^${pattern.replaceAll('?', '.')}$`).test(where);
  assert.ok(fits(new URL(link).pathname));
  for (const other of [`${new URL(link).pathname}/qr.svg`, `${new URL(link).pathname}/payments`, `/back/${'a'.repeat(18)}`,
    '/favicon.svg', '/callbacks/sandbox', '/.well-known/security.txt']) assert.ok(!fits(other), other);
});

async function certificateFor(servername) {
  const socket = await gateway.connect({ servername });
  const { raw } = socket.getPeerCertificate();
  socket.destroy();
  return new X509Certificate(raw);
}

test('each host name gets its own certificate, and the new one once it is replaced', async () => {
  assert.match((await certificateFor('localhost')).subjectAltName, /DNS:localhost/);
  assert.match((await certificateFor('other.localhost')).subjectAltName, /DNS:localhost/);
  const old = await certificateFor('APP.localhost');
  assert.equal(old.subjectAltName, 'DNS:app.localhost');
  const fresh = makeCertificate(temporaryFolder(), 'app', 'DNS:app.localhost');
  const publicBefore = (await certificateFor('localhost')).serialNumber;
  cpSync(fresh.key, gateway.settings.app_links.key);
  cpSync(fresh.certificate, gateway.settings.app_links.certificate);
  gateway.child.kill('SIGHUP');
  const { serialNumber } = new X509Certificate(readFileSync(fresh.certificate));
  await eventually(async () => (await certificateFor('app.localhost')).serialNumber === serialNumber,
    { what: 'the new certificate is served' });
  assert.equal((await certificateFor('localhost')).serialNumber, publicBefore);
});

// A whole visit by somebody without the app: offered, opened in the browser all the same, paid there.
for (const javaScriptEnabled of [true, false]) {
  test(`who has no app pays at the app's host ${javaScriptEnabled ? 'with' : 'without'} JavaScript`, async () => {
    const page = await openPhone(browser, { javaScriptEnabled });
    await page.goto(link);
    await page.click('text=Otwórz w aplikacji');
    assert.equal(page.url(), atAppHost);
    const text = (await page.textContent('body')).replaceAll('\u00a0', ' ');
    assert.match(text, /100,00 zł/);
    assert.doesNotMatch(text, /Otwórz w aplikacji/);
    await page.click('nav a[lang=en]');
    assert.equal(page.url(), `${atAppHost}?lang=en`);
    told.length = 0;
    await page.click('button[value=redirect]');
    await page.waitForSelector('text=Bank');
    assert.equal(new URL(page.url()).port, String(bank.address().port));
    assert.equal(told.length, 1);
    // The bank sends them back to the page's own host.
    assert.ok(told[0].return_url.startsWith(`https://localhost:${port}/back/`));
    await page.goto(told[0].return_url);
    assert.ok(page.url().startsWith(link));
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });
}

test("a BLIK code given at the app's host is waited for there", async () => {
  const page = await openPhone(browser);
  await page.goto(otherLink.replace('localhost', 'app.localhost'));
  told.length = 0;
  await page.fill('input[name=blik]', '777123');
  await page.click('button[value=blik]');
  await page.waitForSelector('text=Potwierdź w aplikacji banku');
  assert.equal(told[0].blik_code, '777123');
  assert.equal(new URL(page.url()).hostname, 'app.localhost');
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('a form from one host does not pass at the other', async () => {
  const { text } = await request(link, { ca: owed.caText });
  const [, token] = text.match(/name="token" value="([^"]*)"/);
  const body = new URLSearchParams({ token, amount: '10000', method: 'redirect' }).toString();
  const { answers: [answer] } = await gateway.exchange(
    `POST ${new URL(link).pathname}/payments HTTP/1.1\r\nHost: app.localhost:${port}\r\nSec-Fetch-Site: same-site\r\n`
    + `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    { servername: 'app.localhost' });
  assert.equal(answer.status, 403);
});

test('the offer reads well in each language, day and night, and the page stays small', async (t) => {
  for (const [lang, words] of [['pl', 'Otwórz w aplikacji'], ['en', 'Open in the app'], ['uk', 'Відкрити в застосунку']]) {
    for (const colorScheme of ['light', 'dark']) {
      const page = await openPhone(browser, { colorScheme });
      await page.goto(`${link}?lang=${lang}&again=1`);
      const offer = page.locator(`a[href="${atAppHost}?lang=${lang}"]`);
      assert.equal(await offer.textContent(), words);
      const [box, button] = [await offer.boundingBox(), await page.locator('button[value=redirect]').boundingBox()];
      assert.ok(box.y >= button.y + button.height && box.height >= 43.5, JSON.stringify([box, button]));
      await assertAccessible(page, `${lang}, ${colorScheme}`);
      await page.setViewportSize({ width: 320, height: 640 });
      await assertFits(page, lang);
      await page.context().close();
    }
    const parts = [`${link}?lang=${lang}`, `${link}/qr.svg`, `https://localhost:${port}/favicon.svg`];
    const sizes = await Promise.all(parts.map(async (part) =>
      (await request(part, { ca: owed.caText, headers: { 'accept-encoding': 'gzip' } })).body.length));
    t.diagnostic(`${lang}: ${sizes.join(' + ')}`);
    assert.ok(sizes.reduce((a, b) => a + b) <= 14 * 1024, `${lang}: ${sizes.join(' + ')}`);
  }
});
