// The demo's push services, asked by a client that has nothing of ours: Node's http2 and crypto. And
// the demo's phones, reached through them by the gateway.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';

import { sign } from '../fake/jwt.mjs';
import { eventually, startDemo } from '../support/demo.mjs';
import { connect, send } from '../support/h2_client.mjs';
import { request } from '../support/https.mjs';
import { payBlik } from '../support/payer.mjs';

const app = 'com.example.pozyczki';
let demo, ca, apnsKey, account, iphone, android;

before(async () => {
  demo = await startDemo();
  ca = path.join(demo.dir, 'push', 'ca.pem');
  apnsKey = readFileSync(path.join(demo.dir, 'push', 'AuthKey.p8'));
  account = JSON.parse(readFileSync(path.join(demo.dir, 'push', 'account.json')));
  [iphone] = await demo.query("select token, customer_id from device where service = 'apns' limit 1");
  [android] = await demo.query("select token, customer_id from device where service = 'fcm' limit 1");
});

const now = () => Math.floor(Date.now() / 1000);
const providerToken = (header = {}, claims = {}, key = apnsKey) => `bearer ${sign(
  { alg: 'ES256', kid: 'DEMOKEY001', ...header }, { iss: 'DEMOTEAM01', iat: now(), ...claims }, key)}`;
const alert = (body) => JSON.stringify({ aps: { alert: { title: 'T', body } }, link: 'https://p.example/x' });

async function withApns(use) {
  const session = await connect(demo.port + 4, { ca });
  const authorization = providerToken();
  try {
    return await use((headers = {}, body = alert('hello'), token = iphone.token) => send(session, `/3/device/${token}`, {
      authorization, 'apns-topic': app, 'apns-push-type': 'alert', 'apns-id': crypto.randomUUID(), ...headers,
    }, body), session);
  } finally {
    session.destroy();
  }
}

async function exchange(assertion, options = {}) {
  return request(account.token_uri, {
    ca: readFileSync(ca), method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion }).toString(),
    ...options,
  });
}

const assertion = (changes = {}, header = {}) => sign({ alg: 'RS256', typ: 'JWT', kid: account.private_key_id, ...header }, {
  iss: account.client_email, aud: account.token_uri, iat: now(), exp: now() + 3600,
  scope: 'https://www.googleapis.com/auth/firebase.messaging', ...changes,
}, account.private_key);

async function withFcm(use) {
  const { access_token: access } = (await exchange(assertion())).json();
  const session = await connect(demo.port + 5, { ca });
  try {
    return await use((message, { project = account.project_id, headers = {}, ...more } = {}) => send(session,
      `/v1/projects/${project}/messages:send`,
      { authorization: `Bearer ${access}`, 'content-type': 'application/json', ...headers },
      JSON.stringify({ message, ...more })), session);
  } finally {
    session.destroy();
  }
}

const shown = async (body) => (await demo.pane('/phone.json?channel=push')).filter((message) => message.body === body);

test('an iPhone shows what Apple took, and the same collapse id replaces it', () => withApns(async (push, session) => {
  assert.equal(session.remoteSettings.maxConcurrentStreams, 1);
  const id = crypto.randomUUID();
  const answer = await push({ 'apns-id': id, 'apns-collapse-id': 'one' }, alert('first'));
  assert.equal(answer.status, 200);
  assert.equal(answer.headers['apns-id'], id);
  assert.equal(answer.text, '');
  assert.ok(session.remoteSettings.maxConcurrentStreams > 100, 'many streams after the first good push');
  const [message] = await shown('first');
  assert.equal(message.service, 'apns');
  assert.equal(message.customer, iphone.customer_id);
  assert.equal(message.link, 'https://p.example/x');
  assert.equal(message.replaced_at, null);
  assert.equal((await push({ 'apns-collapse-id': 'one' }, alert('second'))).status, 200);
  assert.notEqual((await shown('first'))[0].replaced_at, null);
  assert.equal((await shown('second'))[0].replaced_at, null);
}));

