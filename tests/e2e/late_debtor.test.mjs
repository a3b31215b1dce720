// The story of one late debtor over 120 days: reminded, a plan, one part paid, two missed, the plan broken, an
// offer, accepted, paid, thanked; then the evidence of it all, also after the person was erased. The customer
// does everything on the page, by its own forms; the clock is moved twice a day; the work process does the rest.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { message, send } from '../support/callbacks.mjs';
import { temporaryFolder } from '../support/cleanup.mjs';
import { dunlin } from '../support/demo.mjs';
import { LateDebts, TERMS } from '../support/late_debts.mjs';
import { agreeSql } from '../support/plans.mjs';

// Written by hand from docs/plans.md, docs/offers.md, tests/simulation/consumer_lender.md and a calendar, before
// any of it was run. 600.00 due on Wednesday 15 March 2028. Days off: weekends, Easter Monday (17 April), 1 and
// 3 May. The customer has the app and a telephone, no mailbox, and opens no push: an SMS follows those of a day on which
// something is due four hours later.
//
// Parts: 4 of 150.00, each two weeks, from 31 March; three days of grace, one missed part is forgiven.
// Part 2 is over with Friday 14 April, its grace with Monday the 17th; part 3 with Friday 28 April, its grace
// with Monday 1 May. So the plan is broken on Tuesday 2 May. The ladder's steps of these weeks (+14, +31) are
// over a week old by then. Day 50 behind the due date is 4 May: the offer, open to 18 May, its first part on
// the 25th, three parts of the 450.00 that are left, numbered on.
const STORY = `
03-08 sms before_7       a week before
03-10 sms before_3       the 12th is a Sunday: the working day before it
03-15 push due
03-15 sms due+1
03-20 sms late_3_split   the 18th is a Saturday
03-21 did plan.agreed    asked for on the page, as the message proposes
03-21 sms plan_agreed_1
03-28 sms part_before.1
03-31 push part_due.1
03-31 sms part_due.1+1
03-31 did payment.paid   150.00, 450.00 are left
04-11 sms part_before.2
04-14 push part_due.2
04-14 sms part_due.2+1
04-18 did plan.part_missed
04-18 push part_missed.2 the 15th is a Saturday, the 17th Easter Monday
04-25 sms part_before.3
04-28 push part_due.3
04-28 sms part_due.3+1
05-02 did plan.part_missed
05-02 did plan.broken
05-02 sms plan_broken_1
05-04 did offer.made
05-04 sms offer_1
05-08 did offer.accepted
05-08 did plan.agreed
05-08 sms plan_agreed_2
05-22 sms part_before.5
05-25 push part_due.5
05-25 sms part_due.5+1
05-25 did payment.paid   300.00 are left
06-05 sms part_before.6
06-08 push part_due.6
06-08 sms part_due.6+1
06-08 did payment.paid   150.00 are left
06-19 sms part_before.7
06-22 push part_due.7
06-22 sms part_due.7+1
06-22 did payment.paid   nothing is left
06-22 did plan.completed
06-22 sms thanks
`.trim().split('\n').map((line) => line.split(/ +/).slice(0, 3).join(' '));
const NUMBER = 'POZ/2028/1', TOLD = ['plan.agreed', 'plan.part_missed', 'plan.broken', 'plan.completed', 'offer.made', 'offer.accepted', 'payment.paid'];

const folder = temporaryFolder(), secret = `whsec_${randomBytes(32).toString('base64')}`;
writeFileSync(path.join(folder, 'bank.secret'), secret, { mode: 0o600 });
writeFileSync(path.join(folder, 'plan.pl.txt'), 'Raty płacę w terminie.\nDwie zaległe raty kończą plan.\n');

// A bank that takes every order and waits.
const orders = [];
const bank = createServer(async (asked, answer) => {
  const order = JSON.parse(Buffer.concat(await asked.toArray()).toString()), id = `pay_${orders.push(order)}`;
  order.id = id;
  answer.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify({ id, redirect_url: `${origin}/pay/${id}` }));
});
await new Promise((listening) => bank.listen(0, '127.0.0.1', listening));
after(() => bank.close());
const origin = `http://127.0.0.1:${bank.address().port}`;

const late = await LateDebts.start({ iso: '2028-03-01T07:00:00Z',
  rules: [{ name: 'fifty', days_late_from: 50, kind: 'longer_term', parts: 3, spacing: 'two_weeks', valid_days: 14, first_days: 21 }],
  settings: {
    plans: { terms_pl_file: path.join(folder, 'plan.pl.txt'), policies: [{ name: 'loans', spacing: 'two_weeks', grace_days: 3, missed_max: 1 }] },
    providers: [{ provider: 'sandbox', api_url: origin, start_origin: origin, secret_files: [path.join(folder, 'bank.secret')] }],
  } });
late.bed.secret = secret;
const { db, clock } = late;
let debt, witness, sealed;

