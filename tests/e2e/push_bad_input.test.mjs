// What bad input gets: keys, accounts and clocks that are wrong, servers that are not what they should
// be, pushes that are none.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';

import { expiredCertificate, providerKey, serverCertificate, serviceAccount } from '../fake/certificates.mjs';
import { code, field, flag, frame, goaway, lastId, ping, reset, settings, type, windowUpdate } from '../fake/frames.mjs';
import { openWire } from '../fake/wire.mjs';
import { atEnd, temporaryFolder } from '../support/cleanup.mjs';
import { eventually } from '../support/eventually.mjs';
import { account, apnsPush, argsFor, certificate, deliver, fcmPush, folder, pushes, startApns, startDriver, startFcm } from '../support/push.mjs';

function keyFile(name, pem) {
  const file = path.join(folder, name);
  writeFileSync(file, pem, { mode: 0o600 });
  return file;
}

const pkcs8 = { type: 'pkcs8', format: 'pem' };
const generate = (kind, options) => crypto.generateKeyPairSync(kind, options);
const p256 = generate('ec', { namedCurve: 'P-256' });

describe('a key file', () => {
  for (const [what, pem] of [
    ['RSA', generate('rsa', { modulusLength: 2048 }).privateKey.export(pkcs8)],
    ['P-384', generate('ec', { namedCurve: 'P-384' }).privateKey.export(pkcs8)],
    ['Ed25519', generate('ed25519').privateKey.export(pkcs8)],
    ['P-256 in SEC1', p256.privateKey.export({ type: 'sec1', format: 'pem' })],
    ['P-256, encrypted', p256.privateKey.export({ ...pkcs8, cipher: 'aes-256-cbc', passphrase: 'x' })],
    ['a public key', p256.publicKey.export({ type: 'spki', format: 'pem' })],
    ['a certificate', readFileSync(certificate.ca)],
    ['empty', ''],
    ['cut', p256.privateKey.export(pkcs8).slice(0, 120)],
  ])
    test(`that is ${what} is refused in a plain sentence`, async () => {
      const apns = await startApns();
      const args = argsFor(apns);
      args[args.indexOf('--key') + 1] = keyFile('wrong.p8', pem);
      const drive = startDriver(args);
      await drive.finish();
      assert.equal(drive.status, 1);
      assert.match(drive.trace, /^push_driver: .*(P-256|PKCS#8|key)[^\n]*\n$/);
      assert.doesNotMatch(drive.trace, /-----|MII|error:[0-9A-F]{8}/);
    });
});

describe('a service account', () => {
  const without = (name) => ({ ...account.account, [name]: undefined });
  for (const [what, text, words] of [
    ...['client_email', 'private_key', 'private_key_id', 'project_id', 'token_uri'].map((name) =>
      [`without ${name}`, JSON.stringify(without(name)), new RegExp(name)]),
    ['whose private_key is a number', JSON.stringify({ ...account.account, private_key: 7 }), /private_key/],
    ['whose private_key is no key', JSON.stringify({ ...account.account, private_key: 'x' }), /private_key|RSA/],
    ['with a P-256 key', JSON.stringify({ ...account.account, private_key: p256.privateKey.export(pkcs8) }), /RSA/],
    ['that is no JSON', '{', /JSON/],
    ['that is a list', '[]', /object|JSON|account/],
  ])
    test(`${what} is refused, saying what`, async () => {
      const fcm = await startFcm(), args = argsFor(fcm);
      args[args.indexOf('--account') + 1] = keyFile('wrong.json', text);
      if (what.includes('token_uri')) args.splice(args.indexOf('--token-uri'), 2);
      const drive = startDriver(args);
      await drive.finish();
      assert.equal(drive.status, 1);
      assert.match(drive.trace, words);
      assert.doesNotMatch(drive.trace, /-----|MII/);
    });
});

describe('a clock an hour off', () => {
  for (const [what, seconds] of [['behind', -3900], ['ahead', 3900]]) {
    test(`${what} is said plainly, APNs`, async () => {
      const apns = await startApns();
      const { outcomes: [outcome], alarms } = await deliver(apns, [apnsPush(1, { deadline: 1500 })], { args: ['--clock', String(seconds)], hurry: 1 });
      assert.notEqual(outcome.outcome, 'accepted');
      assert.match(alarms.map(({ alarm, text }) => `${alarm}: ${text}`).join('\n'), /clock: .*(65 min|3,?[89]\d\d s|hour)/);
      assert.equal(apns.tokens <= 1, true, 'none was minted because of it');
    });
    test(`${what} is said plainly, FCM`, async () => {
      const fcm = await startFcm();
      const { outcomes: [outcome], alarms } = await deliver(fcm, [fcmPush(1, { deadline: 1500 })], { args: ['--clock', String(seconds)], hurry: 1 });
      assert.equal(outcome.outcome, 'never_sent');
      assert.match(alarms.map(({ alarm, text }) => `${alarm}: ${text}`).join('\n'), /clock: .*(65 min|3,?[89]\d\d s|hour)/);
    });
  }
});

// Pushes that end for want of a connection, and the alarm that says why.
async function unreachable(fake, options = {}) {
  const { outcomes, alarms, summary } = await deliver(fake, pushes(3, apnsPush, { deadline: 400 }), { hurry: 10, ...options });
  assert.deepEqual(outcomes.map(({ outcome }) => outcome), Array(3).fill('never_sent'));
  assert.deepEqual([...new Set(alarms.map(({ alarm }) => alarm))], ['connection']);
  assert.equal(summary.attempts, 0);
  return alarms[0].text;
}

describe('a server', () => {
  for (const [what, alpn] of [['knows HTTP/1.1 only', ['http/1.1']], ['knows another protocol', ['spdy/3']], ['selects none', null]])
    test(`that ${what} is left alone`, async () => {
      assert.match(await unreachable(await startApns({ alpn })), /h2|ALPN|HTTP\/2|application protocol/i);
    });
  test('that presents another name is left alone', async () => {
    const own = temporaryFolder();
    const elsewhere = serverCertificate(own, 'elsewhere.example');
    const apns = await startApns({ certificate: elsewhere });
    assert.match(await unreachable(apns, { ca: elsewhere.ca }), /name|host/i);
  });
  test('with a certificate that has run out is left alone', async () => {
    const expired = expiredCertificate(temporaryFolder());
    assert.match(await unreachable(await startApns({ certificate: expired }), { ca: expired.ca }), /expired/i);
  });
  test('of an unknown authority is left alone', async () => {
    const other = serverCertificate(temporaryFolder());
    assert.match(await unreachable(await startApns(), { ca: other.ca }), /certificate|issuer|verify/i);
  });
  test('that refuses TCP is told of', async () => {
    const apns = await startApns();
    await apns.close();
    assert.match(await unreachable(apns), /refused|connect/i);
  });
  test('that takes TCP and says nothing is given up', async () => {
    const apns = await startApns(), wire = await openWire(apns.port);
    atEnd(() => wire.close());
    wire.isFrozen = true;
    assert.match(await unreachable(apns, { port: wire.port, args: ['--tune', 'connect_timeout=200'] }), /time|answer/i);
  });
  test('that never sends SETTINGS is given up', async () => {
    const apns = await startApns();
    apns.server.onConnection = ({ plain }) => { plain.isSilent = true; };
    await unreachable(apns, { args: ['--tune', 'connect_timeout=200'] });
  });

  test('that speaks rubbish after TLS is left alone', async () => {
    const apns = await startApns();
    apns.server.onConnection = ({ plain }) => plain.inject(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const { outcomes } = await deliver(apns, pushes(3, apnsPush, { deadline: 500 }), { hurry: 10 });
    for (const { outcome } of outcomes) assert.notEqual(outcome, 'accepted');
  });

  test('with SETTINGS of 0 streams gets none, and gets them when it grants some', async () => {
    const apns = await startApns({ settings: { maxConcurrentStreams: 0 } }), list = pushes(20);
    const drive = startDriver(argsFor(apns));
    drive.say(...list);
    await eventually(() => apns.server.open.length > 0 && apns.server.open.every(({ plain }) => plain.seen.frames.settings > 1), { every: 5 });
    assert.equal(apns.server.requests, 0);
    for (const { session } of apns.server.open) session.settings({ maxConcurrentStreams: 10 });
    await drive.finish();
    assert.equal(apns.accepted.length, 20);
    for (const { plain } of apns.connections) assert.equal(plain.seen.openMax <= 10, true);
  });
  test('with SETTINGS of 1 stream gets one at a time', async () => {
    const apns = await startApns({ settings: { maxConcurrentStreams: 1 } });
    const { outcomes } = await deliver(apns, pushes(100));
    assert.equal(outcomes.filter(({ outcome }) => outcome === 'accepted').length, 100);
    for (const { plain } of apns.connections) assert.equal(plain.seen.openMax <= 1, true);
  });
  test('with a window of one octet gets its pushes octet by octet', async () => {
    const apns = await startApns({ settings: { initialWindowSize: 1, maxConcurrentStreams: 100 } });
    const { outcomes } = await deliver(apns, pushes(20));
    assert.equal(outcomes.filter(({ outcome }) => outcome === 'accepted').length, 20);
    assert.deepEqual(apns.accepted.map(({ payload }) => payload.invoice).sort(), pushes(20).map(({ payload }) => payload.invoice).sort());
  });
  test('whose frames come octet by octet is understood', async () => {
    const apns = await startApns({ octets: true }), wire = await openWire(apns.port, { octets: 1 });
    atEnd(() => wire.close());
    for (const port of [apns.port, wire.port]) {
      const { outcomes } = await deliver(apns, pushes(30), { port });
      assert.equal(outcomes.filter(({ outcome }) => outcome === 'accepted').length, 30);
    }
  });
});

// Memory of the driver stays what it was: measured against a plain run of the same build.
async function memoryOf(prepare, list = pushes(20)) {
  const apns = await startApns();
  prepare(apns);
  return { apns, drive: await deliver(apns, list, { args: ['--tune', 'connections_max=2'] }) };
}

describe('an answer of ten megabytes', () => {
  test('as body: judged by its status, and not kept', async () => {
    const plain = await memoryOf(() => {});
    const { drive } = await memoryOf((apns) => apns.rules.add({ every: 5, answer: { reason: 'BadTopic', body: Buffer.alloc(10 << 20, 'x') } }));
    assert.deepEqual([drive.summary.accepted, drive.summary.refused], [16, 4]);
    assert.equal(drive.summary.rss_kb - plain.drive.summary.rss_kb < 4096, true, `${drive.summary.rss_kb - plain.drive.summary.rss_kb} kB`);
  });
  test('as headers: the connection or the stream is given up, the others are sent', async () => {
    const part = field('x-long', 'x'.repeat(16000));
    const flood = (stream) => [frame(type.headers, 0, stream, Buffer.concat([Buffer.from([0x88]), part])),
      ...Array.from({ length: 650 }, () => frame(type.continuation, 0, stream, part)), frame(type.continuation, flag.endHeaders, stream, part)];
    const plain = await memoryOf(() => {});
    const { apns, drive } = await memoryOf((fake) => fake.rules.add({ at: 5, never: true,
      do: ({ connection, stream }) => connection.plain.inject(...flood(stream.id)) }));
    assert.equal(drive.outcomes.length, 20);
    assert.equal(drive.summary.accepted + drive.summary.unknown, 20);
    assert.equal(apns.twice.size, 0);
    assert.equal(drive.summary.rss_kb - plain.drive.summary.rss_kb < 4096, true, `${drive.summary.rss_kb - plain.drive.summary.rss_kb} kB`);
  });
});

describe('GOAWAY', () => {
  // Everything is accepted once, whatever comes; `safe` unless the fate of some is open.
  const everywhere = [
    ['as the first word', (apns) => { let n = 0; apns.server.onConnection = ({ session }) => n++ < 2 && session.goaway(0, 0); }],
    ['with 0 and Shutdown at the first push', (apns) => apns.rules.add({ times: 1, goaway: { last: 0, json: { reason: 'Shutdown' } } })],
    ['at the first push, which is answered', (apns) => apns.rules.add({ times: 1, goaway: {} })],
    ['at the 2nd', (apns) => apns.rules.add({ at: 2, goaway: {} })],
    ['gracefully, 2^31-1 first', (apns) => apns.rules.add({ every: 100, goaway: { graceful: true } })],
    ['twice, the second lower', (apns) => apns.rules.add({ every: 150, do: ({ connection, stream }) => connection.session.goaway(0, stream.id + 100), goaway: {} })],
    ['with ENHANCE_YOUR_CALM', (apns) => apns.rules.add({ at: 150, goaway: { code: code.enhanceYourCalm } })],
    ['with debug data that is no JSON', (apns) => apns.rules.add({ every: 100, goaway: { json: 'x'.repeat(5000) } })],
  ];
  for (const [what, prepare] of everywhere)
    test(`${what}: nothing lost, nothing twice`, async () => {
      const apns = await startApns(), list = pushes(400);
      let n = 0;
      apns.delay = () => n++ % 4;
      prepare(apns);
      const { outcomes, summary } = await deliver(apns, list);
      assert.deepEqual(outcomes.filter(({ outcome }) => outcome !== 'accepted'), []);
      assert.deepEqual([apns.accepted.length, apns.twice.size, summary.unknown_before], [400, 0, 0]);
    });
  test('with 0 and BadCertificate: the pool stops, the pushes wait, an alarm says why', async () => {
    const apns = await startApns();
    apns.rules.add({ goaway: { last: 0, json: { reason: 'BadCertificate' } } });
    const { outcomes, alarms } = await deliver(apns, pushes(5, apnsPush, { deadline: 1000 }), { hurry: 1 });
    assert.deepEqual(outcomes.map(({ outcome }) => outcome), Array(5).fill('never_sent'));
    assert.equal(alarms[0].alarm, 'credential');
    assert.match(alarms[0].text, /BadCertificate/);
    assert.equal(apns.connections.length <= 4, true, `${apns.connections.length} connections`);
  });
});

describe('frames that no server should send', () => {
  const rest = (apns, make) => apns.rules.add({ at: 30, do: ({ connection, stream }) => connection.plain.inject(...make(stream.id, connection)) });
  for (const [what, make] of [
    ['a thousand resets of one stream', (id) => Array(1000).fill(reset(id, code.cancel))],
    ['resets of streams never opened', () => Array.from({ length: 200 }, (_, i) => reset(2 * i + 100001, code.cancel))],
    ['ten thousand PINGs', () => Array(10000).fill(ping())],
    ['ten thousand SETTINGS', () => Array(10000).fill(settings([3, 100]))],
    ['ten thousand empty DATA', (id) => Array(10000).fill(frame(type.data, 0, id))],
    ['a window beyond 2^31', () => [windowUpdate(0, lastId), windowUpdate(0, lastId)]],
    ['a frame of 16 MB', () => [Buffer.concat([Buffer.from([0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1]), Buffer.alloc(100000)])]],
    ['frames of unknown kinds', () => Array.from({ length: 300 }, (_, i) => frame(0x20 + i % 100, 255, 0, Buffer.alloc(50)))],
    ['a PUSH_PROMISE', (id) => [frame(type.push, flag.endHeaders, id, Buffer.from([0, 0, 0, 2, 0x82]))]],
    ['HEADERS of a stream never opened', () => [frame(type.headers, flag.endHeaders | flag.endStream, 999999, Buffer.from([0x88]))]],
    ['headers that no table knows', (id) => [frame(type.headers, flag.endHeaders | flag.endStream, id, Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f]))]],
    ['an answer without a status', (id) => [frame(type.headers, flag.endHeaders | flag.endStream, id, field('x', 'y'))]],
    ['a GOAWAY whose last stream rises', (id, connection) => [goaway(connection.last = 1), goaway(5)]],
    ['half a frame', () => [frame(type.data, 0, 1, Buffer.alloc(100)).subarray(0, 20)]],
  ])
    test(`${what}: each push ends once, none is accepted twice unless unknown, and the next ones go`, async () => {
      const apns = await startApns(), list = pushes(200, apnsPush, { deadline: 15000 });
      apns.delay = () => 1;
      rest(apns, make);
      const drive = await deliver(apns, list, { args: ['--tune', 'answer_timeout=2000'] });
      assert.equal(drive.outcomes.length, 200);
      const { accepted, unknown, refused } = drive.summary;
      assert.equal(accepted + unknown + refused, 200, JSON.stringify(drive.summary));
      assert.equal(accepted >= 99, true, JSON.stringify(drive.summary));
      assert.equal(apns.twice.size, 0);
      for (const { outcome, id } of drive.outcomes)
        if (outcome === 'accepted') assert.equal(apns.accepted.some(({ key }) => key === id) || what.startsWith('HEADERS'), true);
    });
  // The session is over then, whatever the server does: it reads nothing more, and does not hang up.
  for (const [what, make] of [
    ['a window beyond 2^31', () => [windowUpdate(0, lastId), windowUpdate(0, lastId)]],
    ['a frame of 16 MB', () => [Buffer.from([0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1])]],
    ['a PUSH_PROMISE', (id) => [frame(type.push, flag.endHeaders, id, Buffer.from([0, 0, 0, 2, 0x82]))]],
    ['headers that no table knows', (id) => [frame(type.headers, flag.endHeaders | flag.endStream, id, Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f]))]],
    ['ten thousand SETTINGS', () => Array(10000).fill(settings([3, 100]))],
  ])
    test(`${what}, then silence: no push waits for an answer that cannot come`, async () => {
      const apns = await startApns(), list = pushes(40);
      let brokenAt;
      const breaks = ({ connection, stream }) => {
        brokenAt ??= Date.now();
        connection.plain.inject(...make(stream.id));
        connection.plain.isSilent = true;
      };
      apns.rules.add({ at: 30, do: breaks, never: true });
      const args = ['--tune', 'answer_timeout=20000', '--tune', 'connections_min=1', '--tune', 'connections_max=1'];
      const { summary } = await deliver(apns, list, { args });
      assert.equal(summary.accepted + summary.unknown, 40, JSON.stringify(summary));
      assert.equal(summary.unknown >= 1, true);
      assert.equal(Date.now() - brokenAt < 5000, true, `${Date.now() - brokenAt} ms`);
    });
  test('resets of every stream, for ever: given back, and the service is not run over', async () => {
    const apns = await startApns();
    apns.rules.add({ reset: code.enhanceYourCalm });
    const { outcomes, summary } = await deliver(apns, pushes(50, apnsPush, { deadline: 1500 }), { hurry: 1 });
    assert.equal(outcomes.length, 50);
    for (const { outcome } of outcomes) assert.notEqual(outcome, 'accepted');
    assert.equal(summary.attempts <= 200, true, `${summary.attempts} attempts`);
  });
  test('REFUSED_STREAM for ever ends at the deadline as never sent, but for what is on the wire then', async () => {
    const apns = await startApns();
    apns.rules.add({ reset: code.refusedStream });
    const { outcomes, summary } = await deliver(apns, pushes(50, apnsPush, { deadline: 1000 }), { hurry: 1 });
    assert.equal(outcomes.filter(({ outcome }) => outcome === 'never_sent').length >= 40, true);
    assert.equal(summary.accepted + summary.refused, 0);
    assert.equal(summary.attempts <= 2000, true, `${summary.attempts} attempts`);
  });
});

