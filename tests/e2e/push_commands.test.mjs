// What operators have for pushes: settings that are judged, `dunlin check`, `dunlin push`, metrics
// and alarms. Against the fakes of both services.
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { appCertificate } from '../fake/certificates.mjs';
import { atEnd } from '../support/cleanup.mjs';
import { dunlin } from '../support/demo.mjs';
import { eventually } from '../support/eventually.mjs';
import { run as runDunlin } from '../support/command.mjs';
import { makeGateway } from '../support/gateway.mjs';
import { execute, findConninfo } from '../support/local.mjs';
import { metricOf, parseMetrics } from '../support/prometheus.mjs';
import { account, certificate, folder, keyId, provider, startApns, startFcm, team, topic } from '../support/push.mjs';

const device = '5e'.repeat(32), token = `cX9:${'Ab3_'.repeat(38)}`;
const minute = 60;
let apns, fcm;
const said = []; // all that any command or process said

async function run(...args) {
  const ended = await runDunlin(...args);
  said.push(ended.out, ended.err);
  return ended;
}

const where = (fake) => ({ host: 'localhost', connect: `127.0.0.1:${fake.port}`, ca_file: certificate.ca });
const apnsApp = (app, more = {}) => ({
  app, service: 'apns', environments: ['sandbox'], key_file: provider.file, key_id: keyId, team_id: team, ...where(apns), ...more,
});

let accounts = 0;
function accountFile(fields) {
  const file = path.join(folder, `account-${++accounts}.json`);
  writeFileSync(file, JSON.stringify({ ...account.account, token_uri: fcm.tokenUri, ...fields }), { mode: 0o600 });
  return file;
}
const fcmApp = (app, more = {}, fields = {}) => ({ app, service: 'fcm', account_file: accountFile(fields), ...where(fcm), ...more });

// A settings file with these apps, for commands alone.
async function settingsWith(...apps) {
  const gateway = await makeGateway({ push: { apps } });
  gateway.writeSettings();
  atEnd(() => rmSync(gateway.dir, { recursive: true, force: true }));
  const file = path.join(gateway.dir, 'dunlin.yaml'), lines = readFileSync(file, 'utf8').split('\n');
  const starts = lines.flatMap((line, i) => (/^ +app: /.test(line) ? [i] : []));
  // In which line a setting's value stands, counted from 1; a list begins behind its name.
  const lineOf = (index, name) => {
    const found = lines.findIndex((line, i) => i >= starts[index] && line.trim().startsWith(`${name}:`));
    return found + (lines[found].endsWith(':') ? 2 : 1);
  };
  return { file, lineOf };
}

async function check({ file }) {
  const { code, out, err } = await run('check', '--json', '--settings', file);
  assert.equal(err, '');
  return { code, found: JSON.parse(out).filter(({ setting }) => setting.startsWith('push.')) };
}

// Rows of [app, level, setting, words]; each is found once, at its line, and nothing else is.
function assertFound({ found }, settings, rows) {
  rows.forEach(([index, level, setting, words]) => {
    const mine = found.filter((f) => f.setting.startsWith(`push.apps[${index}].`));
    assert.equal(mine.length, 1, JSON.stringify(mine));
    assert.equal(mine[0].level, level, mine[0].text);
    assert.equal(mine[0].setting, `push.apps[${index}].${setting}`, mine[0].text);
    assert.equal(mine[0].line, settings.lineOf(index, setting), mine[0].text);
    assert.match(mine[0].text, words);
    assert.ok(mine[0].text.length < 299, 'cut off'); // the room of a finding
  });
  assert.equal(found.length, rows.length);
}

const whenTopic = (name) => ({ headers }) => headers['apns-topic'] === name;
const whenProject = (name) => ({ headers }) => headers[':path'].startsWith(`/v1/projects/${name}/`);

// A port that nobody listens on.
async function closedPort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return { port };
}

let gateway;
before(async () => {
  apns = await startApns();
  fcm = await startFcm();
  fcm.audience = fcm.tokenUri;
  gateway = await makeGateway({ push: { apps: [apnsApp(topic), fcmApp('com.example.gone', where(await closedPort()))] } });
  await gateway.start();
});
after(() => gateway.end());

