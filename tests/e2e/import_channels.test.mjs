// What a file says of a customer's channels: which they like best, what they agreed to, what they refused.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';

import { dunlin, findConninfo, query as queryAt } from '../support/demo.mjs';
import { eventually } from '../support/eventually.mjs';
import { startGateway } from '../support/gateway.mjs';
import { request } from '../support/https.mjs';
import { Psql } from '../support/psql.mjs';

// Two rows a part, so that what a file says of one customer stands in several transactions.
const gateway = await startGateway({ import: { part_rows: 2 } });
const owner = findConninfo(gateway.dir)[1];
const settings = path.join(gateway.dir, 'dunlin.yaml');
const ca = readFileSync(gateway.settings.private.certificate);
const key = execFileSync(dunlin, ['key', 'api', 'make', 'crm', 'customers', '--settings', settings], { encoding: 'utf8' }).trim();
after(() => gateway.end());

const one = async (sql) => (await queryAt(owner, sql))[0];
const day = (n) => new Date(Date.now() + n * 86400000).toISOString().slice(0, 10);
const head = 'Kod kontrahenta;Nazwa;Telefon;E-mail;Numer faktury;Kwota;Termin;Preferowany kanał;Zgoda SMS;Zgoda e-mail;Zgoda na kontakt telefoniczny\n';
// A row of customer `who`: invoice, then preferred channel, and consents to sms, e-mail, calls.
const row = (who, number, preferred = '', sms = '', email = '', call = '') =>
  `${who};Anna;600100200;${who.toLowerCase()}@example.com;${number};10,00;${day(10)};${preferred};${sms};${email};${call}\n`;

function run(text, env = {}) {
  const where = path.join(gateway.dir, 'channels.csv');
  writeFileSync(where, head + text);
  return new Promise((resolve) => {
    execFile(dunlin, ['import', where, '--json', '--settings', settings], { env: { ...process.env, ...env } },
      (error, stdout) => resolve(stdout === '' ? null : JSON.parse(stdout)));
  });
}
const terms = async (who) => one(`select preferred_channel as preferred, array(select unnest(opted_out) order by 1) as opted_out,
  array(select unnest(consented) order by 1) as consented from customer where reference = '${who}'`);
const noticesOnly = async (who) => (await one(`select notices_only as channels from customer where reference = '${who}'`)).channels;
const events = async (who) => (await queryAt(owner, `select e.facts from event e join customer c using (customer_id)
  where c.reference = '${who}' and e.kind = 'customer.channels' order by e.invoice_id, e.event_no`)).map(({ facts }) => JSON.parse(facts));
const channels = (who, body) => request(`${gateway.settings.private.url}/api/v1/customers/${who}/channels`, { ca,
  method: body === undefined ? 'GET' : 'PUT', headers: { authorization: `Bearer ${key}` }, body: body && JSON.stringify(body) });

test('a file says what a customer likes, agreed to and refused, and the chain of events tells it', async () => {
  assert.equal((await run(row('A', 'A-1', 'e-mail', 'tak', 'TAK', 'nie'))).created, 1);
  assert.deepEqual(await terms('A'), { preferred: 'email', opted_out: ['call'], consented: ['email', 'sms'] });
  const shown = (await channels('A')).json();
  assert.deepEqual([shown.preferred, shown.sms, shown.email, shown.call, shown.push, shown.voice],
    ['email', 'consented', 'consented', 'opted_out', 'opted_in', 'opted_in']);
  const [{ import: id, ...facts }] = await events('A');
  assert.deepEqual(facts, { opted_out: ['call'], consented: ['sms', 'email'], preferred: 'email', by: 'file' });
  assert.deepEqual(await one(`select name from import where import_id = '${id}'`), { name: 'channels.csv' });
  const checked = await queryAt(owner, `select h.hash = event_hash(h.prev_hash, h.customer_id, h.invoice_id, h.event_no, h.at, h.kind, h.facts, h.personal_hash)
    as is_whole from event h join customer c using (customer_id) where c.reference = 'A'`);
  assert.ok(checked.every(({ is_whole: isWhole }) => isWhole));
});

test('an empty cell, or a file without the columns, leaves what is there; the same file again changes nothing', async () => {
  const before = await terms('A');
  const again = await run(row('A', 'A-1', 'e-mail', 'tak', 'TAK', 'nie'));
  assert.deepEqual([again.created, again.changed, again.same], [0, 0, 1]);
  const silent = await run(row('A', 'A-1') + row('A', 'A-2'));
  assert.deepEqual([silent.created, silent.changed, silent.same], [1, 0, 1]);
  assert.deepEqual(await terms('A'), before);
  assert.equal((await events('A')).length, 1);
});

test('what a file said another file changes', async () => {
  const changed = await run(row('A', 'A-1', 'sms', 'nie', '', 'tak'));
  assert.equal(changed.changed, 1);
  assert.deepEqual(await terms('A'), { preferred: 'sms', opted_out: ['sms'], consented: ['call', 'email'] });
});

