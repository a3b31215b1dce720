// Phones register themselves with the bank's own token, and the bank's back end registers them by
// API key; whatever is wrong with a token.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { makeKey, startBank, tokenBy } from '../support/bank.mjs';
import { dunlin } from '../support/demo.mjs';
import { makeCertificate, startGateway } from '../support/gateway.mjs';
import { request } from '../support/https.mjs';
import { execute, findConninfo, query } from '../support/local.mjs';
import { agreeSql } from '../support/plans.mjs';

const token = (n) => `${n.toString(16).padStart(64, '0')}`;
const phone = (n, more = {}) => ({ app: 'com.bank.app', service: 'apns', token: token(n), ...more });
const jsonOf = (value) => (typeof value === 'string' ? value : JSON.stringify(value));
const typeOf = (answer) => answer.json().type.replace('urn:dunlin:problem:', '');

const folder = mkdtempSync(path.join(os.tmpdir(), 'dunlin-test-'));
const bank = await startBank(makeCertificate(folder, 'bank'));
let first = makeKey('ES256', 'first');
let gateway, apiKey;

before(async () => {
  bank.keys = [first];
  gateway = await startGateway({ workers: 1, log_level: 'debug', public: { limits: { bucket_burst: 30, bucket_per_s: 1 } },
    app: { issuer: 'https://bank.example', audience: 'dunlin', algorithm: 'ES256', jwks_url: bank.url, ca_file: path.join(folder, 'bank.pem') } });
  apiKey = gateway.makeKey('devices');
});

after(async () => {
  await Promise.all([gateway?.end(), bank.stop()]);
  rmSync(folder, { recursive: true });
});

function ask(where, { bearer, method = 'GET', body, headers = {}, at = gateway, agent } = {}) {
  const base = where.startsWith('/api') ? at.settings.private.url : at.settings.public.url;
  return request(new URL(where, base), {
    method, agent: agent ?? new https.Agent({ rejectUnauthorized: false }),
    headers: { ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }), ...headers },
    body: body === undefined ? undefined : jsonOf(body),
  });
}

const by = (customer, more) => tokenBy(first, { sub: customer, ...more });
const put = (customer, installation, body) => ask(`/app/v1/devices/${installation}`, { bearer: by(customer), method: 'PUT', body });
const own = async (customer) => (await ask('/app/v1/devices', { bearer: by(customer) })).json().items;
const conninfo = () => { const [app, owner] = findConninfo(gateway.dir); return { app, owner }; };
const call = (where, options = {}) => ask(`/api/v1${where}`, { bearer: apiKey, ...options });

test('a phone registers, refreshes, sees itself without its token, and goes', async () => {
  const made = await put('K-1', 'install-1', phone(1, { environment: 'sandbox', language: 'uk-UA', token: token(0xabc).toUpperCase() }));
  assert.equal(made.status, 201, made.text);
  assert.equal(made.json().installation, 'install-1');
  assert.equal((await put('K-1', 'install-1', phone(0xabc, { platform: 'ios', environment: 'sandbox', language: 'uk' }))).status, 200);
  const listed = await ask('/app/v1/devices', { bearer: by('K-1') });
  assert.doesNotMatch(listed.text, new RegExp(token(0xabc)));
  assert.equal(listed.headers['cache-control'], 'no-store');
  const [device] = listed.json().items;
  assert.deepEqual([device.installation, device.app, device.service, device.environment, device.target_kind,
    device.language, device.state, device.token_end, device.ended_at],
  ['install-1', 'com.bank.app', 'apns', 'sandbox', 'token', 'uk', 'live', '000abc', null]);
  const gone = () => ask('/app/v1/devices/install-1', { bearer: by('K-1'), method: 'DELETE' });
  assert.equal((await gone()).status, 204);
  assert.equal((await gone()).status, 204);
  assert.deepEqual((await own('K-1')).map(({ state, reason }) => [state, reason]), [['removed', 'removed by the app']]);
  const never = await ask('/app/v1/devices/install-9', { bearer: by('K-1'), method: 'DELETE' });
  assert.deepEqual([never.status, typeOf(never)], [404, 'unknown-device']);
});

