// Texts over the API: saved in versions, refused with the line of each mistake, previewed, withdrawn,
// and used by the dispatcher without a restart.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { dunlin, startDemo } from '../support/demo.mjs';
import { eventually } from '../support/eventually.mjs';

const demo = await startDemo({});
const send = (where, body) => demo.call(where, { method: 'POST', body: JSON.stringify(body) });
const late = '/templates/late/firm/pl';

test('what is shipped is listed and shown', async () => {
  const { items } = (await demo.call('/templates')).json();
  const names = items.map(({ name, tone, language, source }) => `${language}/${name}.${tone} ${source}`);
  for (const name of ['pl/late.firm shipped', 'uk/thanks.neutral shipped', 'en/offer.neutral shipped'])
    assert.ok(names.includes(name), name);
  const shown = (await demo.call(late)).json();
  assert.match(shown.shipped, /\{\{#sms\}\}\nTermin/);
  assert.deepEqual(shown.versions, []);
  assert.equal((await demo.call('/templates/nothing/firm/pl')).status, 404);
});

test('a text with mistakes is refused, each with its line', async () => {
  const answer = await send(late, { text: '{{#sms}}\n{{amonut}} {{link}}.\n<b>x</b>\n{{/sms}}', channels: ['sms', 'email'] });
  assert.equal(answer.status, 422);
  const { type, mistakes } = answer.json();
  assert.equal(type, 'urn:dunlin:problem:bad-template');
  assert.ok(mistakes.some(({ line, text }) => line === 2 && text.includes('{{amonut}} is no field')));
  assert.ok(mistakes.some(({ line, text }) => line === 3 && text.startsWith('HTML')));
  assert.ok(mistakes.some(({ text }) => text.includes('no text for email')) || mistakes.length >= 3);
  assert.deepEqual((await demo.call(late)).json().versions, []);
  assert.equal((await send('/templates/late/angry/pl', { text: '{{#sms}}a {{link}}{{/sms}}' })).status, 422);
  assert.equal((await send(late, { txt: 'a' })).status, 400);
  assert.equal((await demo.call(late, { method: 'POST', body: '{' })).status, 400);
});

test('a preview shows the words, and what an SMS of them is', async () => {
  const shipped = (await send('/templates/preview', { template: 'late', tone: 'firm', language: 'pl', channel: 'sms', part_price_micro: 165000 })).json();
  assert.match(shipped.body, /^Termin FV\/2026\/05\/0042 minal 12\.05\.2026\. Zaplac 412,50 PLN albo/);
  const usual = (await send('/templates/preview', { template: 'late', tone: 'firm', language: 'pl', channel: 'sms' })).json();
  assert.equal(usual.sms.price_micro, 90000, 'campaigns.part_price_micro, as there is no gateway with a price');
  assert.deepEqual(shipped.sms, { alphabet: 'GSM-7', units: shipped.body.length, parts: 1, left: 160 - shipped.body.length, because_of: null, price_micro: 165000 });
  const dear = (await send('/templates/preview', { text: '{{#sms}}Zapłać {{link}}{{/sms}}', is_plain: false, channel: 'sms' })).json();
  assert.equal(dear.sms.alphabet, 'UCS-2');
  assert.equal(dear.sms.because_of, 'U+0142');
  const mail = (await send('/templates/preview', { template: 'consequences', tone: 'firm', language: 'uk', channel: 'email' })).json();
  assert.match(mail.html, /<html lang="uk">.*Оплатити<\/a>/s);
  const { id, number } = (await demo.call('/invoices')).json().items.find(({ state }) => state === 'due');
  const real = (await send('/templates/preview', { template: 'before', channel: 'sms', invoice: id })).json();
  assert.ok(real.body.startsWith(`Przypominamy: ${number}, `), real.body);
  assert.equal((await send('/templates/preview', { template: 'before', channel: 'sms', invoice: '1-999999' })).status, 404);
  assert.equal((await send('/templates/preview', { text: '{{#sms}}{{nothing}}{{/sms}}', channel: 'sms' })).json().problem, '{{nothing}} is empty');
});

test('a saved text is in force, and withdrawn goes back to what was before', async () => {
  const words = (n) => ({ text: `{{#sms}}Wersja ${n}: {{amount}} {{link}}{{/sms}}` });
  const saved = await send(late, words(1));
  assert.equal(saved.status, 201);
  assert.deepEqual(saved.json(), { version: 1, warnings: [] });
  assert.equal((await send(late, words(2))).json().version, 2);
  const show = async () => (await send('/templates/preview', { template: 'late', tone: 'firm', channel: 'sms' })).json();
  assert.match((await show()).body, /^Wersja 2/);
  assert.equal((await show()).version, 2);
  assert.deepEqual((await demo.call(late, { method: 'DELETE' })).json(), { withdrawn: 2, version: 1 });
  assert.match((await show()).body, /^Wersja 1/);
  assert.deepEqual((await demo.call(late, { method: 'DELETE' })).json(), { withdrawn: 1, version: 0 });
  assert.match((await show()).body, /^Termin/);
  assert.equal((await demo.call(late, { method: 'DELETE' })).status, 404);
  assert.equal((await demo.call(late)).json().versions.length, 2);
  const both = await Promise.all([3, 4, 5].map((n) => send(late, words(n))));
  assert.deepEqual(both.map((answer) => answer.json().version).sort(), [3, 4, 5]);
});

test('the next reminder is written in the saved words, without a restart', async () => {
  for (const language of ['pl', 'en', 'uk'])
    for (const name of ['issue', 'before_2', 'due', 'after_2', 'after_9', 'after_16', 'merged'])
      assert.equal((await send(`/templates/${name}/neutral/${language}`, { text:
        '{{#sms}}Nowe brzmienie: {{number}} {{link}}{{/sms}}{{#push}}\nNowe\nbrzmienie {{number}}\n{{/push}}{{#email}}\nNowe\nbrzmienie {{number}}\n{{link}}\n{{/email}}' })).status, 201);
  const words = (since) => demo.query(`select message_id::int as id, body, step from sandbox_message
    where message_id > ${since} and step !~ '^(thanks|offer|plan|answered)_' order by message_id`); // those have texts of their own
  const isNew = ({ body }) => /brzmienie/i.test(body);
  const advance = () => demo.setClock('advance', { seconds: 5 * 86400 });
  const { now } = await advance();
  await eventually(async () => (await words(0)).find(isNew), { what: 'a message in the new words' });
  // What was under way while the words of all languages came may still have the old ones.
  await eventually(async () => (await demo.query(`select 1 as one from reminder where state = 'claimed'
    or (state = 'scheduled' and greatest(due_at, try_at) <= '${now}') limit 1`)).length === 0, { what: 'all of that moment is sent' });
  const [{ last }] = await demo.query('select max(message_id)::int as last from sandbox_message');
  await advance();
  const later = await eventually(async () => {
    const all = await words(last);
    return all.length >= 20 && all;
  }, { what: 'more messages' });
  assert.deepEqual(later.filter((message) => !isNew(message)), []);
});

test('dunlin check finds no step of the demo that reaches nobody: its telephone and mailbox take all ways', async () => {
  const settings = ['--settings', path.join(demo.dir, 'dunlin.yaml')];
  execFileSync(dunlin, ['scenario', 'use', 'crm', ...settings], { stdio: 'pipe' });
  const found = JSON.parse(execFileSync(dunlin, ['check', '--json', ...settings], { encoding: 'utf8', stdio: 'pipe' }));
  assert.deepEqual(found.filter(({ setting }) => setting === 'scenario'), []);
});
