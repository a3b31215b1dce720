// Mass messages from accounting's file: checked, priced, approved, sent, stopped, and who is to be
// called in the end.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { eventually, startDemo, temporaryFolder } from '../support/demo.mjs';
import { decide, startPayment } from '../support/payer.mjs';

const DAY = 86400, HOUR = 3600;
const day = (n) => new Date(Date.now() + n * 86400000).toISOString().slice(0, 10);
const head = 'Telefon;Kwota;Termin płatności;Nr umowy;Imię\n';
const text = 'Dzień dobry {{row.imie}}, umowa {{row.nr_umowy}}: {{amount}} do {{date}}. Zapłać: {{link}} {{creditor}}';

const folder = temporaryFolder();
const seed = path.join(folder, 'seed.csv');
writeFileSync(seed, 'Kod klienta;Nazwa;Telefon;Numer faktury;Kwota;Termin\n' +
  `K-1;Anna Znana;600200001;ZNANA/1;250,00;${day(30)}\n` +
  `K-2;Jan Zapłacony;600200002;ZAPLACONA/1;80,00;${day(30)}\n` +
  `K-4;Iza Inna;600200004;INNA/1;90,00;${day(30)}\n` +
  `K-3;Ewa Niechętna;600200003;NIECHETNA/1;90,00;${day(30)}\n`);
const demo = await startDemo({ args: ['--import', seed] });
await demo.setClock('pause');

// Another person's key.
async function keyOf(run, name, scopes = '{imports,campaigns}') {
  const id = randomBytes(6).toString('hex'), secret = randomBytes(20).toString('hex');
  await run(`insert into api_key (key_id, name, secret_hash, scopes, created_at)
    values ('${id}', '${name}', '\\x${createHash('sha256').update(secret).digest('hex')}', '${scopes}', now())`);
  return `dk_${id}_${secret}`;
}
const keys = {};
for (const name of ['Anna', 'Bartek'])
  keys[name] = await keyOf((sql) => demo.execute(sql), name);

const as = (name) => ({ authorization: `Bearer ${keys[name]}` });
const call = (where, { who = 'Anna', headers = {}, ...more } = {}) =>
  demo.call(where, { ...more, headers: { ...as(who), ...headers } });
const post = (where, body, who) => call(where, { method: 'POST', who, body: body && JSON.stringify(body) });

// Noon in Poland, the day after the demo's clock.
async function nextNoon() {
  const { now } = await demo.pane('/clock');
  return `${new Date(Date.parse(now) + DAY * 1000).toISOString().slice(0, 10)} 12:00`;
}
const times = new Map();
async function make(name, more = {}) {
  const send_at = await nextNoon();
  const answer = await post('/campaigns', { name, template: text, send_at, queue: 'north', ...more });
  assert.equal(answer.status, 201, answer.text);
  times.set(answer.json().id, send_at);
  return answer.json().id;
}

const base64 = (s) => Buffer.from(String(s)).toString('base64');
async function upload(id, content, { who = 'Anna' } = {}) {
  const bytes = Buffer.from(content);
  const tus = { 'tus-resumable': '1.0.0' };
  const made = await call('/imports', { method: 'POST', who, headers: { ...tus, 'upload-length': String(bytes.length),
    'upload-metadata': `filename ${base64('kampania.csv')},campaign ${base64(id)}` } });
  if (made.status !== 201)
    return made;
  const where = made.headers.location.replace('/api/v1', '');
  for (let at = 0; at < bytes.length; at += 1 << 20)
    assert.equal((await call(where, { method: 'PATCH', who, body: bytes.subarray(at, at + (1 << 20)), headers: { ...tus,
      'content-type': 'application/offset+octet-stream', 'upload-offset': String(at) } })).status, 204);
  return made;
}
const status = async (id) => (await call(`/campaigns/${id}`)).json();
const stateOf = (id, ...states) => eventually(async () => {
  const s = await status(id);
  return states.includes(s.state) && s;
}, { what: `campaign ${id} is ${states}`, within: 30000 });
const checked = async (id, content) => {
  assert.equal((await upload(id, content)).status, 201);
  return stateOf(id, 'checked', 'refused');
};
const approve = (id, who = 'Bartek') => post(`/campaigns/${id}/approve`, null, who);
const badRows = async (id) => (await call(`/campaigns/${id}/bad-rows.csv`)).text.split('\r\n').slice(1, -1)
  .map((line) => line.split(';').slice(-2));
const reminders = (id) => demo.query(`select line, r.state, r.reason, r.due_at, r.channel from campaign_row w
  join reminder r using (customer_id, invoice_id) where w.campaign_id = ${id} and r.campaign_id = ${id} order by line`);