test('a phone that changes hands is its new owner\'s alone', async () => {
  assert.equal((await put('K-2', 'install-2', phone(2))).status, 201);
  assert.equal((await put('K-3', 'install-2', phone(2))).status, 201);
  assert.deepEqual((await own('K-2')).map(({ state }) => state), ['moved']);
  assert.deepEqual((await own('K-3')).map(({ state }) => state), ['live']);
  assert.equal((await ask('/app/v1/devices/install-2', { bearer: by('K-2'), method: 'DELETE' })).status, 204);
  assert.deepEqual((await own('K-3')).map(({ state }) => state), ['live']);
});

test('the back end does the same for any customer, with a key of that scope', async () => {
  const body = phone(4, { customer: 'K/4 ż', service: 'fcm', token: 'APA91b:x-_y' });
  assert.equal((await call('/devices/install-4', { method: 'PUT', body })).status, 201);
  assert.equal((await call('/devices/install-4', { method: 'PUT', body })).status, 200);
  const listed = await call(`/devices?customer=${encodeURIComponent('K/4 ż')}`);
  assert.deepEqual(listed.json().items.map(({ service, token_end: end }) => [service, end]), [['fcm', '']]);
  assert.deepEqual((await call('/devices?customer=nobody')).json(), { items: [] });
  assert.equal((await call('/devices')).status, 400);
  assert.equal((await call('/devices/install-4', { method: 'PUT', body: phone(4) })).status, 400);
  assert.equal((await call(`/devices/install-4?customer=K-1`, { method: 'DELETE' })).status, 404);
  assert.equal((await call(`/devices/install-4?customer=${encodeURIComponent('K/4 ż')}`, { method: 'DELETE' })).status, 204);
  const narrow = gateway.makeKey('invoices');
  assert.equal((await ask('/api/v1/devices?customer=K-1', { bearer: narrow })).status, 403);
  assert.equal((await ask('/api/v1/devices?customer=K-1', { bearer: by('K-1') })).status, 401);
  assert.equal((await ask('/app/v1/devices', { bearer: apiKey })).status, 401);
  assert.equal((await ask('/app/v1/devices', { bearer: by('K-1'), at: { settings: { public: gateway.settings.private } } })).status, 404);
});

// A customer with two debts and a reminder that two phones were shown.
const seed = `
  insert into customer_registry (reference, customer_id) values ('K-7', 700), ('K-8', 800);
  insert into customer (customer_id, reference, link_count, created_at, changed_at)
    values (700, 'K-7', 1, now(), now()), (800, 'K-8', 0, now(), now());
  insert into invoice (customer_id, invoice_id, number, kind, product, currency, amount_minor, due_minor, issue_date, due_date,
    link_no, paid_at, created_at, changed_at)
    values (700, 7001, 'F/1', 'invoice', 'Loan', 'PLN', 10000, 7050, '2026-11-01', '2036-12-01', 1, null, now(), now()),
      (700, 7002, 'F/2', 'invoice', null, 'EUR', 500, 500, '2026-11-01', '2036-11-15', null, null, now(), now()),
      (700, 7003, 'F/3', 'invoice', null, 'PLN', 500, 0, '2026-11-01', '2026-11-10', null, now(), now(), now());
  insert into paylink (customer_id, link_no, invoice_id, state, created_at) values (700, 1, 7001, 'active', now());
  insert into reminder (customer_id, invoice_id, step, due_at, state, reason) values (700, 7001, 'due', now(), 'sent', 'due');
  insert into push (customer_id, invoice_id, step, installation, push_id, state, reason, expires_at, claimed_at)
    values (700, 7001, 'due', 'install-7', '11111111-1111-4111-8111-111111111111', 'accepted', '', now(), now()),
      (700, 7001, 'due', 'install-8', '22222222-2222-4222-8222-222222222222', 'accepted', '', now(), now());`;