// ---- check ----

test('check proves each credential by a push to a made-up device', async () => {
  const settings = await settingsWith(apnsApp(topic), fcmApp(topic), apnsApp('taken', { topic }));
  const off = [
    apns.rules.add({ times: 1, answer: { status: 400, reason: 'BadDeviceToken' } }),
    fcm.rules.add({ answer: { error: 'INVALID_ARGUMENT' } }),
  ];
  const { code, found } = await check(settings);
  off.forEach((undo) => undo());
  assert.equal(code, 0);
  assert.deepEqual(found.map(({ level, line }) => [level, line]),
    [['good', settings.lineOf(0, 'key_file')], ['good', settings.lineOf(1, 'account_file')], ['good', settings.lineOf(2, 'key_file')]]);
  assert.match(found[1].text, /at fcm \(production\): the credential is good: a push to a made-up device was refused as INVALID_ARGUMENT/);
  assert.equal(fcm.accepted.length, 0);
});

test('check asks APNs with devices that do not exist and FCM to validate only', async () => {
  const settings = await settingsWith(apnsApp(topic), fcmApp(topic));
  apns.accepted.length = fcm.validated.length = 0;
  await check(settings);
  await check(settings);
  const targets = [...apns.accepted, ...fcm.validated].map((push) => push.target);
  assert.equal(targets.length, 4);
  assert.equal(new Set(targets).size, 4);
  assert.equal(fcm.accepted.length, 0);
  for (const push of apns.accepted) {
    assert.match(push.target, /^[0-9a-f]{64}$/);
    assert.equal(push.headers['apns-expiration'], '0');
  }
});

