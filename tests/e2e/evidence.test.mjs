// The evidence of one debt: what is in it, who may have it, and that every change to it is found, by Dunlin's own check and by the
// script that docs/evidence.md gives to others.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { dunlin, startDemo, temporaryFolder } from '../support/demo.mjs';
import { eventually } from '../support/eventually.mjs';
import { request } from '../support/https.mjs';
import { decide, invoiceOf, invoiceWhen, invoicesFile, startPayment } from '../support/payer.mjs';
import { boundary, files, formHeaders, formOf } from '../support/proofs.mjs';
import { formsOf, openSheet, sendForm } from '../support/sheet.mjs';

const folder = temporaryFolder(), scriptFile = path.join(folder, 'check.py');
const manual = readFileSync(fileURLToPath(new URL('../../docs/evidence.md', import.meta.url)), 'utf8');
writeFileSync(scriptFile, /```python\n([^]*?)```/.exec(manual)[1]);

let demo, id, key, other, office, sealed;
const settings = () => ['--settings', path.join(demo.dir, 'dunlin.yaml')];
const run = (...args) => execFileSync(dunlin, [...args, ...settings()], { encoding: 'utf8' });
const makeKey = (...scopes) => JSON.parse(run('key', 'api', 'make', scopes[0], ...scopes, '--json')).key;
const ask = (what, bearer = key) => demo.call(`/invoices/${what}`, { headers: { authorization: `Bearer ${bearer}` } });
const exported = async () => (await ask(`${id}/evidence.json`)).json();
const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256'));

// Both checks of a document: [dunlin's, the manual's], each { status, out }.
function checks(document, anchor) {
  const file = path.join(folder, 'export.json');
  writeFileSync(file, JSON.stringify(document));
  const more = (option) => (anchor ? [...option, anchor] : []);
  return [[dunlin, 'evidence', 'check', file, ...more(['--anchor'])], ['python3', scriptFile, file, ...more([])]]
    .map(([program, ...args]) => spawnSync(program, args, { encoding: 'utf8' }))
    .map(({ status, stdout, stderr }) => ({ status, out: stdout + stderr }));
}

function assertHolds(document, anchor) {
  for (const { status, out } of checks(document, anchor)) assert.equal(status, 0, out);
}

function assertFound(what, document, words, anchor) {
  for (const { status, out } of checks(document, anchor)) {
    assert.equal(status, 1, `${what}: ${out}`);
    assert.match(out, words, what);
  }
}

function changed(change) {
  const copy = structuredClone(sealed);
  change(copy);
  return copy;
}

// A reminder of the debt goes out now.
async function remind(step) {
  const [customer, invoice] = id.split('-');
  const where = `customer_id = ${customer} and invoice_id = ${invoice} and step = '${step}'`;
  await demo.execute(`insert into reminder (customer_id, invoice_id, step, due_at, state, reason)
    values (${customer}, ${invoice}, '${step}', now() - interval '1 minute', 'scheduled', 'test')
    on conflict (customer_id, invoice_id, step) do update set due_at = excluded.due_at, state = 'scheduled', try_at = null;
    notify dunlin_reminder`);
  await eventually(async () => (await demo.query(`select from reminder where ${where} and state = 'sent'`)).length === 1);
}

// As the background process does each hour.
const writeAnchor = (block) => demo.execute(`with covered as (
    select e.position, e.hash, (row_number() over (order by e.position) - 1) / ${block} as block_no from event e
    where e.position > coalesce((select max(last_position) from chain_anchor), 0)), block as (
    select block_no, sha256(string_agg(hash, '' order by position)) as digest from covered group by 1), whole as (
    select sha256(string_agg(digest, '' order by block_no)) as digest from block), last as (
    select coalesce(max(anchor_no), 0) as anchor_no from chain_anchor)
  insert into chain_anchor (anchor_no, at, last_position, event_count, prev_hash, hash, block_events)
  select l.anchor_no + 1, now(), (select max(position) from covered), (select count(*) from covered), p.hash,
    sha256(p.hash || w.digest || convert_to(l.anchor_no + 1 || '|' || (select max(position) from covered) || '|'
      || (select count(*) from covered), 'UTF8')), ${block}
  from last l, whole w, lateral (select coalesce((select hash from chain_anchor a where a.anchor_no = l.anchor_no), '') as hash) p`);