const messages = (id) => demo.query(`select address, body from sandbox_message
  where step = 'campaign_${id}' order by address`);

async function advanceTo(id) { // its time
  const time = times.get(id);
  const [{ seconds }] = await demo.query(`select ceil(extract(epoch from
    timestamp '${time}' at time zone 'Europe/Warsaw' - timestamptz '${(await demo.pane('/clock')).now}'))::int as seconds`);
  if (seconds > 0)
    await demo.setClock('advance', { seconds });
}
const settled = (id) => eventually(async () => (await reminders(id)).every((r) => !['scheduled', 'claimed'].includes(r.state)),
  { what: `all of campaign ${id} has ended`, within: 30000 });

test('a file becomes a campaign: rows counted, texts measured, a price, three samples, bad rows told', async () => {
  const id = await make('jesień 1');
  assert.equal((await status(id)).state, 'checking');
  const c = await checked(id, head +
    `600100001;100,00;${day(20)};U/1;Ala\n` +
    `+48 600 100 002;1 234,56;${day(20)};U/2;Łucja Żółkiewska-Brzęczyszczykiewicz z Gżegżółki\n` +
    `600100003;50,00;${day(20)};U/3;Zoë Maria\n` +
    `12;50,00;${day(20)};U/4;Jan\n` +
    `600100005;1,234;${day(20)};U/5;Jan\n` +
    `600100006;50,00;31.02.2027;U/6;Jan\n` +
    `600100001;100,00;${day(20)};U/1b;Ala\n` + // the same number and debt
    `600100001;100,01;${day(20)};U/8;Ala\n` + // the same number, another debt
    `600100009;50,00;${day(20)};U/9;\n`); // the text needs a name
  assert.equal(c.state, 'checked', c.problem_detail);
  assert.deepEqual([c.rows, c.bad, c.progress], [4, 5, 1]);
  assert.deepEqual((await badRows(id)).map(([line, reason]) => [Number(line), reason.split(':')[0]]), [
    [5, 'phone'], [6, 'amount'], [7, 'due date'], [8, 'phone'], [10, 'row.imie']]);
  assert.deepEqual(c.samples.map((s) => s.which), ['shortest', 'longest', 'random']);
  const [shortest, longest] = c.samples;
  assert.equal(shortest.line, 2);
  assert.match(shortest.text, /^Dzien dobry Ala, umowa U\/1: 100,00 PLN do \d\d\.\d\d\.\d{4}\. Zaplac: https:\S+ /);
  assert.match(longest.text, /Lucja Zolkiewska-Brzeczyszczykiewicz z Gzegzolki/);
  assert.equal(shortest.alphabet, 'GSM-7');
  // 160 letters of GSM-7 are one part, 153 each of several.
  for (const s of c.samples)
    assert.equal(s.parts, s.text.length <= 160 ? 1 : Math.ceil(s.text.length / 153), s.text);
  const [{ parts }] = await demo.query(`select sum(parts)::int as parts from campaign_row where campaign_id = ${id}`);
  assert.equal(c.parts, parts);
  assert.equal(c.price_micro, parts * 90000);
  assert.equal(c.created_by, 'key:Anna');
});

test('what was approved is what goes, with its own link, at its time, by SMS', async () => {
  const id = await make('jesień 2');
  await checked(id, head + `600110001;100,00;${day(20)};W/1;Ala\n600110002;200,00;${day(20)};W/2;Ola\n`);
  const answer = await approve(id);
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.json().approved_by, 'key:Bartek');
  await stateOf(id, 'queued');
  const planned = await reminders(id);
  assert.deepEqual(planned.map((r) => [r.state, r.reason]), [['scheduled', 'campaign'], ['scheduled', 'campaign']]);
  const [{ at }] = await demo.query(`select timestamp '${times.get(id)}' at time zone 'Europe/Warsaw' as at`);
  assert.equal(Date.parse(planned[0].due_at), Date.parse(at));
  assert.deepEqual(await messages(id), []);
  await advanceTo(id);
  await settled(id);
  const sent = await messages(id);
  const approved = await demo.query(`select text from campaign_row where campaign_id = ${id} order by line`);
  assert.deepEqual(sent.map((m) => m.address), ['+48600110001', '+48600110002']);
  for (const [i, m] of sent.entries()) {
    const link = /https:\/\/\S+/.exec(m.body)[0];
    assert.equal(m.body, approved[i].text.replace('\x01', link), 'what was approved');
    const page = await demo.get(link);
    assert.equal(page.status, 200);
    assert.match(page.text, i === 0 ? /100,00/ : /200,00/);
  }
  const [debt] = await demo.query(`select number, c.reference, i.campaign_id::int as campaign, i.needs_plan,
      (select count(*)::int from reminder r where r.customer_id = i.customer_id and r.invoice_id = i.invoice_id) as reminders
    from invoice i join customer c using (customer_id) where number = 'jesień 2/2'`);
  assert.deepEqual(debt, { number: 'jesień 2/2', reference: 'tel:+48600110001', campaign: id, needs_plan: false, reminders: 1 });
});

