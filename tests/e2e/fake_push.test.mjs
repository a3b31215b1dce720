// The fake push services do what the real ones are said to do: tried with Node's own HTTP/2 client,
// so that a test of ours that fails against them tells of our client.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import tls from 'node:tls';

import { Apns } from '../fake/apns.mjs';
import { appCertificate, expiredCertificate, providerKey, serverCertificate, serviceAccount } from '../fake/certificates.mjs';
import { Fcm, errors } from '../fake/fcm.mjs';
import { code, field, flag, frame, lastId, reset, type } from '../fake/frames.mjs';
import { sign } from '../fake/jwt.mjs';
import { openWire } from '../fake/wire.mjs';
import { atEnd, temporaryFolder } from '../support/cleanup.mjs';
import { eventually } from '../support/eventually.mjs';
import { connect, send } from '../support/h2_client.mjs';
import { request } from '../support/https.mjs';

const folder = temporaryFolder();
const certificate = serverCertificate(folder), { ca } = certificate;
const provider = providerKey(folder), other = providerKey(folder, 'Other'), foreign = providerKey(folder, 'Foreign');
const keys = {
  ABCDE12345: { publicKey: provider.publicKey, team: 'TEAM123456' },
  OTHER12345: { publicKey: other.publicKey, team: 'TEAM123456' },
  PRODU12345: { publicKey: other.publicKey, team: 'TEAM123456', environment: 'production' },
  FOREI12345: { publicKey: foreign.publicKey, team: 'FOREIGN123' },
};
const topics = { TEAM123456: ['bank.example.app'], FOREIGN123: ['other.app'] };
const device = 'ab'.repeat(32);
const alert = JSON.stringify({ aps: { alert: 'hello' } });
const now = () => Math.floor(Date.now() / 1000);

function bearer({ kid = 'ABCDE12345', iss = 'TEAM123456', iat = now(), alg = 'ES256', key = provider } = {}) {
  return `bearer ${sign({ alg, kid }, { iss, iat }, key.privateKey)}`;
}
const token = bearer();

async function startApns(options = {}) {
  const apns = await new Apns({ certificate, keys, topics, ...options }).listen();
  atEnd(() => apns.close());
  return apns;
}

async function open(fake, options) {
  const session = await connect(fake.port, { ca, ...options });
  atEnd(() => session.destroy());
  return session;
}

const push = (session, { path = `/3/device/${device}`, body = alert, ...headers } = {}) => {
  const fields = { authorization: token, 'apns-topic': 'bank.example.app', ...headers };
  for (const name of Object.keys(fields)) if (fields[name] === undefined) delete fields[name];
  return send(session, path, fields, body);
};

// Many at once behind a first one, as a client does once it has its streams.
async function pushMany(session, count) {
  assert.equal((await push(session)).status, 200);
  await eventually(() => session.remoteSettings.maxConcurrentStreams > 1, { every: 1 });
  return Promise.all(Array.from({ length: count }, () => push(session, { 'apns-id': randomUUID() })));
}

test('apns takes a push, gives its id back, and a second one of its own in the sandbox alone', async () => {
  const id = randomUUID();
  for (const environment of ['sandbox', 'production']) {
    const apns = await startApns({ environment }), session = await open(apns);
    const answer = await push(session, { 'apns-id': id, 'apns-collapse-id': 'invoice-1' });
    assert.equal(answer.status, 200);
    assert.equal(answer.text, '');
    assert.equal(answer.headers['apns-id'], id);
    assert.equal(answer.headers['apns-unique-id'] !== undefined, environment === 'sandbox');
    assert.deepEqual(apns.accepted.map(({ key, collapse, target }) => ({ key, collapse, target })),
      [{ key: id, collapse: 'invoice-1', target: device }]);
  }
});

test('apns makes an id where none was given', async () => {
  const answer = await push(await open(await startApns()));
  assert.match(answer.headers['apns-id'], /^[0-9a-f-]{36}$/);
});