test('each refusal of APNs is told at the setting that it is about, with what to do', async () => {
  const rows = [
    ['InvalidProviderToken', 403, 'refusal', 'key_file', /key, key_id and team_id do not belong together/],
    ['UnrelatedKeyIdInToken', 403, 'refusal', 'key_id', /not the key's own/],
    ['BadEnvironmentKeyIdInToken', 403, 'refusal', 'environments', /not made for this environment: take .* out of `environments`/],
    ['BadEnvironmentKeyInToken', 403, 'refusal', 'environments', /not made for this environment/],
    ['TopicDisallowed', 400, 'refusal', 'topic', /must be the app's bundle id, with Push Notifications switched on/],
    ['BadTopic', 400, 'refusal', 'topic', /must be the app's bundle id/],
    ['Forbidden', 403, 'refusal', 'key_file', /look whether the key may be used/],
    ['TooManyProviderTokenUpdates', 429, 'warning', 'app', /another program: try again later/],
    ['TooManyRequests', 429, 'warning', 'app', /try again later/],
    ['InternalServerError', 500, 'warning', 'app', /trouble of its own/],
    ['ServiceUnavailable', 503, 'warning', 'app', /trouble of its own/],
    ['Shutdown', 503, 'warning', 'app', /trouble of its own/],
    ['BadMessageId', 400, 'warning', 'app', /was 400 BadMessageId: that proves nothing/],
    ['DeviceTokenNotForTopic', 400, 'good', 'key_file', /refused as DeviceTokenNotForTopic/],
    ['Unregistered', 410, 'good', 'key_file', /refused as Unregistered/],
    ['ExpiredToken', 410, 'good', 'key_file', /refused as ExpiredToken/],
  ];
  const settings = await settingsWith(...rows.map(([reason]) => apnsApp(`app.${reason}`, { topic: `app.${reason}` })));
  const off = rows.map(([reason, status]) => apns.rules.add({ if: whenTopic(`app.${reason}`), answer: { status, reason } }));
  const answer = await check(settings);
  off.forEach((undo) => undo());
  assert.equal(answer.code, 1);
  assertFound(answer, settings, rows.map(([reason, , level, setting, words], i) => [i, level, setting,
    new RegExp(`app\\.${reason} at apns \\(sandbox\\): .*(${words.source})`)]));
});

test('a client certificate is proved like a key', async () => {
  const byCertificate = await startApns({ clientCa: readFileSync(certificate.ca) });
  const app = (name, { cert, key }) => ({
    app: name, service: 'apns', environments: ['sandbox'], certificate: cert, certificate_key: key, topic, ...where(byCertificate),
  });
  const good = appCertificate(folder, [topic], 'good'), other = appCertificate(folder, ['other.app'], 'other');
  const settings = await settingsWith(app('good', good), app('other', other), app('none', appCertificate(folder, [], 'none')));
  const answer = await check(settings);
  assert.equal(answer.code, 1);
  assertFound(answer, settings, [
    [0, 'good', 'certificate', /the credential is good/],
    [1, 'refusal', 'topic', /TopicDisallowed/],
    [2, 'refusal', 'certificate', /BadCertificate: APNs does not take the certificate/],
  ]);
});

test('each refusal of FCM is told at the setting that it is about, with what to do', async () => {
  const rows = [
    ['PERMISSION_DENIED', 'refusal', 'account_file', /give it the role Firebase Cloud Messaging API Admin/],
    ['NOT_FOUND', 'refusal', 'account_file', /no such project: is project_id right/],
    ['UNAUTHENTICATED', 'refusal', 'account_file', /does not take the account's access token/],
    ['THIRD_PARTY_AUTH_ERROR', 'refusal', 'account_file', /given to Firebase is wrong/],
    ['RESOURCE_EXHAUSTED', 'warning', 'app', /more than its quota/],
    ['QUOTA_EXCEEDED', 'warning', 'app', /more than its quota/],
    ['INTERNAL', 'warning', 'app', /trouble of its own/],
    ['UNAVAILABLE', 'warning', 'app', /trouble of its own/],
    ['UNREGISTERED', 'good', 'account_file', /refused as UNREGISTERED/],
    ['SENDER_ID_MISMATCH', 'good', 'account_file', /refused as SENDER_ID_MISMATCH/],
  ];
  const project = (error) => error.toLowerCase().replaceAll('_', '-');
  const settings = await settingsWith(...rows.map(([error]) => fcmApp(`app.${error}`, {}, { project_id: project(error) })));
  const off = rows.map(([error]) => fcm.rules.add({ if: whenProject(project(error)), answer: { error } }));
  const answer = await check(settings);
  off.forEach((undo) => undo());
  assert.equal(answer.code, 1);
  assertFound(answer, settings, rows.map(([, ...row], i) => [i, ...row]));
});

test('a clock that is off is told, by how much and in which direction', async () => {
  const settings = await settingsWith(apnsApp(topic), fcmApp(topic));
  const date = (seconds) => new Date(Date.now() + seconds * 1000).toUTCString();
  const off = apns.rules.add({ answer: { status: 403, reason: 'InvalidProviderToken', headers: { date: date(61 * minute) } } });
  fcm.exchangeRules.push({ status: 400, error: 'invalid_grant', description: 'Invalid JWT', headers: { date: date(-90 * minute) } });
  const answer = await check(settings);
  off();
  assert.equal(answer.code, 1);
  assertFound(answer, settings, [
    [0, 'refusal', 'app', /this machine's clock is 61 min behind the service's \(InvalidProviderToken\): set the clock, and keep it right by NTP$/],
    [1, 'refusal', 'app', /this machine's clock is 90 min ahead of the token server's \(invalid_grant\): set the clock/],
  ]);
});

test('an account that the token server refuses is told in its words', async () => {
  const settings = await settingsWith(fcmApp(topic, {}, { private_key_id: 'deleted' }));
  const answer = await check(settings);
  assert.equal(answer.code, 1);
  assertFound(answer, settings, [[0, 'refusal', 'account_file',
    /the token server refuses the account: 400 invalid_grant \(the key was deleted\?\) Invalid JWT Signature\./]]);
});

test('a service that cannot be reached is a warning with its reason, after a few seconds', async () => {
  const nobody = await closedPort(), silent = net.createServer(() => {}).listen(0, '127.0.0.1');
  await new Promise((resolve) => silent.once('listening', resolve));
  const settings = await settingsWith(apnsApp(topic, where(nobody)), fcmApp(topic, where(nobody)),
    apnsApp('silent', where({ port: silent.address().port })), apnsApp('other', { host: 'push.example' }),
    fcmApp('other', {}, { token_uri: `https://localhost:${nobody.port}/token` }), fcmApp('hanging'));
  fcm.exchangeRules.push(...Array(8).fill({ hang: true }));
  const started = Date.now(), answer = await check(settings);
  silent.close();
  fcm.exchangeRules.length = 0;
  assert.ok(Date.now() - started < 10000, `${Date.now() - started} ms`);
  assert.equal(answer.code, 0);
  assertFound(answer, settings, [
    [0, 'warning', 'app', /cannot be asked now: no connection to 127\.0\.0\.1 .*\(serve starts and tries on\)$/],
    [1, 'warning', 'app', /cannot be asked now: no connection to 127\.0\.0\.1/],
    [2, 'warning', 'app', /cannot be asked now: /],
    [3, 'warning', 'app', /cannot be asked now: .*certificate/],
    [4, 'warning', 'app', /cannot be asked now: /],
    [5, 'warning', 'app', /cannot be asked now: /],
  ]);
});

test('a credential that is none is a mistake of the settings, and serve does not start', async () => {
  const gateway = await makeGateway({ push: { apps: [apnsApp(topic, { key_file: certificate.ca }), fcmApp(topic, {}, { private_key: undefined })] } });
  atEnd(() => rmSync(gateway.dir, { recursive: true, force: true }));
  gateway.writeSettings();
  const { code, err } = await run('serve', '--settings', path.join(gateway.dir, 'dunlin.yaml'));
  assert.equal(code, 1);
  assert.match(err, /dunlin\.yaml:\d+: push\.apps\[0\]\.key_file /);
  assert.match(err, /dunlin\.yaml:\d+: push\.apps\[1\]\.account_file is of no use: the service account: private_key is missing/);
});

test('certificates to trust that cannot be read keep serve from starting, and check says so', async () => {
  const settings = await settingsWith(apnsApp(topic, { ca_file: '/no/such/ca.pem' }));
  const { code, err } = await run('serve', '--settings', settings.file);
  assert.equal(code, 1);
  assert.match(err, /^dunlin: bank\.example\.app at apns \(sandbox\): the CA file cannot be read: \/no\/such\/ca\.pem$/m);
  const answer = await check(settings);
  assert.equal(answer.code, 1);
  assertFound(answer, settings, [[0, 'refusal', 'app', /the CA file cannot be read: \/no\/such\/ca\.pem/]]);
});

// ---- push ----

test('a push to APNs is shown with its whole exchange', async () => {
  const settings = await settingsWith(apnsApp(topic));
  apns.accepted.length = 0;
  const { code, out, err } = await run('push', '--device', device.toUpperCase(), '--text', 'Zażółć', '--title', 'Bank', '--settings', settings.file);
  assert.equal(code, 0, err);
  const [push] = apns.accepted;
  assert.equal(push.target, device);
  assert.deepEqual(push.payload, { aps: { alert: { title: 'Bank', body: 'Zażółć' }, sound: 'default' } });
  assert.match(out, /^app {6}bank\.example\.app at APNs, sandbox\ndevice {3}5e5e5e5e… \(64 characters\)\npayload {2}\{"aps":.*Zażółć.*\}\n\n/);
  assert.match(out, /^ +\d+ ms {2}\* connecting to 127\.0\.0\.1$/m);
  assert.match(out, /\* TLSv1\.[23], h2$/m);
  assert.match(out, /> POST https:\/\/localhost\/3\/device\/5e5e5e5e…$/m);
  assert.match(out, /> authorization: \(\d+ octets\)$/m);
  assert.match(out, new RegExp(`> apns-topic: ${topic}$`, 'm'));
  assert.match(out, /< 200$/m);
  assert.match(out, new RegExp(`\n\nAccepted in [\\d.]+ ms as ${push.id}\\.\nAPNs has it; no service promises that the telephone shows it\\.\n$`));
});

test('a push to FCM is shown with its whole exchange', async () => {
  const settings = await settingsWith(fcmApp(topic, { channel_id: 'debts' }));
  const { code, out, err } = await run('push', '--device', token, '--text', 'Hello', '--settings', settings.file);
  assert.equal(code, 0, err);
  const [push] = fcm.accepted.splice(0);
  assert.equal(push.target, token);
  assert.equal(push.message.notification.body, 'Hello');
  assert.equal(push.message.android.notification.channel_id, 'debts');
  assert.match(out, /\* an access token has come$/m);
  assert.match(out, /> POST https:\/\/localhost\/v1\/projects\/bank-example\/messages:send$/m);
  assert.match(out, /\nAccepted in [\d.]+ ms as projects\/bank-example\/messages\/.*\.\nFCM has it; /);
});

test('a dry run lets FCM look at the push and sends nothing; APNs has none', async () => {
  const settings = await settingsWith(fcmApp(topic), apnsApp(topic));
  fcm.validated.length = 0;
  const dry = (service) => run('push', '--device', service === 'fcm' ? token : device, '--service', service, '--text', 'x', '--dry-run', '--settings', settings.file);
  const { code, out } = await dry('fcm');
  assert.equal(code, 0);
  assert.equal(fcm.validated.length, 1);
  assert.equal(fcm.accepted.length, 0);
  assert.match(out, /\nValid in [\d.]+ ms as .*\nFCM would have sent it\. Nothing was sent\.\n$/);
  const refused = await dry('apns');
  assert.equal(refused.code, 1);
  assert.match(refused.err, /APNs cannot look at a push without sending it/);
});

test('a refusal ends with what it means and what follows, and status 1', async () => {
  const settings = await settingsWith(apnsApp(topic), fcmApp(topic));
  const rows = [
    [apns, { status: 410, reason: 'Unregistered' }, /Refused: Unregistered \(410\)\.\nThe app is gone from the device, .*\.\nA reminder .* makes Dunlin forget the device\.\n$/],
    [apns, { status: 400, reason: 'BadDeviceToken' }, /Refused: BadDeviceToken \(400\)\.\nAPNs knows no such device.*\.\nA reminder .* tried once in the other environment/],
    [apns, { status: 403, reason: 'InvalidProviderToken' }, /Refused: InvalidProviderToken \(403\)\.\nKey, key_id and team_id do not belong together.*\.\nUntil .* no reminder of this app goes by push\.\n$/],
    [apns, { status: 503, reason: 'ServiceUnavailable' }, /Refused: ServiceUnavailable \(503\)\.\nThe service has trouble of its own.*\.\nA reminder .* tried again later\.\n$/],
    [apns, { status: 400, reason: 'Novelty' }, /Refused: Novelty \(400\)\.\n/],
    [fcm, { error: 'UNREGISTERED' }, /Refused: UNREGISTERED \(404\)\.\nThe app is gone/],
    [fcm, { error: 'INVALID_ARGUMENT' }, /Refused: INVALID_ARGUMENT \(400\)\.\nFCM knows no such token/],
  ];
  for (const [fake, answer, words] of rows) {
    const off = fake.rules.add({ answer });
    const { code, out } = await run('push', '--device', fake === apns ? device : token, '--service', fake === apns ? 'apns' : 'fcm', '--text', 'x',
      '--settings', settings.file);
    off();
    assert.equal(code, 1);
    assert.match(out, words);
    assert.match(out, /^ +(\d+ ms)? +< \{.*\}$/m);
  }
});

test('a cut connection leaves the outcome unknown, a missing one leaves the push unsent', async () => {
  const settings = await settingsWith(apnsApp(topic), apnsApp('gone', where(await closedPort())));
  const off = apns.rules.add({ cut: 'unanswered' });
  const send = (app) => run('push', '--device', device, '--app', app, '--text', 'x', '--settings', settings.file);
  const cut = await send(topic);
  off();
  assert.equal(cut.code, 1);
  assert.match(cut.out, /\nUnknown: connection lost\nThe service may have taken it all the same\.\n$/);
  const gone = await send('gone');
  assert.equal(gone.code, 1);
  assert.match(gone.out, /\nNot sent: no connection to 127\.0\.0\.1 port \d+: .+\n$/);
});

test('whatever a service says, it commands no terminal and quotes no device', async () => {
  const settings = await settingsWith(fcmApp(topic));
  const send = (...args) => run('push', '--device', token, '--text', 'x', '--settings', settings.file, ...args);
  const bodies = [`{"error":{"message":"\x1b[31m ${token} is bad"`, `${'é'.repeat(231)}${token}`, '\x1b]0;title\x07'];
  for (const body of bodies)
    for (const args of [[], ['--json']]) {
      const off = fcm.rules.add({ answer: { error: 'INTERNAL', body } });
      const { code, out } = await send(...args);
      off();
      assert.equal(code, 1);
      assert.doesNotMatch(out, /[\x00-\x09\x0b-\x1f\x7f]/);
      assert.ok(!out.includes(token.slice(0, 13)), out);
    }
  fcm.exchangeRules.push({ status: 400, error: 'invalid_client', description: '\x1b[31m"no"\n' });
  const { code, out } = await send();
  assert.equal(code, 1);
  assert.doesNotMatch(out, /[\x00-\x09\x0b-\x1f\x7f]/);
  assert.match(out, /\nNot sent: the token server refuses the account: 400 invalid_client +\?\[31m"no"\?\n/);
});

test('--json prints one object with the exchange in it', async () => {
  const settings = await settingsWith(apnsApp(topic));
  const { code, out } = await run('push', '--device', device, '--text', 'x', '--json', '--settings', settings.file);
  assert.equal(code, 0);
  const told = JSON.parse(out);
  assert.deepEqual([told.app, told.service, told.environment, told.outcome, told.status, told.advice, told.dry_run],
    [topic, 'apns', 'sandbox', 'accepted', 200, 'none', false]);
  assert.equal(told.device, '5e5e5e5e… (64 characters)');
  assert.ok(told.exchange.some(({ line }) => line === '< 200'));
  assert.ok(told.exchange.every(({ ms }, i) => Number.isInteger(ms) && (i === 0 || ms >= told.exchange[i - 1].ms)));
  assert.ok(told.took_us > 0);
});

test('wrong usage is told with status 2, a choice that is left with what there is', async () => {
  const settings = await settingsWith(apnsApp(topic, { environments: ['production', 'sandbox'] }), fcmApp(topic));
  const push = (...args) => run('push', ...args, '--settings', settings.file);
  for (const args of [[], ['--device', device], ['--text', 'x'], ['--device', device, '--installation', 'abcdefgh', '--text', 'x'],
    ['--device', device, '--text', 'x', '--loud'], ['--device', 'a'.repeat(2000), '--text', 'x']]) {
    const { code, out, err } = await push(...args);
    assert.equal(code, 2);
    assert.match(err, /^usage: dunlin push /);
    assert.equal(out, '');
  }
  const open = await push('--device', device, '--text', 'x');
  assert.equal(open.code, 1);
  assert.equal(open.err, 'dunlin: the settings have several apps for this; say which:\n' +
    ['apns --environment production', 'apns --environment sandbox', 'fcm --environment production']
      .map((one) => `  --app ${topic} --service ${one}\n`).join(''));
  const unknown = await push('--device', device, '--text', 'x', '--app', 'other');
  assert.equal(unknown.code, 1);
  assert.match(unknown.err, /no such app; they have:\n {2}--app /);
  const bad = await push('--device', 'no hex', '--text', 'x', '--service', 'apns', '--environment', 'sandbox');
  assert.equal(bad.code, 1);
  assert.match(bad.err, /the target is no APNs device token/);
  const long = await push('--device', device, '--text', 'x'.repeat(4096), '--service', 'apns', '--environment', 'sandbox');
  assert.equal(long.code, 1);
  assert.match(long.err, /the payload has \d+ octets, APNs takes 4096/);
});

// ---- a running gateway ----

const metrics = async () => parseMetrics(await (await fetch(`http://127.0.0.1:${gateway.operatorsPort}/metrics`)).text());

test('connections stand before there is a push, and /metrics shows them by app', async () => {
  const labels = { app: topic, service: 'apns', environment: 'sandbox' };
  await eventually(async () => metricOf(await metrics(), 'dunlin_push_connections', labels) > 0, { what: 'a connection' });
  const now = await metrics();
  const families = [...now.keys()].filter((name) => name.startsWith('dunlin_push_'));
  assert.ok(families.length >= 17, families.join());
  // Each family tells of each app.
  for (const name of families)
    assert.deepEqual([...new Set(now.get(name).samples.map((s) => s.labels.app))], [topic, 'com.example.gone'], name);
  for (const outcome of ['accepted', 'refused', 'never_sent', 'unknown'])
    assert.equal(metricOf(now, 'dunlin_push_outcomes_total', { ...labels, outcome, reason: '' }), 0);
  assert.equal(metricOf(now, 'dunlin_push_answer_seconds_count', labels), 0);
});

test('a service that cannot be reached is an alarm in the log and in /metrics, and nothing else stops', async () => {
  const labels = { app: 'com.example.gone', alarm: 'connection' };
  await eventually(async () => metricOf(await metrics(), 'dunlin_push_alarms_total', labels) > 0, { what: 'the alarm' });
  const now = await metrics(), at = metricOf(now, 'dunlin_push_alarm_timestamp_seconds', labels);
  assert.ok(Math.abs(at - Date.now() / 1000) < 60, String(at));
  assert.equal(metricOf(now, 'dunlin_push_alarm_timestamp_seconds', { ...labels, alarm: 'credential' }), 0);
  const lines = gateway.log.split('\n').filter((line) => line.includes('event="push alarm raised"'));
  const times = lines.map((line) => Date.parse(line.slice(0, line.indexOf(' ')))); // of whole seconds
  for (let i = 1; i < times.length; ++i) assert.ok(times[i] - times[i - 1] >= 59000, 'the same at most once a minute');
  assert.match(lines[0], / error .*alarm=connection app=com\.example\.gone service=fcm environment=production text="no connection to 127\.0\.0\.1 .*"/);
});

test('a push goes to the device that an installation is now', async () => {
  const [, owner] = findConninfo(gateway.dir);
  await execute(owner, `
    insert into customer (customer_id, reference, language, created_at, changed_at) values (1, 'K-1', 'pl', now(), now());
    insert into device values
      (1, 'installation-1', '${topic}', 'apns', 'sandbox', 'token', '${device}', null, 'live', '', false, now(), now(), null),
      (1, 'installation-2', '${topic}', 'apns', 'sandbox', 'token', '${device}', null, 'dead', 'Unregistered', false, now(), now(), now());
    insert into device_installation values ('installation-1', '${topic}', 1), ('installation-2', '${topic}', 1);`);
  const push = (id) => run('push', '--installation', id, '--text', 'x', '--settings', path.join(gateway.dir, 'dunlin.yaml'));
  apns.accepted.length = 0;
  const sent = await push('installation-1');
  assert.equal(sent.code, 0, sent.err);
  assert.equal(apns.accepted[0].target, device);
  const dead = await push('installation-2');
  assert.equal(dead.code, 1);
  assert.match(dead.err, /the device of installation-2 is dead: Unregistered/);
  const nobody = await push('installation-3');
  assert.equal(nobody.code, 1);
  assert.match(nobody.err, /no device of the installation installation-3/);
});

test('nothing that was ever said holds a key, a token of ours or a whole device token', () => {
  const text = [...said, gateway.log].join('\n');
  const keys = [readFileSync(provider.file, 'utf8'), account.account.private_key]
    .flatMap((pem) => pem.split('\n').filter((line) => line.length > 20 && !line.startsWith('-')));
  assert.ok(keys.length > 20 && text.length > 10000);
  for (const secret of [...keys, device, device.toUpperCase(), token, '-----BEGIN', 'ya29.']) assert.ok(!text.includes(secret), secret);
  assert.doesNotMatch(text, /eyJ[\w-]{10}/);
  assert.doesNotMatch(text, /bearer \S/i);
});