test('who has paid meanwhile gets nothing; who paid a part gets a text of what is left', async () => {
  const id = await make('meanwhile');
  await checked(id, head + `600120001;100,00;${day(20)};M/1;Ala\n600120002;200,00;${day(20)};M/2;Ola\n` +
    `600120003;300,00;${day(20)};M/3;Ela\n`);
  const link = async (line) => {
    const [{ number }] = await demo.query(`select number from campaign_row join invoice using (customer_id, invoice_id)
      where campaign_row.campaign_id = ${id} and line = ${line}`);
    const answer = await demo.call('/paylinks', { method: 'POST', body: JSON.stringify({ action: 'show', number }) });
    return answer.json().url;
  };
  await decide(await startPayment(demo, await link(2)), 'pay'); // before it is approved
  await eventually(async () => (await demo.query(`select due_minor::int from invoice where number = 'meanwhile/2'`))[0].due_minor === 0);
  await approve(id);
  await stateOf(id, 'queued');
  await decide(await startPayment(demo, await link(3)), 'pay'); // after it was queued
  await decide(await startPayment(demo, await link(4)), 'part', '100,00');
  await eventually(async () => (await demo.query(`select sum(due_minor)::int as left from invoice where number like 'meanwhile/%'`))[0].left === 20000);
  await advanceTo(id);
  await settled(id);
  assert.deepEqual((await reminders(id)).map((r) => [r.line, r.state, r.reason]).slice(0, 2),
    [[2, 'cancelled', 'paid'], [3, 'cancelled', 'paid']]);
  const sent = await messages(id);
  assert.equal(sent.length, 1);
  assert.match(sent[0].body, /Ela, umowa M\/3: 200,00 PLN do /);
});

test('stopped is stopped: nothing more goes, and nothing can be made of it any more', async () => {
  const id = await make('stopped');
  await checked(id, head + `600150001;100,00;${day(20)};X/1;Ala\n600150002;100,00;${day(20)};X/2;Ala\n` +
    `600150003;100,00;${day(20)};X/3;Ala\n`);
  assert.equal((await approve(id)).status, 200);
  await stateOf(id, 'queued');
  const [{ customer }] = await demo.query(`select customer_id::int as customer from campaign_row where campaign_id = ${id} and line = 4`);
  await demo.execute(`update reminder set state = 'claimed', claimed_at = now() where campaign_id = ${id} and customer_id = ${customer}`);
  const answer = await post(`/campaigns/${id}/stop`);
  assert.equal(answer.json().state, 'stopped');
  assert.equal(answer.json().stopped_by, 'key:Anna');
  assert.deepEqual((await reminders(id)).map((r) => [r.state, r.reason]),
    [['cancelled', 'campaign stopped'], ['cancelled', 'campaign stopped'],
      ['claimed', 'campaign stopped']], 'what is on its way and comes back does not go again');
  await advanceTo(id);
  assert.deepEqual(await messages(id), []);
  assert.equal((await approve(id)).json().type, 'urn:dunlin:problem:campaign-over');
  assert.equal((await post(`/campaigns/${id}/stop`)).status, 409);
  const before = await make('stopped early');
  assert.equal((await post(`/campaigns/${before}/stop`)).status, 200);
  assert.equal((await upload(before, head)).status, 409);
});