before(async () => {
  demo = await startDemo({ args: ['--import', invoicesFile(folder, [['E/1', '100,00', 20], ['E/2', '55,00', 5], ['E/3', '150,00', -40], ['E/4', '80,00', -5]], 60)] });
  key = makeKey('evidence');
  other = makeKey('invoices', 'customers');
  office = makeKey('offers', 'disputes');
  ({ id } = await invoiceOf(demo, 'E/1'));
  await demo.execute("update customer set opted_out = '{push}'");
  await remind('due');
  await remind('after_2');
  await decide(await startPayment(demo, (await invoiceOf(demo, 'E/1')).link), 'part', '40,00');
  await invoiceWhen(demo, 'E/1', ({ due_minor: due }) => due === 6000);
  await demo.execute("insert into terms (version, language, text, first_used_at) select encode(sha256(convert_to('pl' || t, 'UTF8')), 'hex'), 'pl', t, now() from (values ('Raty są bez odsetek.')) v (t)");
  await demo.execute(`with one as (select i.*, json_build_object('terms', (select version from terms))::text as facts from invoice i where number = 'E/1'),
    said as (insert into event (customer_id, invoice_id, event_no, at, kind, facts, prev_hash, hash) select customer_id, invoice_id, event_count + 1, '2026-11-29T10:00:00.25Z', 'plan.accepted', facts,
      chain_head, event_hash(chain_head, customer_id, invoice_id, event_count + 1, '2026-11-29T10:00:00.25Z', 'plan.accepted', facts, null) from one returning hash)
    update invoice set event_count = event_count + 1, chain_head = said.hash from said where number = 'E/1'`);
  await writeAnchor(3);
  sealed = await exported();
});

test('the export tells the debt, its movements, the words that went out, the page and the terms', async () => {
  assert.deepEqual([sealed.debt.number, sealed.debt.due_minor, sealed.customer.name], ['E/1', 6000, 'Jan Testowy 1']);
  assert.deepEqual(sealed.ledger.map((entry) => [entry.kind, entry.amount_minor, entry.balance_minor]),
    [['charge', 10000, 10000], ['payment', -4000, 6000]]);
  const sent = ['due', 'after_2'].map((step) => sealed.events.find(({ kind, facts }) => kind === 'reminder.sent' && JSON.parse(facts).step === step));
  const [{ to, text, sha256: hash }] = JSON.parse(sent[0].personal).messages;
  assert.equal(to, '+48990200000');
  assert.match(text, /E\/1/);
  const [{ body }] = await demo.query("select body from sandbox_message where step = 'due' and address = '+48990200000'");
  const code = new URL((await invoiceOf(demo, 'E/1')).link).pathname.slice(1);
  assert.ok(body.includes(code), 'the customer got the link');
  assert.equal(text, body.replaceAll(code, '…'));
  assert.equal(hash, sha256(body).digest('hex'));
  assert.ok(!JSON.stringify(sealed).includes(code), 'the code of the link is the customer’s alone');
  assert.deepEqual(['due', 'after_2'].map((step) => sealed.reminders.find((reminder) => reminder.step === step)).map(({ step, channel, events }) => [step, channel, events]),
    [['due', 'sms', [sent[0].no]], ['after_2', 'sms', [sent[1].no]]]);
  const started = JSON.parse(sealed.events.find(({ kind }) => kind === 'payment.created').facts);
  assert.deepEqual(sealed.pages.map(({ version, language }) => [version, language]), [[started.page, 'pl']]);
  assert.match(sealed.pages[0].text, /==> pay\.mustache <==/);
  assert.deepEqual(sealed.terms.map(({ text: words }) => words), ['Raty są bez odsetek.']);
});

// Each form of a page names that page's version, so each of these events does.
function assertPages(document, kinds) {
  const named = document.events.map(({ kind, facts }) => [kind, JSON.parse(facts).page]).filter(([kind]) => kinds.includes(kind));
  assert.deepEqual(named.map(([kind]) => kind), kinds);
  for (const [kind, page] of named) assert.ok(document.pages.some(({ version }) => version === page), `${kind} names a page: ${page}`);
}
const order = (where, body, headers = {}) => demo.call(where, { method: 'POST', body: JSON.stringify(body),
  headers: { authorization: `Bearer ${office}`, ...headers } });
