// What operators have for SMS: settings that are judged, `dunlin check`, `dunlin sms`. Against a fake
// of SMSAPI.pl, and against SerwerSMS and Twilio described in settings.
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { startSmsapi } from '../fake/smsapi.mjs';
import { atEnd, temporaryFolder } from '../support/cleanup.mjs';
import { run as runDunlin } from '../support/command.mjs';
import { makeGateway } from '../support/gateway.mjs';

const folder = temporaryFolder(), said = [];
const tokenFile = path.join(folder, 'sms.token'), secretFile = path.join(folder, 'report.secret');
const secret = 'r3port-Secret_of_the_address';
writeFileSync(tokenFile, 'sms-token-1234\n', { mode: 0o600 });
writeFileSync(secretFile, `${secret}\n`, { mode: 0o600 });
let fake;

before(async () => {
  fake = await startSmsapi();
});
after(async () => {
  await fake.close();
  assert.deepEqual(fake.complaints, []);
  for (const text of said) {
    assert.ok(!text.includes('sms-token-1234'), text);
    assert.ok(!text.includes(secret), text);
  }
});

async function run(...args) {
  const ended = await runDunlin(...args);
  said.push(ended.out, ended.err);
  return ended;
}

async function settingsWith(more) {
  const gateway = await makeGateway(more);
  gateway.writeSettings();
  atEnd(() => rmSync(gateway.dir, { recursive: true, force: true }));
  return path.join(gateway.dir, 'dunlin.yaml');
}

const smsapi = (more = {}) => ({ gateway: 'smsapi', url: `${fake.url}/sms.do`, check_url: `${fake.url}/user.do?format=json&credits=1`,
  token_file: tokenFile, sender: 'MyBank', timeout_ms: 1000, ...more });

async function send(sms, { to = '+48501234567', text = 'Dzien dobry', args = [] } = {}) {
  const file = await settingsWith({ sms });
  const { code, out, err } = await run('sms', '--to', to, '--text', text, '--json', ...args, '--settings', file);
  assert.equal(err, '');
  return { code, ...JSON.parse(out) };
}

test('one SMS goes out as SMSAPI asks, and the exchange shows no secret', async () => {
  fake.clear();
  const before_ = fake.sent.length;
  const ended = await send(smsapi({ report: { secret_file: secretFile } }), { to: '501 234 567', text: 'Zażółć gęślą jaźń' });
  assert.equal(ended.code, 0);
  assert.equal(ended.outcome, 'sent');
  assert.equal(fake.sent.length, before_ + 1);
  const sent = fake.sent.at(-1);
  assert.deepEqual([sent.to, sent.text, sent.parts], ['48501234567', 'Zażółć gęślą jaźń', 1]);
  assert.match(sent.idx, /^[0-9A-Za-z]{18}$/);
  assert.match(sent.notify, new RegExp(`^https://localhost:\\d+/callbacks/sms/${secret}$`));
  assert.equal(ended.gateway_id, sent.id);
  assert.equal(ended.price_micro, 165000);
  assert.equal(ended.alphabet, 'UCS-2');
  assert.ok(ended.exchange.some((line) => line === '> Authorization: Bearer ***'), JSON.stringify(ended.exchange));
  assert.ok(ended.exchange.some((line) => line.includes('notify_url=%2A%2A%2A')));
});

test('plain writing halves what a text costs', async () => {
  const text = 'Dzień dobry, przypominamy o płatności faktury FV/2026/11/0042 na kwotę 412,50 zł, termin mija dzisiaj.';
  assert.equal((await send(smsapi(), { text })).parts, 2);
  const plain = await send(smsapi(), { text, args: ['--plain'] });
  assert.deepEqual([plain.parts, plain.parts_counted], [1, 1]);
  assert.match(fake.sent.at(-1).text, /^Dzien dobry, przypominamy o platnosci/);
});

test('with test on, nothing is sent', async () => {
  const before_ = fake.sent.length;
  assert.equal((await send(smsapi({ test: true }))).outcome, 'sent');
  assert.equal(fake.sent.length, before_);
});

// The code table of SMSAPI's documentation, one row each.
const table = [
  [[201, 666, 999, 202, 203, 200, 52, 8], 'not sent', false],
  [[53], 'sent', false],
  [[103, 101, 102, 105, 110, 1000, 1001, 14], 'not sent', true],
  [[13, 57], 'refused', false],
  [[11, 12, 17, 18, 19, 20, 25, 27, 30, 54, 56, 70, 40, 41, 50, 60, 66, 74, 104, 301, 400], 'refused', false],
];
for (const [codes, outcome, stops] of table)
  test(`SMSAPI's ${codes.slice(0, 3).join(', ')}${codes.length > 3 ? ' …' : ''}: ${outcome}${stops ? ', and the channel stops' : ''}`, async () => {
    for (const code of codes) {
      fake.clear();
      fake.add({ code });
      const file = await settingsWith({ sms: smsapi() });
      const { code: status, out } = await run('sms', '--to', '501234567', '--text', 'x', '--settings', file);
      const last = out.trimEnd().split('\n');
      assert.equal(status, outcome === 'sent' ? 0 : 1);
      assert.equal(last.at(-1).startsWith('The channel would stop'), stops, `${code}: ${out}`);
      assert.ok(last.at(stops ? -2 : -1).startsWith(`${outcome}: `), `${code}: ${out}`);
    }
    fake.clear();
  });