test('an app sees what its customer owes, the next due first, and nobody else\'s', async () => {
  await execute(conninfo().owner, seed);
  const debts = async (customer) => (await ask('/app/v1/debts', { bearer: by(customer) })).json();
  const { items, more } = await debts('K-7');
  assert.equal(more, false);
  const link = items[1].link;
  assert.deepEqual(items, [
    { number: 'F/2', product: null, currency: 'EUR', due_minor: 500, due_date: '2036-11-15', link: null, match_code: null, plan: null },
    { number: 'F/1', product: 'Loan', currency: 'PLN', due_minor: 7050, due_date: '2036-12-01', link, match_code: items[1].match_code, plan: null },
  ]);
  await execute(conninfo().owner, agreeSql({ customer: 700, invoice: 7002, parts: [{ due: '2036-01-01', amount: 50 }, { due: '2036-11-20', amount: 450 }] }));
  const plan = async () => (await debts('K-7')).items[0].plan, invoices = gateway.makeKey('invoices');
  assert.deepEqual(await plan(), { parts: 2, paid: 0, late_minor: 0, next: { part: 1, due_date: '2036-01-01', left_minor: 50 } });
  assert.deepEqual((await ask('/api/v1/invoices/700-7002', { bearer: invoices })).json().plan, await plan());
  assert.equal((await ask('/api/v1/invoices/700-7001', { bearer: invoices })).json().plan, null);
  await execute(conninfo().owner, `begin; update invoice set due_minor = 430, entry_count = entry_count + 1 where invoice_id = 7002;
    insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor, currency, payment_no, at) values (700, 7002, 9, 'payment', -70, 'EUR', 1, now()); commit`);
  assert.deepEqual(await plan(), { parts: 2, paid: 1, late_minor: 0, next: { part: 2, due_date: '2036-11-20', left_minor: 430 } });
  assert.equal((await ask(new URL(link).pathname)).status, 200);
  assert.deepEqual(await debts('K-8'), { items: [], more: false });
  assert.deepEqual(await debts('K-unheard-of'), { items: [], more: false });
  await execute(conninfo().owner, `insert into invoice (customer_id, number, kind, currency, amount_minor, due_minor, issue_date,
    due_date, created_at, changed_at) select 800, 'G/' || n, 'invoice', 'PLN', 1, 1, '2026-01-01', '2026-01-02', now(), now()
    from generate_series(1, 101) n`);
  const many = await debts('K-8');
  assert.deepEqual([many.items.length, many.more], [100, true]);
});

test('an opened push is kept once, however often and wherever it is told', async () => {
  const opened = (push, customer = 'K-7') => ask('/app/v1/opened', { bearer: by(customer), method: 'POST', body: { push } });
  const told = () => query(conninfo().owner, `select (select json_agg(opened_at is not null order by installation) from push) as pushes,
    (select json_agg(opened_at is not null) from reminder) as reminders, (select json_agg(kind || ' ' || facts) from event) as events,
    (select event_count from invoice where invoice_id = 7001) as count, (select i.chain_head = coalesce((select e.hash from event e
      where e.prev_hash = '' and e.hash = event_hash('', e.customer_id, e.invoice_id, 1, e.at, e.kind, e.facts, null)), '')
      from invoice i where invoice_id = 7001) as is_chained`);
  const wrong = await Promise.all([
    opened('11111111-1111-4111-8111-111111111111', 'K-8'), opened('33333333-3333-4333-8333-333333333333'),
    opened('11111111-1111-4111-8111-111111111111', 'K-unheard-of'), opened('1'), opened("' or true --")]);
  assert.deepEqual(new Set(wrong.map((answer) => { const { request: _, ...rest } = answer.json(); return jsonOf(rest); })).size, 1);
  assert.equal(wrong[0].status, 404);
  for (const body of ['', '{}', '{"push":7}', '[]', `{"push":"${'1'.repeat(2000)}"}`])
    assert.equal((await ask('/app/v1/opened', { bearer: by('K-7'), method: 'POST', body })).status, 400, body);
  assert.deepEqual(await told(), [{ pushes: [false, false], reminders: [false], events: null, count: 0, is_chained: true }]);
  const first = await Promise.all(Array.from({ length: 10 }, () => opened('11111111-1111-4111-8111-111111111111')));
  assert.deepEqual(new Set(first.map(({ status, text }) => `${status}${text}`)), new Set(['204']));
  const once = { pushes: [true, false], reminders: [true], events: ['reminder.opened {"step" : "due", "channel" : "push"}'], count: 1, is_chained: true };
  assert.deepEqual(await told(), [once]);
  assert.equal((await opened('22222222-2222-4222-8222-222222222222')).status, 204);
  assert.deepEqual(await told(), [{ ...once, pushes: [true, true] }]);
});

