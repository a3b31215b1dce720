// Campaigns from the command line, by two people, of ten thousand rows, and with processes killed in
// the middle. This gateway has no channel, so nothing is sent.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';

import { dunlin, eventually, execute, findConninfo, query as queryAt } from '../support/demo.mjs';
import { makeGateway, startGateway } from '../support/gateway.mjs';
import { request } from '../support/https.mjs';

const day = (n) => new Date(Date.now() + n * 86400000).toISOString().slice(0, 10);
const sendAt = `${day(3)} 12:00`;
const text = 'Dzień dobry {{row.imie}}, do zapłaty {{amount}} do {{date}}: {{link}}';
const rows = (count, first = 0) => 'Telefon;Kwota;Termin płatności;Imię\n' + Array.from({ length: count }, (_, n) =>
  `${600000000 + first + n};${100 + n % 900},${String(n % 100).padStart(2, '0')};${day(20 + n % 10)};Ala ${n}\n`).join('');

const settings = { import: { part_rows: 50 }, campaigns: { second_person_above_count: 20, part_price_micro: 70000 } };
const gateway = await startGateway(settings);
after(() => gateway.end());

function file(of, name, content) {
  const where = path.join(of.dir, name);
  writeFileSync(where, content);
  return where;
}

// { code, signal, stdout, stderr, json() }
function run(of, args, env = {}) {
  return new Promise((resolve) => {
    execFile(dunlin, ['campaign', ...args, '--settings', path.join(of.dir, 'dunlin.yaml')],
      { maxBuffer: 1 << 24, env: { ...process.env, SUDO_USER: 'zofia', ...env } }, (error, stdout, stderr) => resolve({
        code: error === null ? 0 : error.code, signal: error?.signal, stdout, stderr, json: () => JSON.parse(stdout) }));
  });
}
const make = (of, name, where, more = [], env) =>
  run(of, ['make', where, '--name', name, '--text', text, '--send-at', sendAt, ...more], env);
const owner = (of) => findConninfo(of.dir)[1];
const query = (of, sql) => queryAt(owner(of), sql);
const queued = (of, name) => eventually(async () => {
  const { state } = (await run(of, ['status', name, '--json'])).json();
  return state === 'queued';
}, { what: `${name} is queued`, within: 60000 });

async function approveByKey(of, name, who) {
  const id = randomBytes(6).toString('hex'), secret = randomBytes(20).toString('hex');
  await execute(owner(of), `insert into api_key (key_id, name, secret_hash, scopes, created_at)
    values ('${id}', '${who}', '\\x${createHash('sha256').update(secret).digest('hex')}', '{campaigns}', now())`);
  const [campaign] = await query(of, `select campaign_id::int as id from campaign where name = '${name}'`);
  return request(`https://localhost:${of.privatePort}/api/v1/campaigns/${campaign.id}/approve`, { method: 'POST',
    ca: readFileSync(of.settings.private.certificate), headers: { authorization: `Bearer dk_${id}_${secret}` } });
}

// Every row of the file is a debt, a row of the campaign and a reminder, once each.
async function assertOnce(of, name, count, state = 'scheduled') {
  const [n] = await query(of, `select count(*)::int as messages, count(distinct w.line)::int as lines,
      count(distinct i.invoice_id)::int as debts, count(distinct c.reference)::int as people,
      count(r.step)::int as reminders, count(*) filter (where r.state = '${state}')::int as good
    from campaign_row w join campaign k on k.campaign_id = w.campaign_id
    join invoice i on i.customer_id = w.customer_id and i.invoice_id = w.invoice_id
    join customer c on c.customer_id = w.customer_id
    left join reminder r on r.customer_id = w.customer_id and r.invoice_id = w.invoice_id
    where k.name = '${name}'`);
  assert.deepEqual(n, { messages: count, lines: count, debts: count, people: count, reminders: count, good: count });
  const [{ debts }] = await query(of, `select count(*)::int as debts from invoice where number like '${name}/%'`);
  assert.equal(debts, count);
}

test('one person makes one, sees three texts and the price, and is told how to approve', async () => {
  const made = await make(gateway, 'small', file(gateway, 'small.csv', rows(3) + `12;5,00;${day(20)};Ala\n`));
  assert.equal(made.code, 1, 'a row is bad');
  assert.match(made.stdout, /line 5: phone: this is not a telephone number/);
  assert.match(made.stdout, /campaign \d+, small: checked\n3 messages, 3 parts, price 0\.21\n1 rows are bad/);
  assert.match(made.stdout, /shortest \(line \d, 1 part, GSM-7\):\n {2}Dzien dobry Ala 0, do zaplaty 100,00 PLN do [\d.]+: https:/);
  assert.match(made.stdout, /longest .*\n.*\n\nrandom/);
  assert.match(made.stdout, /approve with: dunlin campaign approve "small"/);
  const approved = await run(gateway, ['approve', 'small']);
  assert.equal(approved.code, 0, approved.stderr);
  assert.match(approved.stdout, /approved by user:zofia/);
  await queued(gateway, 'small');
  await assertOnce(gateway, 'small', 3);
  const stopped = await run(gateway, ['stop', 'small']);
  assert.match(stopped.stdout, /3 messages do not go/);
  assert.match((await run(gateway, ['approve', 'small'])).stderr, /stopped, or is done/);
  assert.match((await run(gateway, ['results', 'small'])).stdout, / 3 {2}not sent: paid before, or stopped/);
  assert.match((await run(gateway, ['list'])).stdout, /stopped +3 rows {2}small/);
});