async function sheet(debt, name, isIt) {
  const { forms, words } = await openSheet(demo, debt.link, name), form = forms.find(isIt);
  assert.ok(form, `${name}: ${words}`);
  return form;
}
async function sendSheet(debt, name, isIt, fields) {
  const { status, words } = await sendForm(demo, await sheet(debt, name, isIt), fields);
  assert.equal(status, 303, words);
}

test('every form of the customer’s pages carries the name of its page', () => {
  const pages = fileURLToPath(new URL('../../web/pages/', import.meta.url));
  const whole = (file) => readFileSync(path.join(pages, file), 'utf8').replace(/\[\[> ([\w.]+)\]\]/g, (_, part) => whole(part));
  for (const file of readdirSync(pages).filter((name) => name.endsWith('.mustache')))
    for (const form of whole(file).match(/<form method="post"[^]*?<\/form>/g) ?? [])
      assert.match(form, /<input type="hidden" name="page" value="\{\{page\}\}">/, file);
});

test('a demand, a request and its decision, an offer and its plan are in it, with pages and terms', async () => {
  const debt = await invoiceOf(demo, 'E/3');
  assert.equal((await order(`/invoices/${debt.id}/demands`, { sent_on: new Date().toISOString().slice(0, 10) })).status, 201);
  await sendSheet(debt, 'restructuring', ({ fields }) => 'text' in fields, { text: 'Straciłem pracę.' });
  assert.equal((await order(`/restructuring-requests/${debt.id}-1/decide`, { decision: 'granted', reasons: 'Zgoda na trzy raty.' })).status, 200);
  const day = (days) => new Date(Date.now() + days * 86400e3).toISOString().slice(0, 10);
  const made = await order(`/invoices/${debt.id}/offers`, { kind: 'longer_term', parts: 3, first: day(20), valid_until: day(10) }, { 'idempotency-key': 'e3' });
  assert.equal(made.status, 201, made.text);
  await sendSheet(debt, 'offer', ({ fields }) => fields.answer === 'accept', {});
  const document = (await ask(`${debt.id}/evidence.json`)).json();
  assertHolds(document);
  assertPages(document, ['restructuring.asked', 'offer.accepted', 'plan.agreed']);
  const [offer] = document.offers, [plan] = document.plans, [wish] = document.restructuring_requests, [demand] = document.demands;
  assert.deepEqual([offer.state, offer.kind, offer.total_minor, offer.parts.length, offer.plan], ['accepted', 'longer_term', 15000, 3, 1]);
  assert.deepEqual([wish.state, wish.text, wish.reasons, wish.demand], ['granted', 'Straciłem pracę.', 'Zgoda na trzy raty.', 1]);
  assert.deepEqual([demand.no, demand.due_minor, demand.is_assumed], [1, 15000, true]);
  assert.deepEqual(document.terms.map(({ version }) => version), [offer.terms]);
  assert.equal(plan.page, offer.page);
  for (const kind of ['offer.accepted', 'plan.agreed'])
    assert.equal(JSON.parse(document.events.find((event) => event.kind === kind).facts).terms, offer.terms, kind);
  const words = wordsOf((await ask(`${debt.id}/evidence.pdf`)).body);
  for (const one of ['Propozycje nowych warunków', 'dłuższy okres spłaty', 'Wezwania do zapłaty', 'Wnioski o restrukturyzację', 'Straciłem pracę.', 'Zgoda na trzy raty.'])
    assert.ok(words.includes(one), `${one}\n${words}`);
});