for (const [reason, status, headers, body, token] of [
  ['MissingProviderToken', 403, { authorization: undefined }],
  ['InvalidProviderToken', 403, { authorization: 'bearer x' }],
  ['InvalidProviderToken', 403, { authorization: () => providerToken({ kid: 'OTHERKEY01' }) }],
  ['InvalidProviderToken', 403, { authorization: () => providerToken({}, { iss: 'OTHERTEAM1' }) }],
  ['InvalidProviderToken', 403, { authorization: () => providerToken({}, {}, crypto.generateKeyPairSync('ec',
    { namedCurve: 'P-256', privateKeyEncoding: { type: 'pkcs8', format: 'pem' }, publicKeyEncoding: { type: 'spki', format: 'pem' } }).privateKey) }],
  ['ExpiredProviderToken', 403, { authorization: () => providerToken({}, { iat: now() - 3700 }) }],
  ['MissingTopic', 400, { 'apns-topic': undefined }],
  ['TopicDisallowed', 400, { 'apns-topic': 'com.example.other' }],
  ['BadMessageId', 400, { 'apns-id': '1' }],
  ['BadExpirationDate', 400, { 'apns-expiration': 'never' }],
  ['BadPriority', 400, { 'apns-priority': '9' }],
  ['InvalidPushType', 400, { 'apns-push-type': 'loud' }],
  ['BadCollapseId', 400, { 'apns-collapse-id': 'c'.repeat(65) }],
  ['PayloadEmpty', 400, {}, ''],
  ['PayloadTooLarge', 413, {}, alert('x'.repeat(4100))],
  ['BadDeviceToken', 400, {}, undefined, 'xyz'],
  ['BadDeviceToken', 400, {}, undefined, 'ab'.repeat(32)], // well made, and nobody's
]) {
  test(`Apple's ${reason} is ${status}`, () => withApns(async (push) => {
    const made = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, typeof value === 'function' ? value() : value]));
    const answer = await push(made, body, token);
    assert.equal(answer.status, status);
    assert.deepEqual(answer.json(), { reason });
  }));
}

test('an Android telephone shows what FCM took, and the same tag replaces it', () => withFcm(async (push) => {
  const message = (body) => ({
    token: android.token, data: { link: 'https://p.example/y' }, notification: { title: 'T', body },
    android: { priority: 'HIGH', ttl: '60s', notification: { tag: 'one', channel_id: 'payments', visibility: 'PRIVATE' } },
  });
  const answer = await push(message('third'));
  assert.equal(answer.status, 200);
  assert.match(answer.json().name, new RegExp(`^projects/${account.project_id}/messages/.+`));
  assert.equal((await shown('third'))[0].service, 'fcm');
  assert.equal((await push(message('fourth'))).status, 200);
  assert.notEqual((await shown('third'))[0].replaced_at, null);
  assert.equal((await push(message('fifth'), { validate_only: true })).status, 200);
  assert.deepEqual(await shown('fifth'), []);
}));

test('FCM refuses in the words of its table', () => withFcm(async (push) => {
  const good = { token: android.token };
  for (const [status, rpc, code, message, options] of [
    [401, 'UNAUTHENTICATED', undefined, good, { headers: { authorization: 'Bearer ya29.x' } }],
    [403, 'PERMISSION_DENIED', undefined, good, { project: 'other' }],
    [400, 'INVALID_ARGUMENT', undefined, { ...good, colour: 'red' }],
    [400, 'INVALID_ARGUMENT', undefined, { ...good, android: { ttl: 'soon' } }],
    [400, 'INVALID_ARGUMENT', undefined, { ...good, topic: 'all' }],
    [400, 'INVALID_ARGUMENT', 'INVALID_ARGUMENT', { token: 'nobody:APA91b' }],
  ]) {
    const answer = await push(message, options);
    assert.equal(answer.status, status);
    const { error } = answer.json();
    assert.equal(error.status, rpc);
    assert.equal(error.details.find(({ '@type': type }) => type.endsWith('FcmError'))?.errorCode, code);
  }
}));