describe('silence', () => {
  test('never an ACK of PING: the connection is given up, what was on it is unknown, the rest goes', async () => {
    const apns = await startApns();
    apns.rules.add({ at: 50, silent: true });
    const { outcomes, summary } = await deliver(apns, pushes(200),
      { args: ['--tune', 'ping_busy=300', '--tune', 'ping_timeout=300', '--tune', 'connections_max=1', '--tune', 'connections_min=1'] });
    assert.equal(outcomes.length, 200);
    assert.equal(summary.pings >= 1, true);
    assert.equal(summary.unknown > 0 && summary.unknown <= 100, true, `${summary.unknown} unknown`);
    assert.equal(summary.accepted, 200 - summary.unknown);
    assert.equal(apns.twice.size, 0);
  });
  test('one stream never answered: cancelled by RST_STREAM, and unknown', async () => {
    const apns = await startApns(), list = pushes(20);
    apns.rules.add({ target: list[10].target, never: true });
    const { outcomes } = await deliver(apns, list, { args: ['--tune', 'answer_timeout=500'] });
    assert.deepEqual(outcomes.filter(({ outcome }) => outcome !== 'accepted').map(({ n, outcome }) => [n, outcome]), [[10, 'unknown']]);
    assert.deepEqual(apns.connections.flatMap(({ plain }) => plain.seen.resets.map(({ code: error }) => error)), [code.cancel]);
  });
});