test('a device that cannot be read changes nothing and says which rule it breaks', async () => {
  for (const [installation, body, words] of [
    ['install-5', '', 'no JSON'],
    ['install-5', '[]', 'not an object'],
    ['install-5', '{"app":"a","app":"b"}', 'twice'],
    ['install-5', phone(5, { token: 'zz' }), 'token: must be'],
    ['install-5', phone(5, { token: 'a'.repeat(3000) }), 'token is too long'],
    ['install-5', phone(5, { token: 7 }), 'token is not text'],
    ['install-5', phone(5, { service: 'hms' }), 'apns or fcm'],
    ['install-5', phone(5, { service: undefined }), 'apns or fcm'],
    ['install-5', phone(5, { platform: 'android' }), 'mean the same'],
    ['install-5', phone(5, { service: 'fcm', environment: 'sandbox' }), 'production alone'],
    ['install-5', phone(5, { environment: 'test' }), 'production or sandbox'],
    ['install-5', phone(5, { target_kind: 'fid' }), 'token alone'],
    ['install-5', phone(5, { app: 'a|b' }), 'app: must be'],
    ['install-5', phone(5, { padding: 'x'.repeat(5000) }), 'longer than'],
    ['short', phone(5), 'installation: must be'],
    ['i'.repeat(65), phone(5), 'installation: must be'],
    ['install%2f5', phone(5), 'installation: must be'],
  ]) {
    const answer = await put('K-5', installation, body);
    assert.deepEqual([answer.status, typeOf(answer)], [400, 'malformed-device'], jsonOf(body));
    assert.match(answer.json().detail, new RegExp(words));
  }
  assert.deepEqual(await own('K-5'), []);
});