const plain = (html) => html.replace(/<style>[^]*?<\/style>/g, '').replace(/<[^>]+>/g, ' ').replaceAll('&nbsp;', ' ').replace(/[\s\u00a0]+/g, ' ');
const read = async (where = '') => plain((await late.get(`${debt.url}${where}`)).text);
const at = (iso) => moveTo(`2028-${iso}T15:00:00Z`);

// Three times a day: behind ten o'clock in Warsaw, four hours later, and behind midnight.
async function moveTo(iso) {
  for (const end = Date.parse(iso); clock.ms < end;) {
    const next = [9.5, 15, 23.5, 33.5].map((hour) => Math.floor(clock.ms / 86400e3) * 86400e3 + hour * 3600e3).find((ms) => ms > clock.ms);
    clock.set(Math.min(end, next));
    for (const [iso, what, not] of WAITS.filter(([iso]) => Date.parse(iso) === clock.ms)) {
      await late.until(what(), `${iso}: ${what()}`);
      if (not) assert.deepEqual(await db.query(`select ${not()} as sooner`), [{ sooner: false }], iso);
    }
    await late.settled();
  }
}

// The jobs that look at parts and at offers do so every ten seconds, once an hour or a day of business time: the clock
// waits for them where they have something to do. The witness missed the same parts one day sooner: once that
// is noted, the job has looked on the last day of the grace and has left our debtor alone.
const WAITS = [
  ['2028-04-17T15:00:00Z', () => happened(witness, 'plan.part_missed'), () => happened(debt, 'plan.part_missed')],
  ['2028-04-17T23:30:00Z', () => happened(debt, 'plan.part_missed')],
  ['2028-05-01T15:00:00Z', () => happened(witness, 'plan.broken'), () => happened(debt, 'plan.broken')],
  ['2028-05-01T23:30:00Z', () => happened(debt, 'plan.broken')],
  ['2028-05-04T09:30:00Z', () => happened(debt, 'offer.made')],
];
const happened = ({ customer }, kind) => `exists (select from event where customer_id = ${customer} and kind = '${kind}')`;

async function pay(where, minor) {
  const started = await late.submit(await late.get(`${debt.url}${where}`), 'value="redirect"', { method: 'redirect' });
  const order = orders.at(-1);
  assert.equal(started.to, `${origin}/pay/${order.id}`);
  assert.equal(order.amount_minor, minor);
  const { status } = await send(late.bed.owedBy(late.node), message('paid', { id: order.id, movement: `m_${order.id}`, amount_minor: minor, currency: 'PLN' }));
  assert.equal(status, 200);
  await late.settled();
}

async function told() {
  const rows = await db.query(`select to_char(at at time zone 'Europe/Warsaw', 'MM-DD') || ' ' || said as line from (
      select at, 1 as kind, message_id as no, channel || ' ' || regexp_replace(step, '^(thanks)_.*', '\\1') as said
        from sandbox_message where customer_id = ${debt.customer}
      union all select at, 0, event_no, 'did ' || kind from event where customer_id = ${debt.customer} and kind in (${TOLD.map((kind) => `'${kind}'`)})) all_of
    order by (at at time zone 'Europe/Warsaw')::date, kind, no`);
  return rows.map(({ line }) => line);
}
// What is told of one day in one order: first what a person or the clock did, then the messages.
const inOrder = (lines) => lines.map((line) => [line.slice(0, 5), line]).sort(([a, x], [b, y]) => a.localeCompare(b) || (x.includes(' did ') ? 0 : 1) - (y.includes(' did ') ? 0 : 1)).map(([, line]) => line);

test('reminded until three days late, the customer splits the debt on the page', async () => {
  const office = late.api('scenarios'), yaml = readFileSync(fileURLToPath(new URL('../../scenarios/consumer_lender.yaml', import.meta.url)), 'utf8');
  assert.ok([200, 201].includes((await office('POST', '/scenarios', yaml)).status));
  await office('POST', '/scenarios/consumer_lender/activate', '');
  await office('POST', '/scenarios/consumer_lender/position', { position: 1 });
  debt = await late.owe(NUMBER, '600.00', '2028-03-15');
  await late.settled();
  await at('03-21');
  const chosen = await late.get(`${debt.url}/plan?parts=4&first=2028-03-31`);
  assert.match(plain(chosen.text), /31 marca 2028 .*150,00 zł .*14 kwietnia 2028 .*28 kwietnia 2028 .*12 maja 2028/);
  const agreed = await late.submit(chosen, 'name="accept"', { accept: '1' });
  assert.match(plain((await late.follow(agreed)).text), /Plan jest zawarty/);
  witness = await late.owe('W/1', '200.00', '2028-03-15');
  await db.run(agreeSql({ ...witness, at: clock.now.toISOString(), parts: [{ due: '2028-04-13', amount: 10000 }, { due: '2028-04-27', amount: 10000 }], missedMax: 1 }));
  await late.settled();
});

test('the first part is paid, the second and the third are missed, and the plan is broken', async () => {
  await at('03-31');
  await pay('', 15000);
  assert.match(await read(), /Zapłacono 1 z 4 rat/);
  await at('05-02');
  assert.match(await read(), /Plan rat nie jest już ważny .*Do zapłaty 450,00 zł/);
});