const wrong = [
  [400, 'BadCollapseId', { 'apns-collapse-id': 'é'.repeat(33) }],
  [400, 'BadDeviceToken', { path: '/3/device/nothex' }],
  [400, 'BadDeviceToken', { path: '/3/device/abc' }],
  [400, 'BadExpirationDate', { 'apns-expiration': 'tomorrow' }],
  [400, 'BadMessageId', { 'apns-id': 'F00' }],
  [400, 'BadMessageId', { 'apns-id': randomUUID().toUpperCase() }],
  [400, 'BadPriority', { 'apns-priority': '7' }],
  [400, 'BadPriority', { 'apns-priority': '10', 'apns-push-type': 'background' }],
  [400, 'BadTopic', { 'apns-topic': 'bank example' }],
  [400, 'BadTopic', { 'apns-push-type': 'voip' }],
  [400, 'BadTopic', { 'apns-topic': 'bank.example.app.voip' }],
  [400, 'DuplicateHeaders', { 'apns-topic': ['bank.example.app', 'bank.example.app'] }],
  [400, 'InvalidPushType', { 'apns-push-type': 'loud' }],
  [400, 'InvalidPushType', { 'apns-push-type': 'background' }],
  [400, 'MissingDeviceToken', { path: '/3/device/' }],
  [400, 'MissingTopic', { 'apns-topic': undefined }],
  [400, 'PayloadEmpty', { body: '' }],
  [400, 'PayloadEmpty', { body: '{"aps":' }],
  [400, 'TopicDisallowed', { 'apns-topic': 'other.app' }],
  [403, 'MissingProviderToken', { authorization: undefined }],
  [403, 'InvalidProviderToken', { authorization: 'bearer e30.e30.e30' }],
  [403, 'InvalidProviderToken', { authorization: bearer({ kid: 'UNKNOWN123' }) }],
  [403, 'InvalidProviderToken', { authorization: bearer({ iss: 'ANOTHER123' }) }],
  [403, 'InvalidProviderToken', { authorization: bearer({ key: other }) }],
  [403, 'InvalidProviderToken', { authorization: bearer({ alg: 'HS256' }) }],
  [403, 'InvalidProviderToken', { authorization: bearer({ iat: now() + 3600 }) }],
  [403, 'ExpiredProviderToken', { authorization: bearer({ iat: now() - 3601 }) }],
  [403, 'BadEnvironmentKeyIdInToken', { authorization: bearer({ kid: 'PRODU12345', key: other }) }],
  [404, 'BadPath', { path: '/4/device/ab' }],
  [405, 'MethodNotAllowed', { ':method': 'PUT' }],
  [413, 'PayloadTooLarge', { body: JSON.stringify({ aps: { alert: 'x'.repeat(4096) } }) }],
];
for (const [status, reason, headers] of wrong)
  test(`apns answers ${status} ${reason} to ${JSON.stringify(headers).slice(0, 60)}`, async () => {
    const apns = await startApns(), answer = await push(await open(apns), headers);
    assert.deepEqual([answer.status, answer.json()], [status, { reason }]);
    assert.equal(apns.accepted.length, 0);
  });

test('apns takes 4,096 octets, 5,120 for voip, and each kind of push with its topic', async () => {
  const session = await open(await startApns());
  const sized = (octets) => JSON.stringify({ aps: {}, x: '' }).replace('""', `"${'x'.repeat(octets - 17)}"`);
  assert.equal(sized(4096).length, 4096);
  assert.equal((await push(session, { body: sized(4096) })).status, 200);
  assert.equal((await push(session, { body: sized(4097) })).status, 413);
  const voip = { 'apns-push-type': 'voip', 'apns-topic': 'bank.example.app.voip' };
  assert.equal((await push(session, { ...voip, body: sized(5120) })).status, 200);
  assert.equal((await push(session, { ...voip, body: sized(5121) })).status, 413);
  const quiet = JSON.stringify({ aps: { 'content-available': 1 } });
  assert.equal((await push(session, { 'apns-push-type': 'background', 'apns-priority': '5', body: quiet })).status, 200);
});

test('apns answers what is told of a device', async () => {
  const apns = await startApns(), session = await open(apns);
  apns.devices.set(device, { reason: 'Unregistered', timestamp: 1700000000123 });
  const gone = await push(session);
  assert.deepEqual([gone.status, gone.json()], [410, { reason: 'Unregistered', timestamp: 1700000000123 }]);
  apns.devices.set(device, { environment: 'production' });
  assert.equal((await push(session)).json().reason, 'BadDeviceToken');
  apns.devices.set(device, { topic: 'second.app' });
  assert.equal((await push(session)).json().reason, 'DeviceTokenNotForTopic');
});