test('a bad word is a bad row that names the column and the words there are', async () => {
  const result = await run(row('B', 'B-1', 'fax') + row('B', 'B-2', '', 'może') + row('B', 'B-3', '', '', '', 'x'));
  assert.deepEqual(result.bad_rows.map(({ line, column, value, reason }) => [line, column, value, reason]), [
    [2, 'preferred channel', 'fax', 'the channel is not push, sms, email, voice or call'],
    [3, 'sms consent', 'może', 'the consent is not yes or no, tak or nie'],
    [4, 'call consent', 'x', 'the consent is not yes or no, tak or nie']]);
  assert.equal(await terms('B'), undefined);
});

test('rows of one customer say it together; one that says otherwise is a bad row, in whatever part', async () => {
  const text = row('C', 'C-1', 'sms', 'tak') + row('D', 'D-1', '', 'nie') + row('C', 'C-2', '', '', 'nie') + row('D', 'D-2', '', 'nie')
    + row('C', 'C-3', '', 'nie') + row('C', 'C-4', 'call') + row('C', 'C-5', 'sms', 'tak', 'nie', 'tak');
  const result = await run(text);
  assert.deepEqual([result.created, result.bad], [5, 2]);
  const otherwise = 'another row of this file says otherwise of this customer';
  assert.deepEqual(result.bad_rows.map(({ line, column, value, reason }) => [line, column, value, reason]),
    [[6, 'sms consent', 'no', otherwise], [7, 'preferred channel', 'call', otherwise]]);
  assert.deepEqual(await terms('C'), { preferred: 'sms', opted_out: ['email'], consented: ['call', 'sms'] });
  assert.deepEqual(await terms('D'), { preferred: null, opted_out: ['sms'], consented: [] });
});

test('a killed import goes on and finds the same contradictions', async () => {
  const text = row('K', 'K-1', '', 'tak') + row('K', 'K-2') + row('L', 'L-1') + row('L', 'L-2') + row('K', 'K-3', '', 'nie') + row('K', 'K-4', 'call');
  const marker = path.join(gateway.dir, 'killed');
  writeFileSync(marker, '');
  assert.equal(await run(text, { TEST_CRASH_AT: 'import_part_saved', TEST_CRASH_FILE: marker }), null);
  assert.ok(await one(`select 1 from invoice where number = 'K-1'`));
  assert.equal(await one(`select 1 from invoice where number = 'K-4'`), undefined);
  const result = await eventually(async () => {
    const answer = await run(text);
    return answer.state === 'done' && answer;
  }, { what: 'the lock of the dead session goes' });
  assert.deepEqual(result.bad_rows.map(({ line, column }) => [line, column]), [[6, 'sms consent']]);
  assert.deepEqual(await terms('K'), { preferred: 'call', opted_out: [], consented: ['sms'] });
});

// The customer's own link, and the interface of the creditor's systems.
const linkOf = async (number) => JSON.parse((await promisify(execFile)(dunlin, ['link', 'show', number, '--json', '--settings', settings])).stdout).url;
const unsubscribe = async (number) => {
  const link = await linkOf(number);
  const answer = await request(`${link}/unsubscribe`, { ca: [readFileSync(gateway.settings.public.certificate)], method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'List-Unsubscribe=One-Click' });
  assert.equal(answer.status, 200);
};

test('no file takes back a click of the customer\'s own, nor what was said over the interface', async () => {
  await run(row('E', 'E-1', '', 'tak', 'tak', 'tak'));
  await unsubscribe('E-1');
  assert.equal((await channels('E', { sms: 'opted_out' })).status, 204);
  const result = await run(row('E', 'E-1', '', 'tak', 'tak', 'tak') + row('E', 'E-2', 'email', 'tak', 'tak', 'tak'));
  assert.equal(result.bad, 0);
  assert.deepEqual(await terms('E'), { preferred: 'email', opted_out: ['sms'], consented: ['call', 'email'] });
  assert.deepEqual(await noticesOnly('E'), ['email']);
  assert.equal((await channels('E', { sms: 'consented' })).status, 204); // they, or the creditor's system, may
  assert.deepEqual((await terms('E')).opted_out, []);
});

test('nor what was said after a file had closed the channel', async () => {
  await run(row('F', 'F-1', '', '', 'nie'));
  assert.equal((await channels('F', { email: 'opted_out' })).status, 204);
  await run(row('F', 'F-1', '', '', 'tak'));
  assert.deepEqual((await terms('F')).opted_out, ['email']);
});

test('an opt-out between an import\'s reading and its saving is not lost', async () => {
  const waiting = (count) => eventually(async () => (await one(`select count(*)::integer as count from pg_stat_activity
    where wait_event_type = 'Lock' and datname = current_database()`)).count === count, { what: `${count} wait for the customer` });
  await run(row('G', 'G-1', '', '', 'nie'));
  const lock = new Psql(owner);
  await lock.run(`begin; select customer_id from customer where reference = 'G' for no key update`);
  const opted = channels('G', { email: 'opted_out' }); // comes first, and has to wait
  await waiting(1);
  const imported = run(row('G', 'G-2', '', '', 'tak')); // has read that a file closed it
  await waiting(2);
  await lock.run('commit');
  assert.equal((await opted).status, 204);
  assert.equal((await imported).created, 1);
  assert.deepEqual((await terms('G')).opted_out, ['email']);
});
