// The demo's push services, asked by a client that has nothing of ours: Node's http2 and crypto. And
// the demo's phones, reached through them by the gateway.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { sign } from '../fake/jwt.mjs';
import { startDemo } from '../support/demo.mjs';
import { connect, send } from '../support/h2_client.mjs';
import { request } from '../support/https.mjs';

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