test('apns remembers key, team and token of a connection', async () => {
  const apns = await startApns(), session = await open(apns);
  const reasonOf = async (authorization) => {
    const answer = await push(session, { authorization });
    return answer.status === 200 ? 'taken' : `${answer.status} ${answer.json().reason}`;
  };
  assert.equal(await reasonOf(token), 'taken');
  assert.equal(await reasonOf(bearer({ kid: 'OTHER12345', key: other })), '403 UnrelatedKeyIdInToken');
  assert.equal(await reasonOf(bearer({ kid: 'FOREI12345', iss: 'FOREIGN123', key: foreign })), '403 Forbidden');
  assert.equal(await reasonOf(bearer()), '429 TooManyProviderTokenUpdates');
  apns.clockOffset = 20 * 60 + 1;
  assert.equal(await reasonOf(bearer()), 'taken');
  apns.clockOffset = 61 * 60;
  assert.equal(await reasonOf(token), '403 ExpiredProviderToken');
  assert.equal(await reasonOf(bearer({ iat: now() + 3600 })), '403 ExpiredProviderToken', 'the connection is spoilt');
  assert.equal((await push(await open(apns), { authorization: bearer({ iat: now() + 3600 }) })).status, 200);
});

test('apns grants one stream until the first accepted push, and again one after a refusal', async () => {
  const session = await open(await startApns({ punishes: true }));
  const streams = () => session.remoteSettings.maxConcurrentStreams;
  assert.equal(streams(), 1);
  await push(session, { 'apns-id': 'bad' });
  assert.equal(streams(), 1);
  await push(session);
  await eventually(() => streams() === 1000, { every: 1 });
  await push(session, { 'apns-id': 'bad' });
  await eventually(() => streams() === 1, { every: 1 });
  await push(session);
  await eventually(() => streams() === 1000, { every: 1 });
});

test('apns takes a certificate for the topics in it, with all streams at once', async () => {
  const apns = await startApns({ clientCa: readFileSync(ca) });
  const client = (name, ...list) => {
    const { cert, key } = appCertificate(folder, list, name);
    return open(apns, { cert: readFileSync(cert), key: readFileSync(key) });
  };
  const one = await client('one', 'bank.example.app'), two = await client('two', 'a.app', 'b.app');
  assert.equal(one.remoteSettings.maxConcurrentStreams, 1000);
  assert.equal((await push(one, { authorization: undefined, 'apns-topic': undefined })).status, 200);
  assert.equal((await push(two, { 'apns-topic': undefined })).json().reason, 'MissingTopic');
  assert.equal((await push(two, { 'apns-topic': 'b.app' })).status, 200);
  assert.equal((await push(two, { 'apns-topic': 'c.app' })).json().reason, 'TopicDisallowed');
  assert.equal((await push(await client('none'))).json().reason, 'BadCertificate');
  assert.equal((await push(await open(apns))).json().reason, 'BadCertificate');
});

test('a GOAWAY in the middle: those above its last stream are not processed, those below are answered', async () => {
  const apns = await startApns(), session = await open(apns);
  apns.delay = () => 20;
  apns.rules.add({ at: 50, goaway: { json: { reason: 'Shutdown' } } });
  const answers = await pushMany(session, 99);
  const [{ last, debug, code: error }] = session.goaways;
  assert.deepEqual([debug, error], ['{"reason":"Shutdown"}', 0]);
  for (const { id, status } of answers) assert.equal(status, id <= last ? 200 : 0, `stream ${id}, last ${last}`);
  assert.equal(apns.accepted.length, 50);
  assert.equal(answers.filter(({ status }) => status === 200).length, 49);
});

test('a graceful GOAWAY says 2^31-1 first, then the real one; and 0 with JSON refuses all', async () => {
  const apns = await startApns();
  const first = await open(apns);
  apns.rules.add({ at: 2, goaway: { graceful: true }, delay: 100 });
  assert.deepEqual((await pushMany(first, 1)).map(({ status }) => status), [200]);
  await eventually(() => first.destroyed, { every: 1 });
  assert.deepEqual([first.goaways[0].last, first.goaways.at(-1).last], [lastId, 3]);
  apns.rules.add({ if: () => true, goaway: { last: 0, json: { reason: 'BadCertificate' } } });
  const second = await open(apns);
  assert.equal((await push(second)).status, 0);
  assert.deepEqual(second.goaways.map(({ last, debug }) => [last, debug]), [[0, '{"reason":"BadCertificate"}']]);
});

