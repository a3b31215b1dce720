// What the plan says of a debt on a day, over the API and from the command line: the service firm's preset on debts
// that came with a file alone, with what their customers like, agreed to and refused.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import { dunlin, findConninfo, query as queryAt } from '../support/demo.mjs';
import { startGateway } from '../support/gateway.mjs';
import { request } from '../support/https.mjs';

let gateway, settings, owner, key, ca, on; // the day of before_3, which days off may have moved
const day = (n) => new Date(Date.now() + n * 86400000).toISOString().slice(0, 10);
const due = day(40);
const run = async (...args) => (await promisify(execFile)(dunlin, [...args, '--settings', settings])).stdout;
const call = (where, body) => request(`${gateway.settings.private.url}/api/v1${where}`, { ca, method: body === undefined ? 'GET' : 'POST',
  headers: { authorization: `Bearer ${key}` }, body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body) });
const idOf = async (number) => (await queryAt(owner, `select customer_id || '-' || invoice_id as id from invoice where number = '${number}'`))[0].id;
const planOf = async (number, date) => (await call(`/invoices/${await idOf(number)}/plan${date ? `?date=${date}` : ''}`)).json();
const stepOn = async (number, date, name) => (await planOf(number, date)).steps.find(({ step }) => step === name);

before(async () => {
  gateway = await startGateway({ reminders: { consent: ['sms'], window_from: '08:00', window_to: '20:00' } });
  settings = path.join(gateway.dir, 'dunlin.yaml');
  owner = findConninfo(gateway.dir)[1];
  ca = [readFileSync(gateway.settings.private.certificate)];
  key = JSON.parse(execFileSync(dunlin, ['key', 'api', 'make', 'test', 'invoices', 'scenarios', 'customers', '--json', '--settings', settings])).key;
  // Nothing is sent here; that there are gateways is for the plan to know.
  const token = path.join(gateway.dir, 'token');
  writeFileSync(token, 'sms-token-1234', { mode: 0o600 });
  Object.assign(gateway.settings, { sms: { gateway: 'smsapi', url: 'https://127.0.0.1:1/sms.do', token_file: token, sender: 'Firm' },
    mail: { url: 'smtps://127.0.0.1:1', from: 'firm@example.com', bounce_domain: 'bounce.example.com' } });
  await gateway.stop();
  await gateway.start();
  const csv = path.join(gateway.dir, 'firm.csv');
  writeFileSync(csv, `Kod kontrahenta;Nazwa;Telefon;E-mail;Numer faktury;Kwota;Termin;Preferowany kanał;Zgoda SMS;Zgoda e-mail
A;Anna;600100201;a@example.com;A-1;10,00;${due};sms;tak;
B;Beata;600100202;b@example.com;B-1;10,00;${due};sms;;
C;Celina;600100203;c@example.com;C-1;10,00;${due};e-mail;tak;nie
`);
  assert.equal(JSON.parse(await run('import', csv, '--json')).created, 3);
  assert.equal((await call('/scenario-presets/service_firm', '')).status, 201);
  await call('/scenarios/service_firm/activate', '');
  await call('/scenarios/service_firm/position', { position: 1 });
  on = (await planOf('B-1')).steps.find(({ step, scenario }) => step === 'before_3' && scenario === 'service_firm').date;
});
after(() => gateway.end());

test('the preset works from a file alone: who likes what, agreed to it and refused it', async () => {
  const [a, b, c] = await Promise.all(['A-1', 'B-1', 'C-1'].map((number) => stepOn(number, on, 'before_3')));
  assert.deepEqual([a.goes, a.channel, a.passed], [true, 'sms', undefined]);
  assert.deepEqual([b.goes, b.channel, b.passed], [true, 'email', 'sms: no consent']);
  assert.deepEqual([c.goes, c.channel, c.passed], [true, 'sms', 'email: opted out']);
});

test('the day\'s forecast counts them by those channels', async () => {
  const { counts, total } = (await call(`/plan?date=${on}`)).json();
  assert.equal(total, 3);
  assert.deepEqual(counts.map(({ step, channel, state, count }) => [step, channel, state, count]),
    [['before_3', 'email', 'to come', 1], ['before_3', 'sms', 'to come', 2]]);
});

test('a promise that ends before a day holds today and not then; one that does not moves the step', async () => {
  const held = (plan) => plan.held_by.map(({ rule }) => rule);
  assert.equal((await call(`/invoices/${await idOf('A-1')}/holds`, { kind: 'promise', until: day(20) })).status, 201);
  assert.ok(held(await planOf('A-1')).includes('promise'));
  const then = await planOf('A-1', on);
  assert.ok(!held(then).includes('promise'));
  assert.equal(then.steps.length, 1);
  assert.equal(then.steps[0].goes, true);
  assert.equal((await call(`/invoices/${await idOf('C-1')}/holds`, { kind: 'dispute' })).status, 201);
  const disputed = await stepOn('C-1', on, 'before_3');
  assert.deepEqual([disputed.goes, disputed.why_not, disputed.goes_at], [false, 'dispute', undefined]);
  assert.equal((await call(`/invoices/${await idOf('A-1')}/plan?date=tomorrow`)).status, 400);
});

test('the command says the same in words', async () => {
  const goes = await run('plan', '--invoice', 'B-1', '--date', on);
  assert.match(goes, /held back at \S+ by:\n {2}no consent \{"channels":\["sms"\]\}/);
  assert.match(goes, new RegExp(`${on} {2}before_3 +goes at \\S+ by email \\(sms: no consent\\)`));
  assert.doesNotMatch(goes, /late_7/);
  assert.match(await run('plan', '--invoice', 'C-1', '--date', on), /before_3 +stays: dispute/);
});

test('of today, and of a day that is over, the events are told', async () => {
  const today = (await planOf('A-1', new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/Warsaw' }).format(new Date()))).events;
  assert.deepEqual(today.map(({ kind }) => kind).filter((kind) => kind.startsWith('invoice') || kind === 'customer.channels'),
    ['invoice.imported', 'customer.channels']);
  assert.equal(today.find(({ kind }) => kind === 'customer.channels').facts.preferred, 'sms');
  const past = await planOf('A-1', '2026-01-05');
  assert.deepEqual([past.at, past.held_by, past.was, past.steps, past.events], [null, [], [], [], []]);
  assert.match(await run('plan', '--invoice', 'A-1', '--date', '2026-01-05'), /^A-1: [^\n]*\nwhat was, and is planned:\nits steps:\n$/);
});

test('late in the evening a call comes on its list at once, and an SMS waits for the morning', async () => {
  const yaml = `scenario: evening
title: "Evening"
time: "21:30"
steps:
  - {name: ring, anchor: due, days: -9, channels: [call], template: before}
  - {name: write, anchor: due, days: -8, channels: [sms], template: before}
`;
  const saved = await call('/scenarios', yaml);
  assert.equal(saved.status, 201, saved.text);
  await call('/scenarios/evening/activate', '');
  await call('/scenarios/evening/position', { position: 1 });
  const { steps } = await planOf('A-1');
  const goes = (name) => steps.find(({ step, scenario }) => step === name && scenario === 'evening').goes_at;
  const atHome = (text) => new Date(text).toLocaleString('sv-SE', { timeZone: 'Europe/Warsaw' });
  assert.deepEqual([atHome(goes('ring')), atHome(goes('write'))], [`${day(31)} 21:30:00`, `${day(33)} 08:00:00`]);
});