describe('a push', () => {
  for (const [what, more, words] of [
    ['to a token that is no hexadecimal', { target: 'nothex!' }, /target|token/],
    ['to a token with an odd digit', { target: 'abc' }, /target|token/],
    ['to a token in capitals', { target: 'AB' }, /target|token/],
    ['to a token of 202 digits', { target: 'ab'.repeat(101) }, /target|token/],
    ['to nobody', { target: '' }, /target|token/],
    ['with a path in its token', { target: '../x' }, /target|token/],
    ['of 4,097 octets', { payload: JSON.stringify({ aps: {}, x: 'x'.repeat(4097 - 17) }) }, /4,?096/],
    ['that is no JSON', { payload: '{"aps":' }, /JSON/],
    ['that is a list', { payload: '[]' }, /JSON|object/],
    ['with an id that is no UUID', { id: 'one' }, /UUID|id/],
    ['with an id in capitals', { id: crypto.randomUUID().toUpperCase() }, /UUID|id/],
    ['with a collapse id of 65 octets', { collapse_id: 'x'.repeat(65) }, /collapse/],
    ['with a line break in its collapse id', { collapse_id: 'a\r\nb: c' }, /collapse/],
    ['with a line break in its topic', { topic: 'a\r\nb: c' }, /topic/],
    ['with priority 7', { priority: 7 }, /priority/],
  ])
    test(`${what} is refused by the library, and the others go`, async () => {
      const apns = await startApns();
      const { outcomes } = await deliver(apns, [apnsPush(1), apnsPush(2, more), apnsPush(3)]);
      const by = Object.fromEntries(outcomes.map((line) => [line.n, line]));
      assert.deepEqual([by[0].outcome, by[1].outcome, by[2].outcome], ['accepted', 'rejected', 'accepted']);
      assert.equal(by[1].error, 'input');
      assert.match(by[1].text, words);
      assert.equal(apns.server.requests, 2);
    });
  test('of 4,096 octets goes', async () => {
    const apns = await startApns(), payload = JSON.stringify({ aps: {}, x: 'x'.repeat(4096 - 17) });
    const { outcomes } = await deliver(apns, [apnsPush(1, { payload })]);
    assert.equal(outcomes[0].outcome, 'accepted');
  });
  test('of 5,120 octets goes as voip, and no larger', async () => {
    const apns = await startApns(), sized = (octets) => JSON.stringify({ aps: {}, x: 'x'.repeat(octets - 17) });
    const more = { push_type: 'voip', topic: 'bank.example.app.voip' };
    const { outcomes } = await deliver(apns, [apnsPush(1, { ...more, payload: sized(5120) }), apnsPush(2, { ...more, payload: sized(5121) })]);
    assert.deepEqual(outcomes.sort((a, b) => a.n - b.n).map(({ outcome }) => outcome), ['accepted', 'rejected']);
  });
  test('that is over before it starts is never sent', async () => {
    const apns = await startApns();
    const { outcomes } = await deliver(apns, [apnsPush(1, { expires_at: 1500000000 })]);
    assert.equal(outcomes[0].outcome === 'never_sent' || outcomes[0].outcome === 'rejected', true);
    assert.equal(apns.server.requests, 0);
  });
});