test('streams are reset, before they are processed or after', async () => {
  const apns = await startApns(), session = await open(apns);
  for (const [rule, taken] of [[{ reset: code.refusedStream }, 0], [{ reset: code.enhanceYourCalm }, 0], [{ lost: code.cancel }, 1]]) {
    apns.accepted.length = 0;
    apns.rules.add({ ...rule, times: 1 });
    const answer = await push(session);
    assert.deepEqual([answer.status, answer.resetCode], [0, rule.reset ?? rule.lost]);
    assert.equal(apns.accepted.length, taken);
  }
});

for (const [cut, status, taken] of [['before', 0, 0], ['unanswered', 0, 1], ['amid', 0, 1], ['after', 200, 1]])
  test(`TCP is cut, ${cut}: status ${status}, accepted ${taken}`, async () => {
    const apns = await startApns(), session = await open(apns);
    apns.rules.add({ cut });
    const answer = await push(session);
    assert.deepEqual([answer.status, apns.accepted.length], [status, taken]);
    await eventually(() => session.destroyed, { every: 1 });
  });

test('a body is cut in half', async () => {
  const apns = await startApns(), session = await open(apns);
  apns.rules.add({ answer: { reason: 'BadDeviceToken' }, halfBody: true });
  const answer = await push(session);
  assert.deepEqual([answer.status, answer.text], [400, '{"reason":"Bad']);
});

test('silence: neither answers nor PING ACKs, and TCP stays', async () => {
  const apns = await startApns(), session = await open(apns);
  const ping = () => new Promise((resolve) => session.ping((error) => resolve(!error)));
  assert.equal(await ping(), true);
  apns.rules.add({ silent: true });
  const unanswered = push(session);
  await eventually(() => apns.connections[0].plain.isSilent, { every: 1 });
  const unacknowledged = ping();
  const quiet = new Promise((resolve) => setTimeout(resolve, 200, 'nothing'));
  assert.equal(await Promise.race([unanswered, unacknowledged, quiet]), 'nothing');
  assert.equal(apns.server.open.length, 1);
});

test('SETTINGS of 1000, 1, 0 and 1000 again, and a window of one octet', async () => {
  const apns = await startApns({ settings: { maxConcurrentStreams: 1000, initialWindowSize: 1 } });
  const session = await open(apns);
  assert.equal(session.remoteSettings.initialWindowSize, 1);
  for (const maxConcurrentStreams of [1, 0, 1000]) {
    apns.rules.add({ settings: { maxConcurrentStreams }, times: 1 });
    if (maxConcurrentStreams === 1000) apns.connections[0].session.settings({ maxConcurrentStreams });
    else assert.equal((await push(session)).status, 200);
    await eventually(() => session.remoteSettings.maxConcurrentStreams === maxConcurrentStreams, { every: 1 });
  }
  assert.equal(apns.connections[0].plain.seen.frames.data > 30, true);
});

test('answers come late and out of order', async () => {
  const apns = await startApns(), session = await open(apns);
  let n = 0;
  apns.delay = () => 40 - 4 * n++;
  const order = [];
  await push(session);
  await eventually(() => session.remoteSettings.maxConcurrentStreams > 1, { every: 1 });
  await Promise.all([1, 2, 3, 4, 5].map(async (number) => {
    await push(session);
    order.push(number);
  }));
  assert.deepEqual(order, [5, 4, 3, 2, 1]);
});

test('frames come octet by octet, in TLS records of their own and in TCP segments', async () => {
  const apns = await startApns({ octets: true }), wire = await openWire(apns.port, { octets: 1 });
  atEnd(() => wire.close());
  for (const port of [apns.port, wire.port]) {
    const session = await open({ port });
    assert.equal((await push(session, { 'apns-id': 'bad' })).json().reason, 'BadMessageId');
    assert.equal((await push(session)).status, 200);
  }
});

test('ten megabytes of answer, as body and as headers', async () => {
  const apns = await startApns(), session = await open(apns);
  apns.rules.add({ answer: { reason: 'BadTopic', body: Buffer.alloc(10 << 20, 'x') }, times: 1 });
  assert.equal((await push(session)).text.length, 10 << 20);
  const part = field('x-long', 'x'.repeat(16000));
  apns.rules.add({
    never: true,
    inject: [frame(type.headers, 0, 3, Buffer.concat([Buffer.from([0x88]), part])),
      ...Array.from({ length: 650 }, () => frame(type.continuation, 0, 3, part)),
      frame(type.continuation, flag.endHeaders, 3, part)],
  });
  assert.equal((await push(session)).status, 0, 'Node gives up on them');
});