test('the token endpoint refuses in OAuth\'s words, over either protocol', async () => {
  for (const [error, bad] of [
    ['invalid_grant', 'x.y.z'],
    ['invalid_grant', assertion({ aud: 'https://oauth2.example/token' })],
    ['invalid_grant', assertion({ exp: now() + 7200 })],
    ['invalid_grant', assertion({ iat: now() + 3600, exp: now() + 4000 })],
    ['invalid_grant', assertion({}, { kid: 'other' })],
    ['invalid_scope', assertion({ scope: 'https://www.googleapis.com/auth/drive' })],
  ]) {
    const answer = await exchange(bad);
    assert.equal(answer.status, 400);
    assert.equal(answer.json().error, error);
  }
  const session = await connect(demo.port + 5, { ca });
  const answer = await send(session, '/token', { 'content-type': 'application/x-www-form-urlencoded' },
    new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: assertion() }).toString());
  assert.equal(answer.json().token_type, 'Bearer');
  session.destroy();
});

test('the authority of the push services vouches for nothing else, nor another for them', async () => {
  await assert.rejects(connect(demo.port + 4, { ca: demo.ca }));
  await assert.rejects(request(demo.links[0], { ca: readFileSync(ca) }));
});

// -- the gateway's own pushes -----------------------------------------------------------------------
const pushes = async (more = '') => (await demo.pane(`/phone.json?channel=push${more}`)).filter(({ step }) => step);
const isThanks = ({ step }) => step.startsWith('thanks');

// The newest of them that is of one debt alone: several may have become one message.
async function pushOfOneDebt(isWanted = () => true) {
  const shared = new Set((await demo.query(`select distinct customer_id from reminder
    where message_no is not null group by customer_id, message_no having count(*) > 1`)).map((row) => row.customer_id));
  return (await pushes()).find((message) => !shared.has(message.customer) && isWanted(message));
}

test('who has the app is reminded by push, on each telephone, and nobody twice', async () => {
  await settled();
  const wrong = await demo.query(`select r.customer_id, r.step, r.channel from reminder r
    where r.state = 'sent' and (r.channel = 'push')
      is distinct from exists (select from device d where d.customer_id = r.customer_id)`);
  assert.deepEqual(wrong, []);
  const [{ both }] = await demo.query(`select count(distinct customer_id)::int as both from
    (select customer_id from device group by 1 having count(*) = 2) d join push using (customer_id) where state = 'accepted'`);
  assert.ok(both > 0, 'somebody has two telephones');
  assert.deepEqual(await twice(), []);
  const message = await pushOfOneDebt();
  assert.ok(message.link.startsWith(`${demo.url}/`) && message.title && message.body.includes(message.number));
  assert.equal((await demo.get(message.link)).status, 200);
});

// Nothing that is due waits or is under way, nor what was put off.
const settled = (within = 60000) => eventually(async () => {
  const { now: business } = await demo.pane('/clock');
  const [{ left }] = await demo.query(`select count(*)::int as left from reminder r
    where state = 'claimed' or (state = 'scheduled' and (due_at <= '${business}' or exists (
      select from push p where p.customer_id = r.customer_id and p.invoice_id = r.invoice_id and p.step = r.step)))`);
  return left === 0;
}, { within, what: 'all that is due has gone out' });

// Pushes that more than one message on a telephone is not replaced of.
const twice = () => demo.query(`select customer_id, push_id from sandbox_message
  where push_id is not null and replaced_at is null group by 1, 2 having count(*) > 1`);

test('a tap opens the page and tells the gateway, once', async () => {
  const message = await pushOfOneDebt((one) => !isThanks(one) && one.opened_at === null);
  for (let i = 0; i < 2; ++i) assert.deepEqual(await demo.pane('/phone/opened', { id: message.id }), { opened: true });
  const [{ opened }] = await demo.query(`select count(*)::int as opened from reminder
    where customer_id = ${message.customer} and step = '${message.step}' and opened_at is not null`);
  assert.equal(opened, 1);
  assert.notEqual((await pushes(`&customer=${message.customer}`)).find(({ id }) => id === message.id).opened_at, null);
  const [sms] = await demo.pane('/phone.json?channel=sms&limit=1');
  await assert.rejects(demo.pane('/phone/opened', { id: sms.id }), /409/);
});

test('a thank-you takes the place of the reminder on each of the telephones', async () => {
  const reminder = (await pushes()).find((message) => !isThanks(message));
  await payBlik(demo, reminder.link, '777123');
  const thanks = await eventually(async () => (await pushes(`&customer=${reminder.customer}`)).find(isThanks), { what: 'the thank-you' });
  assert.equal(thanks.collapse, reminder.collapse);
  await settled();
  const left = (await pushes(`&customer=${reminder.customer}`)).filter(({ replaced_at: at }) => at === null);
  assert.ok(left.length > 0 && left.every(isThanks), JSON.stringify(left));
});