test('a known debt is written about as it stands, and never changed', async () => {
  const id = await make('known', { template: '{{name}}: {{amount}}, {{number}} {{link}}' });
  await demo.execute(`update customer set opted_out = '{sms}' where reference = 'K-3'`);
  await demo.execute(`update invoice set due_minor = 0, paid_at = now() where number = 'ZAPLACONA/1'`);
  await demo.execute(`insert into contact_fault (customer_id, channel, address, is_dead, reason, at)
    values (1, 'sms', '+48600200009', true, 'unknown subscriber', now())`);
  const before = await demo.query(`select xmin::text, amount_minor from invoice where number = 'ZNANA/1'`);
  const c = await checked(id, 'Telefon;Numer faktury;Kwota;Termin\n' +
    `600200001;ZNANA/1;250,00;${day(30)}\n` +
    `600200002;ZAPLACONA/1;80,00;${day(30)}\n` +
    `600200003;NIECHETNA/1;90,00;${day(30)}\n` +
    `600200003;NOWA/4;90,00;${day(30)}\n` + // refused messages, at that telephone
    `600200009;NOWA/5;90,00;${day(30)}\n` +
    `600200001;INNA/1;90,00;${day(30)}\n` + // somebody else's debt
    `600200001;ZNANA/1;260,00;${day(30)}\n`);
  assert.deepEqual([c.rows, c.bad], [1, 6]);
  assert.deepEqual((await badRows(id)).map(([line, reason]) => [Number(line), reason]), [
    [3, 'invoice number: the invoice is paid'],
    [4, 'phone: this person does not want messages'],
    [5, 'phone: this person does not want messages'],
    [6, 'phone: no message arrives at this telephone number'],
    [7, 'phone: the customer of this invoice has another telephone number'],
    [8, 'invoice number: another row of this file has the same invoice number']]);
  assert.match(c.samples[0].text, /^Anna Znana: 250,00 PLN, ZNANA\/1 https/);
  assert.deepEqual(await demo.query(`select xmin::text, amount_minor from invoice where number = 'ZNANA/1'`), before);
  assert.equal((await demo.query(`select campaign_id from invoice where number = 'ZNANA/1'`))[0].campaign_id, null);
  assert.equal((await demo.query(`select count(*)::int as n from invoice where number like 'NOWA/%'`))[0].n, 0);
});

test('the same file again: not while the first is under way; after a stop nobody owes twice', async () => {
  const file = head + `600160001;100,00;${day(20)};T/1;Ala\n`;
  const first = await make('twice 1');
  await checked(first, file);
  const second = await make('twice 2');
  const refused = await checked(second, file);
  assert.equal(refused.state, 'refused');
  assert.equal(refused.problem, 'campaign-file-used');
  assert.match(refused.problem_detail, /twice 1/);
  await post(`/campaigns/${first}/stop`);
  const again = await make('twice 2'); // the name is free again
  const c = await checked(again, file);
  assert.deepEqual([c.state, c.rows, c.bad], ['checked', 1, 0]);
  assert.deepEqual(await demo.query(`select number, campaign_id::int as id from invoice i join customer using (customer_id)
    where reference = 'tel:+48600160001'`), [{ number: 'twice 1/2', id: first }]);
  assert.equal((await upload(again, file)).json().type, 'urn:dunlin:problem:campaign-awaits-no-file');
});

test('after 48 hours those who neither paid nor answered are on the call list, once', async () => {
  const id = await make('calls', { call_after_hours: 48, queue: 'south' });
  await checked(id, head + ['Ala', 'Ola', 'Ela', 'Iza', '=cmd()'].map((name, n) =>
    `60017000${n};10${n},00;${day(20)};C/${n};${name}\n`).join(''));
  await approve(id);
  await stateOf(id, 'queued');
  await advanceTo(id);
  await settled(id);
  assert.equal((await messages(id)).length, 5);
  const linkOf = async (n) => /https:\/\/\S+/.exec((await messages(id))[n].body)[0];
  await decide(await startPayment(demo, await linkOf(0)), 'pay');
  await demo.execute(`update reminder set opened_at = now() where campaign_id = ${id}
    and customer_id = (select customer_id from customer where phone = '+48600170001')`);
  const held = await demo.query(`select customer_id || '-' || invoice_id as id from campaign_row where campaign_id = ${id} and line = 4`);
  assert.equal((await demo.call(`/invoices/${held[0].id}/holds`, { method: 'POST', body: JSON.stringify({ kind: 'dispute' }) })).status, 201);
  await eventually(async () => (await demo.query(`select due_minor::int from invoice where number = 'calls/2'`))[0].due_minor === 0);
  await demo.setClock('advance', { seconds: 47 * HOUR });
  assert.equal((await status(id)).state, 'queued');
  await demo.setClock('advance', { seconds: 2 * HOUR });
  await stateOf(id, 'done');
  const list = await call(`/campaigns/${id}/call-list.csv`);
  assert.equal(list.status, 200);
  const lines = list.text.split('\r\n').slice(1, -1);
  assert.deepEqual(lines.map((l) => l.split(';').slice(0, 2)), [['5', '+48600170003'], ['6', '+48600170004']]);
  assert.match(lines[0], /;103,00;PLN;\d{4}-\d\d-\d\d;south;open;;no payment and no answer to campaign calls in 48 hours;/);
  await demo.setClock('advance', { seconds: DAY });
  assert.equal((await demo.query(`select count(*)::int as n from work_item where step = 'campaign_${id}'`))[0].n, 2);
  const results = (await call(`/campaigns/${id}/results`)).json();
  assert.deepEqual([results.rows, results.sent, results.opened, results.paid_within_48h, results.settled_within_48h, results.call_list],
    [5, 5, 2, 1, 1, 2], 'who paid has opened it too');
  assert.deepEqual(results.money, [{ currency: 'PLN', owed_minor: 51000, paid_within_48h_minor: 10000, left_minor: 41000 }]);
  assert.equal(results.cost_micro, (await status(id)).price_micro);
});