test('frames that no library sends', async () => {
  const apns = await startApns(), session = await open(apns);
  apns.rules.add({ inject: [reset(1, code.enhanceYourCalm)], never: true });
  assert.equal((await push(session)).resetCode, code.enhanceYourCalm);
});

test('no h2: another protocol chosen, or none', async () => {
  for (const alpn of [['http/1.1'], ['spdy/3']]) {
    const apns = await startApns({ alpn });
    const socket = tls.connect({ port: apns.port, host: 'localhost', ca: readFileSync(ca), ALPNProtocols: ['h2', 'http/1.1'] });
    const outcome = await once(socket, 'secureConnect').then(() => socket.alpnProtocol, (error) => error.code);
    socket.destroy();
    assert.equal(outcome, alpn[0] === 'http/1.1' ? 'http/1.1' : 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL');
  }
});

test('an expired certificate, another name', async () => {
  const errorOf = async (own) => {
    const apns = await startApns({ certificate: own });
    const socket = tls.connect({ port: apns.port, host: 'localhost', ca: readFileSync(ca), ALPNProtocols: ['h2'] });
    const [error] = await once(socket, 'error');
    return error.code;
  };
  assert.equal(await errorOf(expiredCertificate(folder)), 'CERT_HAS_EXPIRED');
  assert.equal(await errorOf(serverCertificate(folder, 'elsewhere.example')), 'ERR_TLS_CERT_ALTNAME_INVALID');
});

// ---- FCM ----

const service = serviceAccount(folder, {});
const email = service.account.client_email, keyId = service.account.private_key_id;

async function startFcm(options = {}) {
  const accounts = { [email]: { publicKey: service.publicKey, keyId, project: 'bank-example' } };
  const fcm = await new Fcm({ certificate, accounts, ...options }).listen();
  atEnd(() => fcm.close());
  return fcm;
}

async function exchange(fcm, change = {}, { alg = 'RS256', kid = keyId, key = service } = {}) {
  const claims = {
    iss: email, scope: 'https://www.googleapis.com/auth/firebase.messaging', aud: fcm.audience, iat: now(),
    exp: now() + 3600, ...change,
  };
  const body = new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion: sign({ alg, typ: 'JWT', kid }, claims, key.privateKey) }).toString();
  return request(fcm.tokenUri, { method: 'POST', body, ca: readFileSync(ca), headers: { 'content-type': 'application/x-www-form-urlencoded' } });
}

async function openFcm(options) {
  const fcm = await startFcm(options), session = await open(fcm);
  const { access_token } = (await exchange(fcm)).json();
  const message = (body, { path = '/v1/projects/bank-example/messages:send', ...headers } = {}) => send(session, path,
    { authorization: `Bearer ${access_token}`, 'content-type': 'application/json', ...headers },
    typeof body === 'string' ? body : JSON.stringify(body));
  return { fcm, message };
}

test('google exchanges a signed assertion for an access token', async () => {
  const fcm = await startFcm(), answer = await exchange(fcm);
  assert.equal(answer.status, 200);
  const { access_token, ...rest } = answer.json();
  assert.match(access_token, /^ya29\./);
  assert.deepEqual(rest, { expires_in: 3599, token_type: 'Bearer' });
});

for (const [what, change, options, error] of [
  ['another audience', { aud: 'https://elsewhere.example/token' }, {}, 'invalid_grant'],
  ['a clock an hour ahead', { iat: now() + 3600, exp: now() + 7200 }, {}, 'invalid_grant'],
  ['a clock an hour behind', { iat: now() - 3700, exp: now() - 100 }, {}, 'invalid_grant'],
  ['a life over an hour', { exp: now() + 3700 }, {}, 'invalid_grant'],
  ['a deleted key', {}, { kid: 'gone' }, 'invalid_grant'],
  ['another account', { iss: 'other@example.com' }, {}, 'invalid_grant'],
  ['another key', {}, { key: serviceAccount(folder, {}, 'second') }, 'invalid_grant'],
  ['another scope', { scope: 'https://www.googleapis.com/auth/drive' }, {}, 'invalid_scope'],
])
  test(`google refuses an assertion with ${what}`, async () => {
    const answer = await exchange(await startFcm(), change, options);
    assert.deepEqual([answer.status, answer.json().error], [400, error]);
  });