test('a promise, a dispute with its file and answer, wishes and a rating are in it, and the words go with the person', async () => {
  const debt = await invoiceOf(demo, 'E/4');
  await sendSheet(debt, 'contact', ({ fields }) => fields.purpose === 'language', { language: 'en' });
  await sendSheet(debt, 'contact', ({ fields }) => fields.purpose === 'channel', { channel: 'sms' });
  const promise = await sheet(debt, 'promise', ({ choices }) => choices.day);
  assert.equal((await sendForm(demo, promise, { day: promise.choices.day[0] })).status, 303);
  await sendSheet(debt, 'dispute', ({ choices }) => choices.reason, { reason: 'wrong_amount', text: 'Powinno być 70 zł.' });
  const form = await sheet(debt, 'dispute', ({ action }) => action.includes('/proof/'));
  const sent = await request(form.action, { method: 'POST', ca: demo.caText, headers: formHeaders, body: Buffer.concat([
    Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="page"\r\n\r\n${form.fields.page}\r\n`), formOf(files.pdf)]) });
  assert.equal(sent.status, 303, sent.text);
  assert.equal((await order(`/disputes/${debt.id}-1/answer`, { outcome: 'rejected', text: 'Kwota jest z umowy.', by: 'Anna' })).status, 200);
  await decide(await startPayment(demo, debt.link), 'pay');
  await invoiceWhen(demo, 'E/4', ({ due_minor: due }) => due === 0);
  const rate = formsOf((await demo.get(debt.link)).text).find(({ action }) => action.endsWith('/rating'));
  assert.equal((await sendForm(demo, rate, { stars: '4', word: 'Szybko.' })).status, 200);
  const document = (await ask(`${debt.id}/evidence.json`)).json();
  assertHolds(document);
  assertPages(document, ['contact.changed', 'customer.channels', 'promise.given', 'dispute.opened', 'dispute.proof', 'payment.created', 'rating.given']);
  const [dispute] = document.disputes;
  assert.deepEqual([dispute.state, dispute.reason, dispute.text, dispute.answer, dispute.answered_by],
    ['rejected', 'wrong_amount', 'Powinno być 70 zł.', 'Kwota jest z umowy.', 'Anna']);
  assert.deepEqual(dispute.proofs.map(({ kind, sha256: hash }) => [kind, hash]), [['pdf', sha256(files.pdf).digest('hex')]]);
  assert.deepEqual(document.promises.map(({ by, amount_minor: amount }) => [by, amount]), [['page', 8000]]);
  assert.deepEqual(document.ratings.map(({ stars, word }) => [stars, word]), [[4, 'Szybko.']]);
  const onPaper = async () => wordsOf((await ask(`${debt.id}/evidence.pdf?lang=en`)).body);
  const words = await onPaper(), written = ['Powinno być 70 zł.', 'Kwota jest z umowy.', 'Szybko.'];
  for (const one of ['Promises to pay', 'Disputes', 'wrong amount', 'customer’s rating'.replace('’', "'"), ...written]) assert.ok(words.includes(one), `${one}\n${words}`);
  await demo.execute(`delete from event_personal where invoice_id = ${debt.id.split('-')[1]}`);
  const erased = (await ask(`${debt.id}/evidence.json`)).json();
  assertHolds(erased);
  assert.deepEqual([erased.disputes[0].text, erased.disputes[0].answer, erased.ratings[0].word], [null, null, null]);
  const left = await onPaper();
  for (const one of written) assert.ok(!left.includes(one), one);
  assert.match(left, /Disputes[^]*The words were erased with the personal data/);
});

test('an export that nobody touched holds, also against the anchor that was published', () => {
  assertHolds(sealed);
  assertHolds(sealed, sealed.anchor.hash);
  assertFound('another anchor', sealed, /published/, '0'.repeat(64));
});

test('every change is found', () => {
  const last = sealed.events.length - 1, sent = sealed.events.findIndex(({ kind }) => kind === 'reminder.sent');
  const broken = /BAD +event \d/;
  for (const [what, words, change] of [
    ['a fact', broken, (d) => { d.events[0].facts = d.events[0].facts.replace('10000', '10001'); }],
    ['a kind', broken, (d) => { d.events[0].kind += 'x'; }],
    ['a time', broken, (d) => { d.events[1].at_us += 1; }],
    ['a time in words', broken, (d) => { d.events[1].at = '2020-01-01T00:00:00Z'; }],
    ['a word of a message', broken, (d) => { d.events[sent].personal = d.events[sent].personal.replace('E/1', 'E/2'); }],
    ['a salt', broken, (d) => { d.events[sent].salt = '00'.repeat(16); }],
    ['a personal part that was not there', broken, (d) => { Object.assign(d.events[0], { personal: '{}', salt: '00'.repeat(16) }); }],
    ['a hash', broken, (d) => { d.events[2].hash = d.events[1].hash; }],
    ['two events changed places', broken, (d) => { [d.events[1], d.events[2]] = [d.events[2], d.events[1]]; }],
    ['a missing event in the middle', broken, (d) => { d.events.splice(2, 1); }],
    ['an event of another debt', broken, (d) => { d.debt.invoice_id += 1; }],
    ['a cut end', /missing/, (d) => { d.events.pop(); }],
    ['a cut end that the debt agrees with', /anchor covers/, (d) => {
      d.events.pop();
      Object.assign(d.debt, { event_count: last, chain_head: d.events.at(-1).hash });
      d.terms = [];
    }],
    ['terms', /terms: a text/, (d) => { d.terms[0].text = 'Raty są z odsetkami.'; }],
    ['the language of a page', /pages: a text/, (d) => { d.pages[0].language = 'en'; }],
    ['terms left out', /terms: the text that event \d+ names is missing/, (d) => { d.terms = []; }],
    ['a page left out', /pages: the text that event \d+ names is missing/, (d) => { d.pages = []; }],
    ['the ledger and what is due', /ledger/, (d) => { d.ledger[1].amount_minor = -5000; d.ledger[1].balance_minor = d.debt.due_minor = 5000; }],
    ['what is due', /ledger/, (d) => { d.debt.due_minor = 0; }],
    ['the anchor', /anchor is not made/, (d) => { d.anchor.event_count += 1; }],
    ['a hash under the anchor', /anchor/, (d) => { d.anchor.block[0] = '0'.repeat(64); }],
    ['the digest of another block', /anchor is not made/, (d) => { d.anchor.blocks[d.anchor.block_no === 0 ? 1 : 0] = '0'.repeat(64); }],
  ]) assertFound(what, changed(change), words);
});

test('what happened after the anchor is told to be newer', async () => {
  await demo.execute(`update invoice set event_count = event_count + 1, chain_head = event_hash(chain_head, customer_id, invoice_id, event_count + 1, '2026-11-29T11:00:00Z', 'test', '{}', null) where number = 'E/1';
    insert into event (customer_id, invoice_id, event_no, at, kind, facts, prev_hash, hash) select i.customer_id, i.invoice_id, i.event_count, '2026-11-29T11:00:00Z', 'test', '{}', e.hash, i.chain_head
    from invoice i join event e on e.customer_id = i.customer_id and e.invoice_id = i.invoice_id and e.event_no = i.event_count - 1 where i.number = 'E/1'`);
  const now = await exported();
  assertHolds(now, sealed.anchor.hash);
  assert.match(checks(now)[0].out, new RegExp(`events after ${sealed.events.length} are not under an anchor yet`));
});

test('anchors from before blocks are proved too', async () => {
  await demo.execute(`update chain_anchor a set block_events = 0, hash = sha256(a.prev_hash || sha256((select string_agg(hash, '' order by position) from event
    where position <= a.last_position)) || convert_to(a.anchor_no || '|' || a.last_position || '|' || a.event_count, 'UTF8')) where a.anchor_no = 1`);
  const flat = await exported();
  assert.deepEqual([flat.anchor.block_events, flat.anchor.blocks, flat.anchor.block.length], [0, null, flat.anchor.event_count]);
  assertHolds(flat);
});

// The words of a PDF, lines as they stand.
function wordsOf(pdf) {
  const file = path.join(folder, 'paper.pdf');
  writeFileSync(file, pdf);
  return execFileSync('pdftotext', ['-layout', file, '-'], { encoding: 'utf8' });
}
const paper = async (lang = '') => {
  const answer = await ask(`${id}/evidence.pdf${lang}`);
  assert.deepEqual([answer.status, answer.headers['content-type'], answer.headers['content-disposition']],
    [200, 'application/pdf', `attachment; filename="evidence-${id}.pdf"`]);
  return answer.body;
};

test('on paper stands the same, in Polish or English', async () => {
  const polish = wordsOf(await paper()), now = await exported();
  for (const words of ['Dokumentacja należności E/1', 'Jan Testowy 1', '60,00 zł', 'wpłata', 'Zapis jest nienaruszony', '+48990200000',
    'Raty są bez odsetek.', now.pages[0].version.slice(0, 40), now.debt.chain_head, now.anchor.hash, 'Jak to sprawdzić'])
    assert.ok(polish.includes(words), `${words}\n${polish}`);
  assert.match(polish, / 1 ?\/ ?\d\n/);
  const english = wordsOf(await paper('?lang=en'));
  for (const words of ['Evidence of debt E/1', 'PLN 60.00', 'The record is intact', 'How to check this']) assert.ok(english.includes(words), words);
  assert.equal((await ask(`${id}/evidence.pdf?lang=de`)).status, 400);
  const info = execFileSync('pdfinfo', [path.join(folder, 'paper.pdf')], { encoding: 'utf8' });
  assert.match(info, /Title: +Evidence of debt E\/1\n/);
  assert.match(info, /Page size: .*A4/);
});

test('a record that was changed is said to be so on paper', () => {
  const broken = changed((d) => { d.events[0].facts = d.events[0].facts.replace('10000', '10001'); });
  const { status, stdout } = spawnSync(dunlin, ['evidence', 'print', '--lang', 'en'], { input: JSON.stringify(broken) });
  assert.equal(status, 0);
  assert.match(wordsOf(stdout), /THE RECORD IS NOT INTACT[^]*BAD +event 1/);
  assert.equal(spawnSync(dunlin, ['evidence', 'print'], { input: '{}' }).status, 1);
});

test('after a person was erased the chain holds, and says how much is gone', async () => {
  await demo.execute(`delete from event_personal where invoice_id = ${id.split('-')[1]}; update customer set name = null, phone = null, email = null where reference = 'C-1'`);
  const now = await exported(), count = now.events.filter(({ personal_hash: hash }) => hash !== null).length;
  assert.ok(count >= 2);
  assert.equal(now.customer.name, null);
  assert.ok(now.events.every(({ personal, salt }) => personal === null && salt === null));
  assertHolds(now, now.anchor.hash);
  assert.match(checks(now)[0].out, new RegExp(`${count} events have a personal part, ${count} of these are erased`));
  const words = wordsOf(await paper());
  assert.match(words, /dane usunięte/);
  assert.ok(!words.includes('Testowy') && !words.includes('+48990200000'));
  assert.match(checks(now)[1].out, new RegExp(`${count} personal parts erased`));
});

test('the command exports what the API does', () => {
  const file = path.join(folder, 'command.json');
  run('evidence', '--invoice', 'E/1', '--json', file);
  const document = JSON.parse(readFileSync(file, 'utf8'));
  assert.equal(document.debt.number, 'E/1');
  assertHolds(document);
  run('evidence', '--invoice', 'E/1', '--pdf', path.join(folder, 'command.pdf'), '--lang', 'en');
  assert.match(wordsOf(readFileSync(path.join(folder, 'command.pdf'))), /Evidence of debt E\/1/);
});

test('whoever may not have it gets nothing', async () => {
  for (const form of ['json', 'pdf']) {
    assert.equal((await ask(`${id}/evidence.${form}`, other)).status, 403);
    assert.equal((await ask('1-999999/evidence.json')).status, 404);
    assert.equal((await ask(`x/evidence.${form}`)).status, 404);
  }
  const failed = spawnSync(dunlin, ['evidence', '--invoice', 'E/404', ...settings()], { encoding: 'utf8' });
  assert.deepEqual([failed.status, failed.stderr], [1, 'dunlin: there is no invoice E/404\n']);
});

test('what is no export is said to be none', () => {
  for (const text of ['', '{', '[]', '{}', '{"format": "dunlin evidence 2"}']) {
    const file = path.join(folder, 'none.json');
    writeFileSync(file, text);
    const { status, stdout } = spawnSync(dunlin, ['evidence', 'check', file], { encoding: 'utf8' });
    assert.deepEqual([status, stdout], [1, ''], text);
  }
  assert.equal(spawnSync(dunlin, ['evidence', 'check', path.join(folder, 'nowhere.json')]).status, 1);
  assert.equal(spawnSync(dunlin, ['evidence', 'check']).status, 2);
});