test('what nobody knows is uncertain; what never left is not sent', async () => {
  const rows = [
    [{ silent: true }, 'uncertain'], [{ cut: 'after' }, 'uncertain'], [{ cut: 'before' }, 'uncertain'],
    [{ accept: 500 }, 'uncertain'], [{ garbage: 'OK:1:0.1' }, 'uncertain'], [{ status: 502 }, 'uncertain'],
    [{ status: 503 }, 'not sent'], [{ status: 429 }, 'not sent'],
  ];
  for (const [rule, outcome] of rows) {
    fake.clear();
    fake.add(rule);
    assert.equal((await send(smsapi({ timeout_ms: 1000 }))).outcome, outcome, JSON.stringify(rule));
  }
  fake.clear();
  assert.equal((await send(smsapi({ url: 'http://127.0.0.1:9/sms.do' }))).outcome, 'not sent');
});

test('the second address is asked under the same id when the first fails', async () => {
  fake.clear();
  const before_ = fake.requests.length;
  const { outcome } = await send(smsapi({ url: 'http://127.0.0.1:9/sms.do', second_url: `${fake.url}/sms.do` }));
  assert.equal(outcome, 'sent');
  assert.equal(fake.requests.length, before_ + 1);
  // It went, but the answer was lost: the second try learns that.
  fake.add({ cut: 'after', times: 1 });
  const sent = fake.sent.length, again = await send(smsapi({ second_url: `${fake.url}/sms.do` }));
  assert.deepEqual([again.outcome, again.reason], ['sent', 'sent before']);
  assert.equal(fake.sent.length, sent + 1);
  fake.clear();
});

test('a text that is too long, a sender nobody approved and a number that is none are refused', async () => {
  fake.clear();
  assert.match((await send(smsapi({ parts_max: 1 }), { text: 'x'.repeat(161) })).reason, /text too long/);
  assert.match((await send(smsapi({ sender: 'OtherBank' }))).reason, /sender name not allowed/);
  const file = await settingsWith({ sms: smsapi() });
  const { code, err } = await run('sms', '--to', '12', '--text', 'x', '--settings', file);
  assert.equal(code, 2);
  assert.match(err, /is no telephone number/);
});

test('check proves the credentials with a request that sends nothing', async () => {
  const of = async (sms) => {
    const { out } = await run('check', '--json', '--settings', await settingsWith({ sms }));
    return JSON.parse(out).filter(({ setting }) => setting === 'sms.token_file' || setting === 'sms.gateway');
  };
  const before_ = fake.requests.length, whole = { report: { secret_file: secretFile }, spend_per_day: '10' };
  fake.points = 100;
  let [found] = await of(smsapi(whole));
  assert.deepEqual([found.level, found.text], ['good', 'the credentials are good']);
  fake.points = 0;
  [found] = await of(smsapi(whole));
  assert.equal(found.level, 'refusal');
  assert.match(found.text, /no credit/);
  fake.points = 100;
  fake.token = 'another';
  [found] = await of(smsapi(whole));
  assert.equal(found.level, 'refusal');
  assert.match(found.text, /the gateway refuses it: 101: token not accepted/);
  fake.token = 'sms-token-1234';
  [found] = await of(smsapi({ ...whole, check_url: 'http://127.0.0.1:9/user.do' }));
  assert.equal(found.level, 'warning');
  assert.match(found.text, /cannot be asked now/);
  assert.equal(fake.requests.length, before_);
});