test('fcm takes a whole message and says its name', async () => {
  const { fcm, message } = await openFcm();
  const body = { message: {
    token: 'device-1', data: { invoice: '7' }, notification: { title: 'a', body: 'b' },
    android: { priority: 'HIGH', ttl: '3600s', notification: { tag: 'invoice-7', channel_id: 'payments', visibility: 'PRIVATE' } },
    apns: { headers: { 'apns-priority': '10', 'apns-collapse-id': 'invoice-7' }, payload: { aps: { alert: 'a' } } },
  } };
  const answer = await message(body);
  assert.equal(answer.status, 200);
  assert.match(answer.json().name, /^projects\/bank-example\/messages\//);
  assert.deepEqual(fcm.accepted.map(({ key, message: kept }) => [key, kept]), [['device-1', body.message]]);
  assert.equal((await message({ ...body, validate_only: true })).status, 200);
  assert.deepEqual([fcm.accepted.length, fcm.validated.length], [1, 1]);
});

for (const [what, message, place] of [
  ['an unknown field', { token: 'a', colour: 'red' }, 'message.colour'],
  ['an unknown field inside', { token: 'a', android: { notification: { tagg: 'x' } } }, 'message.android.notification.tagg'],
  ['data that is no string', { token: 'a', data: { invoice: 7 } }, 'message.data.invoice'],
  ['a reserved key', { token: 'a', data: { google_x: '7' } }, 'message.data.google_x'],
  ['a ttl without its s', { token: 'a', android: { ttl: '60' } }, 'message.android.ttl'],
  ['a ttl of five weeks', { token: 'a', android: { ttl: '3024000s' } }, 'message.android.ttl'],
  ['an unknown priority', { token: 'a', android: { priority: 'URGENT' } }, 'message.android.priority'],
  ['two targets', { token: 'a', topic: 'b' }, 'message'],
  ['no target', { data: {} }, 'message'],
  ['more than 4,096 octets', { token: 'a', data: { x: 'x'.repeat(4096) } }, 'message'],
  ['an expiration that is no number', { token: 'a', apns: { headers: { 'apns-expiration': 'x' } } },
    'message.apns.headers.apns-expiration'],
])
  test(`fcm refuses ${what}`, async () => {
    const { fcm, message: post } = await openFcm(), answer = await post({ message });
    const { error } = answer.json();
    assert.deepEqual([answer.status, error.code, error.status], [400, 400, 'INVALID_ARGUMENT']);
    assert.equal(error.details[0]['@type'], 'type.googleapis.com/google.rpc.BadRequest');
    assert.equal(error.details[0].fieldViolations[0].field, place);
    assert.equal(fcm.accepted.length, 0);
  });

for (const [error, { status, rpc, isFcm }] of Object.entries(errors))
  test(`fcm answers ${status} ${error} when told`, async () => {
    const { fcm, message } = await openFcm();
    fcm.rules.add({ answer: { error, retryAfter: 7 } });
    const answer = await message({ message: { token: 'a' } }), body = answer.json().error;
    assert.deepEqual([answer.status, body.status, answer.headers['retry-after']], [status, rpc, '7']);
    const fcmCode = body.details.find((detail) => detail['@type'].endsWith('fcm.v1.FcmError'))?.errorCode;
    assert.equal(fcmCode, isFcm ? error : undefined);
  });

test('fcm refuses what it was not asked properly: token, project, path, type, JSON', async () => {
  const { fcm, message } = await openFcm(), body = { message: { token: 'a' } };
  const outcome = async (...args) => {
    const answer = await message(...args);
    return `${answer.status} ${answer.json().error.status}`;
  };
  assert.equal(await outcome(body, { authorization: 'Bearer ya29.none' }), '401 UNAUTHENTICATED');
  assert.equal(await outcome(body, { path: '/v1/projects/other/messages:send' }), '403 PERMISSION_DENIED');
  assert.equal(await outcome(body, { path: '/v1/projects/bank-example/messages' }), '404 NOT_FOUND');
  assert.equal(await outcome('{'), '400 INVALID_ARGUMENT');
  fcm.targets.set('a', { error: 'UNREGISTERED' });
  assert.equal(await outcome(body), '404 NOT_FOUND');
  fcm.clockOffset = 3600;
  assert.equal(await outcome(body), '401 UNAUTHENTICATED');
  fcm.clockOffset = 0;
  fcm.expireTokens();
  assert.equal(await outcome(body), '401 UNAUTHENTICATED');
});