test('the offer is accepted on the page and paid part by part; the thank-you comes', async () => {
  await at('05-08');
  const offer = await late.get(`${debt.url}/offer`);
  assert.match(plain(offer.text), /25 maja 2028 .*8 czerwca 2028 .*22 czerwca 2028/);
  await late.follow(await late.submit(offer, 'value="accept"', { answer: 'accept', accept: '1' }));
  await late.settled();
  for (const day of ['05-25', '06-08', '06-22']) {
    await at(day);
    await pay('', 15000);
  }
  await late.until(`exists (select from sandbox_message where customer_id = ${debt.customer} and step like 'thanks%')`, 'the thank-you');
  assert.match(await read(), /Wszystkie raty są zapłacone/);
  await at('06-29');
});

test('each thing was on its day, as written by hand', async () => {
  assert.deepEqual(inOrder(await told()), inOrder(STORY));
  const [{ body }] = await db.query(`select replace(body, '\u00a0', ' ') as body from sandbox_message where customer_id = ${debt.customer} and step = 'part_missed.2'`);
  assert.match(body, /raty 2 z 4 z terminem 14 kwietnia 2028/);
  await late.assertWhole();
});

// Both checks of an export, Dunlin's and the manual's.
const checker = path.join(folder, 'check.py');
writeFileSync(checker, /```python\n([^]*?)```/.exec(readFileSync(fileURLToPath(new URL('../../docs/evidence.md', import.meta.url)), 'utf8'))[1]);
function assertHolds(file, anchor) {
  for (const [program, ...args] of [[dunlin, 'evidence', 'check', file, '--anchor', anchor], ['python3', checker, file, anchor]]) {
    const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
    assert.equal(status, 0, `${program}: ${stdout}${stderr}`);
  }
}
function exported(name) {
  const file = path.join(folder, name);
  late.node.command('evidence', '--invoice', NUMBER, '--json', `${file}.json`);
  late.node.command('evidence', '--invoice', NUMBER, '--pdf', `${file}.pdf`);
  return { file: `${file}.json`, document: JSON.parse(readFileSync(`${file}.json`, 'utf8')),
    paper: execFileSync('pdftotext', ['-layout', `${file}.pdf`, '-'], { encoding: 'utf8' }) };
}

test('the evidence holds all of it, as a file for checking and on paper', async () => {
  await late.until(`(select max(last_position) from chain_anchor) >= (select max(position) from event where customer_id = ${debt.customer})`, 'an anchor above all', 150000);
  const { file, document, paper } = exported('whole');
  sealed = document;
  assertHolds(file, document.anchor.hash);
  assert.deepEqual(document.ledger.map(({ kind, amount_minor: amount, balance_minor: left }) => [kind, amount, left]),
    [['charge', 60000, 60000], ['payment', -15000, 45000], ['payment', -15000, 30000], ['payment', -15000, 15000], ['payment', -15000, 0]]);
  assert.deepEqual(document.plans.map(({ state }) => state).sort(), ['broken', 'completed']);
  assert.equal(document.terms.length, 2, 'of the plan and of the offer');
  assert.ok(document.terms.some(({ text }) => text === TERMS.trim()));
  // What they said yes to stood on a page that is kept, word for word.
  for (const kind of ['plan.agreed', 'offer.accepted']) {
    const { page } = JSON.parse(document.events.find((event) => event.kind === kind).facts);
    assert.ok(document.pages.some(({ version }) => version === page), `${kind}: ${page}`);
  }
  const sent = document.events.filter(({ kind }) => kind === 'reminder.sent');
  assert.equal(sent.length, STORY.filter((line) => !line.includes(' did ')).length);
  for (const { personal } of sent) assert.match(JSON.parse(personal).messages[0].text, /POZ\/2028\/1/);
  for (const words of ['Jan Nowak', NUMBER, 'Zapis jest nienaruszony', 'Dwie zaległe raty kończą plan.']) assert.ok(paper.includes(words), words);
  const forged = structuredClone(document);
  forged.events.find(({ kind }) => kind === 'plan.broken').facts += ' ';
  writeFileSync(path.join(folder, 'forged.json'), JSON.stringify(forged));
  assert.equal(spawnSync('python3', [checker, path.join(folder, 'forged.json')]).status, 1, 'a changed fact is found');
});

test('after the person was erased it still holds, under the same anchor, and names nobody', async () => {
  await db.run(`delete from event_personal where customer_id = ${debt.customer};
    update customer set name = null, phone = null, email = null where customer_id = ${debt.customer}`);
  const { file, document, paper } = exported('erased');
  assertHolds(file, sealed.anchor.hash);
  assert.equal(document.debt.chain_head, sealed.debt.chain_head);
  assert.ok(document.events.every(({ personal, salt }) => personal === null && salt === null));
  assert.ok(!readFileSync(file, 'utf8').includes('Nowak') && !paper.includes('Nowak'));
  assert.ok(!readFileSync(file, 'utf8').includes('+48990000001'), 'nor the telephone');
  assert.match(paper, /dane usunięte/);
});