test('cells are data: no template, no formula, no column of somebody else', async () => {
  const id = await make('hostile');
  const c = await checked(id, head +
    `600180001;100,00;${day(40)};{{creditor}}{{link}};{{#row}}x{{/row}}\n` +
    `600180002;100,00;${day(40)};=HYPERLINK("http://evil");=1+1\n`);
  assert.deepEqual([c.state, c.rows, c.bad], ['checked', 2, 0]);
  const texts = await demo.query(`select text from campaign_row where campaign_id = ${id} order by line`);
  assert.match(texts[0].text, /dobry \{\{#row\}\}x\{\{\/row\}\}, umowa \{\{creditor\}\}\{\{link\}\}: 100/);
  assert.match(texts[1].text, /dobry =1\+1, umowa =HYPERLINK\("http:\/\/evil"\):/);
});

const noSuch = {
  'a field that there is not': ['{{amout}} {{link}}', /no field \{\{amout\}\}/],
  'no link': ['Pay {{amount}}', /no \{\{link\}\}/],
  'something right behind the link': ['Pay {{link}}.', /blank must follow/],
  'an open section': ['{{#name}} {{link}} ', /./],
  'a link in a section alone': ['{{#name}}{{link}} {{/name}}', /no \{\{link\}\}/],
};
for (const [what, [template, reason]] of Object.entries(noSuch)) {
  test(`a text with ${what} is refused at once`, async () => {
    const answer = await post('/campaigns', { name: 'bad text', template, send_at: await nextNoon() });
    assert.equal(answer.status, 400);
    assert.match(answer.json().detail, reason);
  });
}

test('a text of a column that the file does not have is refused with the list of columns', async () => {
  const id = await make('columns', { template: '{{row.nr_umowy_leasingu}} {{link}}' });
  const c = await checked(id, head + `600190001;100,00;${day(40)};L/1;Ala\n`);
  assert.deepEqual([c.state, c.problem], ['refused', 'campaign-text']);
  assert.equal(c.problem_detail,
    'the text uses {{row.nr_umowy_leasingu}}, and the file has no such column; it has row.nr_umowy, row.imie');
  assert.equal((await demo.query(`select count(*)::int as n from customer where reference = 'tel:+48600190001'`))[0].n, 0);
});

test('what cannot be a campaign is refused in words', async () => {
  const refusal = async (more) => (await post('/campaigns', { name: 'fine', template: text, send_at: await nextNoon(), ...more })).json().detail;
  assert.match(await refusal({ name: '=1+1' }), /^name/);
  assert.match(await refusal({ name: '17' }), /^name/);
  assert.match(await refusal({ send_at: 'tomorrow' }), /^send_at/);
  assert.match(await refusal({ send_at: '2026-02-30 10:00' }), /^send_at/);
  assert.match(await refusal({ send_at: '2020-01-01 10:00' }), /^send_at/);
  assert.match(await refusal({ send_at: '9999-12-31 10:00' }), /^send_at/);
  assert.match(await refusal({ channel: 'fax' }), /^channel/);
  assert.match(await refusal({ queue: 'a b' }), /^queue/);
  assert.equal((await post('/campaigns', { name: 'jesień 1', template: text, send_at: await nextNoon() })).status, 409);
  assert.equal((await call('/campaigns/999999')).status, 404);
  keys.Cezary = await keyOf((sql) => demo.execute(sql), 'Cezary', '{imports}');
  assert.equal((await call('/campaigns', { who: 'Cezary' })).status, 403);
  const id = await make('scopes');
  assert.equal((await upload(id, head, { who: 'Cezary' })).status, 403);
});

test('a file without a column that is needed, and one without a good row, are refused', async () => {
  const a = await make('missing column');
  assert.match((await checked(a, `Telefon;Kwota\n600190001;1,00\n`)).problem_detail, /.due date. is missing/);
  const b = await make('no good row');
  assert.equal((await checked(b, head + `1;1,00;${day(40)};L/1;Ala\n`)).problem, 'campaign-empty');
});