test('wrong usage, unknown names and bad texts are told', async () => {
  assert.equal((await run(gateway, [])).code, 2);
  assert.equal((await run(gateway, ['make', 'x.csv', '--name', 'x'])).code, 2);
  assert.match((await run(gateway, ['status', 'nobody'])).stderr, /no such campaign/);
  const where = file(gateway, 'fine.csv', rows(1));
  assert.match((await run(gateway, ['make', where, '--name', 'x', '--text', 'no', '--send-at', sendAt])).stderr, /\{\{link\}\}/);
  assert.match((await make(gateway, 'x', path.join(gateway.dir, 'nothing.csv'))).stderr, /No such file/);
  assert.equal((await query(gateway, `select count(*)::int as n from campaign where name = 'x'`))[0].n, 0);
  const unknown = await run(gateway, ['make', where, '--name', 'x', '--text', '{{row.kod}} {{link}}', '--send-at', sendAt]);
  assert.match(unknown.stdout, /refused: the text uses \{\{row\.kod\}\}, and the file has no such column; it has row\.imie/);
});

test('above the limit who made it does not approve it', async () => {
  await make(gateway, 'pair', file(gateway, 'pair.csv', rows(21, 1000)));
  const alone = await run(gateway, ['approve', 'pair']);
  assert.equal(alone.code, 1);
  assert.match(alone.stderr, /somebody else than who made it/);
  const answer = await approveByKey(gateway, 'pair', 'Bartek');
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.json().approved_by, 'key:Bartek');
  await queued(gateway, 'pair');
});

test('exactly at the limit one is enough', async () => {
  await make(gateway, 'edge', file(gateway, 'edge.csv', rows(20, 2000)));
  assert.equal((await run(gateway, ['approve', 'edge'])).code, 0);
});

test('ten thousand rows are checked, priced, approved and queued', async (t) => {
  const where = file(gateway, 'large.csv', rows(10000, 10000));
  const began = Date.now();
  const made = await make(gateway, 'large', where, ['--json']);
  const checkedAt = Date.now();
  assert.equal(made.code, 0, made.stderr);
  const { rows: count, bad, parts, price_micro: price, samples } = made.json();
  assert.deepEqual([count, bad, parts, price, samples.length], [10000, 0, 10000, 700000000, 3]);
  assert.equal((await approveByKey(gateway, 'large', 'Celina')).status, 200);
  await queued(gateway, 'large');
  const queuedAt = Date.now();
  await assertOnce(gateway, 'large', 10000);
  t.diagnostic(`10,000 rows: checked and priced in ${(checkedAt - began) / 1000} s, queued ${(queuedAt - checkedAt) / 1000} s later`);
  assert.ok(queuedAt - began < 180000, 'three minutes are for people');
});

test('a command killed in the middle goes on where it was when it is given again', async () => {
  const where = file(gateway, 'killed.csv', rows(300, 50000)), marker = file(gateway, 'crash', '');
  const killed = await make(gateway, 'killed', where, [], { TEST_CRASH_AT: 'import_part_saved', TEST_CRASH_FILE: marker });
  assert.equal(killed.signal, 'SIGKILL', killed.stderr);
  assert.equal((await run(gateway, ['status', 'killed', '--json'])).json().state, 'checking');
  const again = await make(gateway, 'killed', where, ['--json']);
  assert.equal(again.code, 0, again.stderr + again.stdout);
  assert.deepEqual([again.json().state, again.json().rows], ['checked', 300]);
  await approveByKey(gateway, 'killed', 'Daria');
  await queued(gateway, 'killed');
  await assertOnce(gateway, 'killed', 300);
});

for (const where of ['import_part_saved', 'campaign_before_commit', 'campaign_after_commit']) {
  test(`the work process killed at ${where}: it resumes, and nobody is there twice`, async () => {
    const other = await makeGateway(settings);
    after(() => other.end());
    const marker = file(other, 'crash', '');
    other.under = ['env', `TEST_CRASH_AT=${where}`, `TEST_CRASH_FILE=${marker}`];
    await other.start();
    const id = randomBytes(6).toString('hex'), secret = randomBytes(20).toString('hex');
    await execute(owner(other), `insert into api_key (key_id, name, secret_hash, scopes, created_at)
      values ('${id}', 'Ewa', '\\x${createHash('sha256').update(secret).digest('hex')}', '{imports,campaigns}', now())`);
    const call = (at, options = {}) => request(`https://localhost:${other.privatePort}/api/v1${at}`, { ...options,
      ca: readFileSync(other.settings.private.certificate),
      headers: { authorization: `Bearer dk_${id}_${secret}`, 'tus-resumable': '1.0.0', ...options.headers } });
    const made = (await call('/campaigns', { method: 'POST',
      body: JSON.stringify({ name: 'killed', template: text, send_at: sendAt }) })).json();
    const bytes = Buffer.from(rows(300));
    const upload = await call('/imports', { method: 'POST', headers: { 'upload-length': String(bytes.length),
      'upload-metadata': `campaign ${Buffer.from(String(made.id)).toString('base64')}` } });
    await call(upload.headers.location.replace('/api/v1', ''), { method: 'PATCH', body: bytes,
      headers: { 'content-type': 'application/offset+octet-stream', 'upload-offset': '0' } });
    const state = (wanted) => eventually(async () => (await call(`/campaigns/${made.id}`)).json().state === wanted,
      { what: `it is ${wanted}`, within: 60000 });
    await state('checked');
    assert.equal((await approveByKey(other, 'killed', 'Feliks')).status, 200);
    await state('queued');
    assert.equal(existsSync(marker), false, 'it was killed');
    await assertOnce(other, 'killed', 300);
  });
}