// What becomes due in a day while the services misbehave, and what of it went by push in the end.
async function dayOf(name, check) {
  const [{ last }] = await demo.query('select coalesce(max(message_id), 0)::int as last from sandbox_message');
  await demo.trouble(name, true);
  await demo.setClock('advance', { seconds: 86400 });
  await check();
  await demo.trouble(name, false);
  await settled(120000);
  assert.deepEqual(await twice(), []);
  const lost = await demo.query("select customer_id, step, state, reason from reminder where state in ('failed', 'uncertain')");
  assert.deepEqual(lost, []);
  return demo.query(`select channel, service, customer_id, step, push_id, replaced_at from sandbox_message where message_id > ${last} and step is not null`);
}

// A counter of the gateway's push client, summed over both services. `label`: of those, the ones with it.
async function counted(name, label = '') {
  const { text } = await request(`${demo.operators}/metrics`);
  return text.split('\n').filter((line) => line.startsWith(`${name}{`) && line.includes(label))
    .map((line) => Number(line.slice(line.lastIndexOf(' ') + 1))).reduce((sum, n) => sum + n, 0);
}

async function moreCounted(name, label, before) {
  await eventually(async () => (await counted(name, label)) > before, { what: `${name} ${label}`, within: 40000 });
}

const services = (came) => [...new Set(came.map(({ service }) => service).filter(Boolean))].sort();

for (const [name, reasons] of [
  ['429', ['TooManyRequests', 'QUOTA_EXCEEDED']],
  ['503', ['ServiceUnavailable', 'UNAVAILABLE']],
]) {
  test(`${name}: what either service puts off comes by and by`, async () => {
    const before = await Promise.all(reasons.map((reason) => counted('dunlin_push_outcomes_total', `reason="${reason}"`)));
    const came = await dayOf(name, () => Promise.all(reasons.map((reason, i) =>
      moreCounted('dunlin_push_outcomes_total', `reason="${reason}"`, before[i]))));
    assert.deepEqual(services(came), ['apns', 'fcm']);
  });
}

test('silence: what is shown and not answered goes out again, and replaces itself', async () => {
  const before = await counted('dunlin_push_outcomes_total', 'outcome="unknown"');
  const came = await dayOf('silence', () => moreCounted('dunlin_push_outcomes_total', 'outcome="unknown"', before));
  assert.deepEqual(services(came), ['apns', 'fcm']);
  const ids = came.map(({ push_id: id }) => id).filter(Boolean);
  assert.ok(new Set(ids).size < ids.length, 'a copy under the same id');
});

test('goaway: a connection that may not be used is replaced, and nothing is lost', async () => {
  const before = await counted('dunlin_push_goaways_total');
  const came = await dayOf('goaway', () => moreCounted('dunlin_push_goaways_total', '', before));
  assert.deepEqual(services(came), ['apns', 'fcm']);
});

test('unregistered: an SMS instead, and afterwards the app again, with another token', async () => {
  const before = await demo.query("select token from device where state = 'live'");
  const [{ sms }] = await demo.query("select count(*)::int as sms from customer where customer_id % 5 in (0, 1) and phone is not null");
  assert.ok(sms > 0);
  const dead = () => demo.query("select customer_id, reason from device where state = 'dead'");
  let ended = [];
  const came = await dayOf('unregistered', () => eventually(async () => {
    ended = await dead();
    return ['Unregistered', 'UNREGISTERED'].every((word) => ended.some(({ reason }) => reason === word));
  }, { what: 'devices of both services end', within: 40000 }));
  const without = new Set(ended.map(({ customer_id: id }) => id));
  assert.ok(came.some(({ channel, customer_id: id }) => channel === 'sms' && without.has(id)));
  await eventually(async () => (await dead()).length === 0, { what: 'every telephone has the app again', within: 40000 });
  const tokens = new Set((await demo.query("select token from device where state = 'live'")).map(({ token }) => token));
  assert.equal(tokens.size, before.length);
  assert.ok(before.some(({ token }) => !tokens.has(token)));
});