test('what the settings lack is said with its name', async () => {
  const of = async (sms) => {
    const { out } = await run('check', '--json', '--settings', await settingsWith({ sms }));
    return JSON.parse(out).filter(({ setting, level }) => setting.startsWith('sms.') && level === 'refusal').map(({ setting }) => setting);
  };
  assert.deepEqual(await of({ gateway: 'smsapi' }), ['sms.token_file']);
  assert.deepEqual((await of({ gateway: 'generic' })).sort(), ['sms.fields', 'sms.id_path', 'sms.url']);
  assert.deepEqual(await of(smsapi({ gateway: 'other' })), ['sms.gateway']);
  assert.deepEqual(await of({ gateway: 'generic', url: 'http://example.com/x', fields: ['to={phone}'], id_path: 'a..b',
    part_price: '7 gr', headers: ['x'] }), ['sms.url', 'sms.fields', 'sms.id_path', 'sms.part_price', 'sms.headers']
    .sort((a, b) => ['sms.url', 'sms.fields', 'sms.id_path', 'sms.part_price', 'sms.headers'].indexOf(a) - ['sms.url', 'sms.fields', 'sms.id_path', 'sms.part_price', 'sms.headers'].indexOf(b)));
  assert.deepEqual(await of({ gateway: 'generic', url: 'https://a.example/', second_url: 'https://b.example/', fields: ['to={to}'], id_path: 'id' }),
    ['sms.second_url']);
});

// A peer that keeps what it was asked and answers what it is told.
async function startPeer(answer) {
  const asked = [];
  const server = http.createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    asked.push({ path: request.url, headers: request.headers, body: Buffer.concat(parts).toString() });
    const { status = 200, json, headers = {} } = answer(asked.at(-1));
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(json));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => new Promise((resolve) => { server.closeAllConnections?.(); server.close(resolve); }));
  return { asked, url: `http://127.0.0.1:${server.address().port}` };
}

test('SerwerSMS is described in settings', async () => {
  let json = { success: true, items: [{ id: '3f2a1', phone: '+48501234567', status: 'queued', parts: 1 }] };
  const peer = await startPeer(() => ({ json }));
  const sms = { gateway: 'generic', url: `${peer.url}/messages/send_sms.json`, token_file: tokenFile, sender: 'MyBank', body: 'json',
    headers: ['Authorization: Bearer {token}'],
    fields: ['phone={to}', 'text={text}', 'sender={sender}', 'utf=true', 'details=true', 'unique_id={id}'],
    id_path: 'items[0].id', error_path: 'error.code', parts_path: 'items[0].parts', part_price: '0.09',
    codes_stop: ['1000', '1001', '1008'], codes_bad_number: ['2001'] };
  const good = await send(sms, { text: 'Zażółć' });
  assert.deepEqual([good.outcome, good.gateway_id, good.parts, good.price_micro], ['sent', '3f2a1', 1, 90000]);
  const [{ path: where, headers, body }] = peer.asked, { unique_id: id, ...rest } = JSON.parse(body);
  assert.equal(where, '/messages/send_sms.json');
  assert.equal(headers.authorization, 'Bearer sms-token-1234');
  assert.deepEqual(rest, { phone: '+48501234567', text: 'Zażółć', sender: 'MyBank', utf: true, details: true });
  assert.match(id, /^[A-Za-z0-9]{3,50}$/);
  json = { error: { code: 1001, type: 'InvalidUser', message: 'no' } }; // also with HTTP 200
  assert.deepEqual([(await send(sms)).outcome, (await send(sms)).reason], ['not sent', 'gateway said 1001']);
  json = { error: { code: 2001 } };
  assert.equal((await send(sms)).outcome, 'refused');
});

test('Twilio is described in settings', async () => {
  let answer = { status: 201, json: { sid: 'SM4711', num_segments: '1', price: null, error_code: null } };
  const peer = await startPeer(() => answer);
  const sms = { gateway: 'generic', url: `${peer.url}/2010-04-01/Accounts/AC1/Messages.json`, user: 'AC1', token_file: tokenFile, sender: '+48799000000',
    headers: ['Authorization: Basic {basic}'], fields: ['To={to}', 'From={sender}', 'Body={text}', 'StatusCallback={notify}'],
    id_path: 'sid', error_path: 'code', parts_path: 'num_segments', price_path: 'price', part_price: '0.25',
    codes_retry: ['20429'], codes_stop: ['20003'], codes_dead_number: ['21211'] };
  const good = await send(sms);
  assert.deepEqual([good.outcome, good.gateway_id, good.price_micro], ['sent', 'SM4711', 250000]);
  assert.equal(peer.asked[0].headers.authorization, `Basic ${Buffer.from('AC1:sms-token-1234').toString('base64')}`);
  assert.deepEqual(Object.fromEntries(new URLSearchParams(peer.asked[0].body)), { To: '+48501234567', From: '+48799000000', Body: 'Dzien dobry' });
  answer = { status: 429, headers: { 'retry-after': '7' }, json: { code: 20429, status: 429 } };
  assert.equal((await send(sms)).outcome, 'not sent');
  answer = { status: 400, json: { code: 21211, status: 400 } };
  assert.equal((await send(sms)).outcome, 'refused');
  answer = { status: 500, json: {} }; // it has no ids of ours: nobody knows
  assert.equal((await send(sms)).outcome, 'uncertain');
});
