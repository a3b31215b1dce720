// The form that sends a file, in a browser: from a page of the public listener to the listener of files
// and back, in three languages and without JavaScript, and what a refusal looks like.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { readFileSync } from 'node:fs';

import { assertAccessible, openBrowser, openPhone } from '../support/browser.mjs';
import { startOwed } from '../support/owed.mjs';
import { files, openDisputes, pdfOf, ticketOf } from '../support/proofs.mjs';

const languages = ['pl', 'en', 'uk'];
const read = (name) => readFileSync(new URL(`../../web/pages/${name}`, import.meta.url), 'utf8');
const words = Object.fromEntries(languages.map((language) =>
  [language, { ...JSON.parse(read(`words.${language}.json`)), ...JSON.parse(read(`proof.words.${language}.json`)) }]));
const partial = read('proof.mustache');
let gateway, debts, browser;

before(async () => {
  const owed = await startOwed(8, { workers: 1, upload: {} });
  gateway = owed.gateway;
  await openDisputes(owed);
  debts = (await owed.query(`select i.customer_id::text, i.invoice_id::text, i.number, p.link_no
    from invoice i join paylink p using (customer_id, invoice_id) order by i.number`))
    .map((row) => ({ ...row, code: gateway.linkOf(row.number).split('/').at(-1) }));
  browser = await openBrowser();
});

// A page of the public listener, with its own policy, that carries the partial.
async function openForm(debt, language, options) {
  const page = await openPhone(browser, options);
  const address = `${gateway.settings.public.url}/${debt.code}/proof?lang=${language}`;
  const action = `${gateway.settings.upload.url}/${debt.code}/proof/${ticketOf(gateway, debt)}?lang=${language}`;
  const form = partial.replace(/\{\{[#/]proof_url\}\}/g, '').replace('{{proof_url}}', action)
    .replace(/\[\[(\w+)\]\]/g, (_, word) => words[language][word]);
  await page.route(address, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: (await response.text()).replace('</section>', `${form}</section>`) });
  }, { times: 1 });
  await page.goto(address);
  return page;
}

const send = (page, language) => page.getByRole('button', { name: words[language].proof_send }).click();
const asFile = (buffer, name) => ({ name, mimeType: 'application/octet-stream', buffer });

for (const language of languages)
  test(`in ${language} a file is sent, and a wrong one refused in plain words`, async () => {
    const debt = debts[languages.indexOf(language)];
    let page = await openForm(debt, language);
    await assertAccessible(page);
    await page.getByLabel(words[language].proof_label).setInputFiles(asFile(files.pdf, 'przelew.pdf'));
    await send(page, language);
    await page.getByRole('heading', { name: words[language].notice_proof_kept_title }).waitFor();
    assert.equal(page.url(), `${gateway.settings.public.url}/${debt.code}/proof?lang=${language}`);
    assert.deepEqual(page.complaints, []);
    await page.getByRole('link', { name: words[language].unsubscribe_back }).click();
    assert.equal(page.url(), `${gateway.settings.public.url}/${debt.code}?lang=${language}`);

    page = await openForm(debt, language, { deviceScaleFactor: 1 });
    await page.getByLabel(words[language].proof_label).setInputFiles(asFile(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'przelew.pdf'));
    await send(page, language);
    await page.getByRole('heading', { name: words[language].notice_proof_kind_title }).waitFor();
    assert.ok(page.url().startsWith(gateway.settings.upload.url));
    await assertAccessible(page);
    await page.getByRole('link', { name: words[language].again }).click();
    assert.equal(page.url(), `${gateway.settings.public.url}/${debt.code}?lang=${language}`);
  });

test('without JavaScript a photograph that is too large is told so, although it was refused at its head', async () => {
  const page = await openForm(debts[3], 'en', { javaScriptEnabled: false });
  await page.getByLabel(words.en.proof_label).setInputFiles(asFile(pdfOf(12 * 1024 * 1024), 'photo.jpg'));
  await send(page, 'en');
  await page.getByRole('heading', { name: words.en.notice_proof_large_title }).waitFor();
});