test('a token that is not good gets one answer, whatever is wrong with it', async () => {
  const forger = makeKey('ES256', 'first');
  const now = Math.floor(Date.now() / 1000);
  const [head, claims] = by('K-1').split('.');
  const none = Buffer.from('{"alg":"none"}').toString('base64url');
  const hmac = Buffer.from('{"alg":"HS256","kid":"first"}').toString('base64url');
  const tokens = {
    'signed by a stranger': tokenBy(forger, { sub: 'K-1' }),
    'without a signature': `${none}.${claims}.`,
    'without a signature and its dot': `${none}.${claims}`,
    'of another algorithm': `${head}.${claims}.${Buffer.alloc(256).toString('base64url')}`,
    'with a MAC under the public key': `${hmac}.${claims}.${createHmac('sha256', first.pem).update(`${hmac}.${claims}`).digest('base64url')}`,
    'that has ended': by('K-1', { exp: now - 61 }),
    'without an end': by('K-1', { exp: undefined }),
    'from tomorrow': by('K-1', { nbf: now + 86400 }),
    'made tomorrow': by('K-1', { iat: now + 86400 }),
    'of another issuer': by('K-1', { iss: 'https://evil.example' }),
    'for somebody else': by('K-1', { aud: ['a', 'b'] }),
    'of nobody': by('', {}),
    'of two customers': tokenBy(first, `{"iss":"https://bank.example","aud":"dunlin","sub":"K-1","sub":"K-2","exp":${now + 300}}`),
    'with an extension': tokenBy(first, {}, { crit: ['x'], x: 1 }),
    'for a logout': tokenBy(first, {}, { typ: 'logout+jwt' }),
    'of nine thousand letters': by('K-1', { more: 'x'.repeat(6500) }),
    'that is none': 'x',
    'that is empty': '..',
  };
  for (const [what, bearer] of Object.entries(tokens)) {
    const answer = await ask('/app/v1/devices', { bearer });
    const { request: _, ...problem } = answer.json();
    assert.deepEqual([answer.status, problem], [401,
      { type: 'urn:dunlin:problem:token-invalid', title: 'This token is not valid.', status: 401 }], what);
    assert.equal(answer.headers['www-authenticate'], 'Bearer realm="dunlin-app"');
  }
  assert.equal(typeOf(await ask('/app/v1/devices')), 'token-missing');
  assert.equal(typeOf(await ask('/app/v1/devices', { headers: { authorization: `Basic ${by('K-1')}` } })), 'token-missing');
  assert.equal(typeOf(await ask('/app/v1/devices', { headers: { authorization: [`Bearer ${by('K-1')}`, `Bearer ${by('K-2')}`] } })), 'token-missing');
  assert.equal((await ask('/app/v1/devices', { bearer: by('K-1', { nbf: now + 30, exp: now - 30 }) })).status, 200);
});

test('a good token costs nothing of its connection\'s bucket, a bad one does', async () => {
  const statuses = async (bearer, count = 45) => {
    const agent = new https.Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
    const seen = [];
    for (let i = 0; i < count; ++i) seen.push((await ask('/app/v1/devices', { bearer, agent })).status);
    agent.destroy();
    return seen;
  };
  assert.deepEqual(new Set(await statuses(by('K-9'))), new Set([200]));
  assert.ok((await statuses('x')).includes(429));
  // nor may a customer ask for ever: anybody may be one
  const flood = await statuses(by('K-9'), 120);
  assert.deepEqual([flood[0], flood.at(-1)], [200, 429]);
  assert.equal((await ask('/app/v1/devices', { bearer: by('K-1') })).status, 200);
});

test('a key the bank has just begun to sign with is fetched once, and strangers\' keys cost no more', async () => {
  const old = first, asked = bank.asked;
  const next = makeKey('ES256', 'next');
  bank.keys = [old, next];
  const answers = await Promise.all(Array.from({ length: 8 }, () => ask('/app/v1/devices', { bearer: tokenBy(next) })));
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
  assert.equal(bank.asked, asked + 1);
  for (let i = 0; i < 5; ++i)
    assert.equal((await ask('/app/v1/devices', { bearer: tokenBy(makeKey('ES256', `stranger-${i}`)) })).status, 401);
  assert.equal(bank.asked, asked + 1);
  assert.equal((await ask('/app/v1/devices', { bearer: tokenBy(old) })).status, 200);
  first = next;
});

test('while the bank\'s server is away the last keys go on', async () => {
  await bank.stop();
  assert.equal((await ask('/app/v1/devices', { bearer: by('K-1') })).status, 200);
  assert.equal((await ask('/app/v1/devices', { bearer: tokenBy(makeKey('ES256', 'x')) })).status, 401);
  await bank.start();
});

test('nothing of tokens, customers and devices is logged', () => {
  assert.doesNotMatch(gateway.log, /eyJ|K-1|install-|0000abc|APA91b/);
  assert.match(gateway.log, /event="app token refused" request=\w+ reason=forged/);
});
