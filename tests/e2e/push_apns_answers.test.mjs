// Each answer that Apple documents, and what a sender does about it: the rows of APNs' table.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { statusOf } from '../fake/apns.mjs';
import { eventually } from '../support/eventually.mjs';
import { apnsPush, argsFor, deliver, startApns, startDriver } from '../support/push.mjs';

// One push to a device for which the service has an answer, `times` (always: Infinity).
async function answered(answer, { times = Infinity, args = [], more = {} } = {}) {
  const apns = await startApns(), push = apnsPush(1, { deadline: 20000, ...more });
  apns.rules.add({ answer, times });
  const drive = await deliver(apns, [push], { args });
  assert.equal(drive.outcomes.length, 1);
  return { apns, drive, push, outcome: drive.outcomes[0], kinds: drive.alarms.map(({ alarm }) => alarm) };
}

test('200: accepted, under the id that was sent', async () => {
  const apns = await startApns(), push = apnsPush();
  const { outcomes: [outcome] } = await deliver(apns, [push]);
  const { outcome: end, status, service_id, attempts, unknown_before } = outcome;
  assert.deepEqual({ end, status, service_id, attempts, unknown_before },
    { end: 'accepted', status: 200, service_id: push.id, attempts: 1, unknown_before: 0 });
  assert.match(outcome.unique_id, /^[0-9a-f-]{36}$/);
  const [{ key, target, collapse, payload, headers }] = apns.accepted;
  assert.deepEqual({ key, target, collapse, payload }, { key: push.id, target: push.target, collapse: push.collapse_id, payload: push.payload });
  assert.equal(headers['apns-push-type'], 'alert');
  assert.equal(headers['apns-priority'], '10');
});

// [reason, advice, alarm]: refused at once and for good.
const final = [
  ['BadCollapseId', 'fix', 'request'],
  ['BadExpirationDate', 'fix', 'request'],
  ['BadMessageId', 'fix', 'request'],
  ['BadPriority', 'fix', 'request'],
  ['BadTopic', 'fix', 'request'],
  ['DuplicateHeaders', 'fix', 'request'],
  ['InvalidPushType', 'fix', 'request'],
  ['MissingDeviceToken', 'fix', 'request'],
  ['MissingTopic', 'fix', 'request'],
  ['PayloadEmpty', 'fix', 'request'],
  ['MissingProviderToken', 'fix', 'request'],
  ['BadPath', 'fix', 'request'],
  ['MethodNotAllowed', 'fix', 'request'],
  ['BadDeviceToken', 'other_environment', undefined],
  ['DeviceTokenNotForTopic', 'disable_target', undefined],
  ['TopicDisallowed', 'stop_topic', 'topic'],
  ['Forbidden', undefined, /./],
  ['PayloadTooLarge', 'shorten', undefined],
  ['Unregistered', 'drop_target', undefined],
  ['ExpiredToken', 'drop_target', undefined],
];
for (const [reason, advice, alarm] of final)
  test(`${statusOf[reason]} ${reason}: refused, once${advice ? `, ${advice}` : ''}`, async () => {
    const { apns, outcome, kinds } = await answered({ reason });
    assert.deepEqual([outcome.outcome, outcome.status, outcome.reason, outcome.attempts], ['refused', statusOf[reason], reason, 1]);
    if (advice) assert.equal(outcome.advice, advice);
    if (alarm instanceof RegExp) assert.match(kinds.join(), alarm);
    else assert.deepEqual(kinds, alarm ? [alarm] : []);
    assert.equal(apns.server.requests, 1);
  });

for (const timestamp of [1500000000123, 1893456000000])
  test(`410: the time of death is told, ${timestamp < Date.now() ? 'before' : 'after'} any registration`, async () => {
    const { outcome } = await answered({ reason: 'Unregistered', timestamp });
    assert.deepEqual([outcome.advice, outcome.dead_since], ['drop_target', timestamp]);
  });

// Refused for now, or for reasons that lie in the connection: sent again, and taken.
const again = [
  ['IdleTimeout', { connections: 2 }],
  ['UnrelatedKeyIdInToken', { connections: 2 }],
  ['TooManyProviderTokenUpdates', { connections: 2, tokens: 1 }],
  ['Shutdown', { connections: 2 }],
  ['TooManyRequests', {}],
  ['InternalServerError', {}],
  ['ServiceUnavailable', {}],
];
for (const [reason, { connections, tokens }] of again)
  test(`${statusOf[reason]} ${reason}: sent again${connections ? ' on another connection' : ''}`, async () => {
    const { apns, push, outcome } = await answered({ reason }, { times: 1, args: ['--tune', 'connections_min=1', '--tune', 'connections_max=1'] });
    assert.deepEqual([outcome.outcome, outcome.status, outcome.attempts], ['accepted', 200, 2]);
    assert.deepEqual(apns.accepted.map(({ key }) => key), [push.id]);
    assert.equal(outcome.unknown_before, 0);
    if (connections) assert.equal(apns.accepted[0].connection >= connections, true);
    if (tokens) assert.equal(apns.tokens, tokens, 'no token was minted because of it');
  });

for (const reason of ['BadCertificate', 'BadCertificateEnvironment', 'InvalidProviderToken', 'BadEnvironmentKeyIdInToken'])
  test(`403 ${reason}: the pool stops, with an alarm; a probe finds it mended`, async () => {
    const { apns, outcome, kinds, drive } = await answered({ reason }, { times: 1 });
    assert.deepEqual([outcome.outcome, outcome.attempts], ['accepted', 2]);
    assert.equal(kinds.includes('credential'), true);
    assert.match(drive.alarms[0].text, new RegExp(reason));
    assert.equal(apns.server.requests, 2);
  });

test('403 InvalidProviderToken for ever: the pushes wait until their deadline, and the service is left in peace', async () => {
  const apns = await startApns();
  apns.rules.add({ answer: { reason: 'InvalidProviderToken' } });
  const list = Array.from({ length: 200 }, (_, i) => apnsPush(i + 1, { deadline: 1500 }));
  const { outcomes, alarms } = await deliver(apns, list, { hurry: 1 });
  assert.equal(outcomes.length, 200);
  for (const { outcome } of outcomes) assert.notEqual(outcome, 'accepted');
  assert.equal(outcomes.filter(({ outcome }) => outcome === 'never_sent').length > 150, true);
  assert.deepEqual(alarms.map(({ alarm }) => alarm), ['credential']);
  assert.equal(apns.server.requests <= 4, true, `${apns.server.requests} requests`);
});

test('403 ExpiredProviderToken, an old token: minted once, sent once more on a fresh connection', async () => {
  const { apns, outcome, drive, kinds } = await answered({ reason: 'ExpiredProviderToken' }, { times: 1, args: ['--tune', 'token_age_min=0'] });
  assert.deepEqual([outcome.outcome, outcome.attempts, drive.summary.tokens, kinds.length], ['accepted', 2, 2, 0]);
  assert.equal(apns.accepted[0].connection > 1, true);
});

test('403 ExpiredProviderToken, a young token: the clock is blamed, none is minted', async () => {
  const { outcome, drive, kinds } = await answered({ reason: 'ExpiredProviderToken' }, { more: { deadline: 1000 }, args: ['--hurry', '1'] });
  assert.notEqual(outcome.outcome, 'accepted');
  assert.equal(drive.summary.tokens, 1);
  assert.equal(kinds.includes('clock') || kinds.includes('credential'), true, JSON.stringify(drive.alarms));
});

test('429 TooManyRequests holds this device alone', async () => {
  const apns = await startApns(), busy = apnsPush(1), others = [2, 3, 4, 5].map((n) => apnsPush(n));
  apns.rules.add({ target: busy.target, times: 1, answer: { reason: 'TooManyRequests' } });
  const { outcomes } = await deliver(apns, [busy, ...others], { hurry: 1 });
  assert.deepEqual(outcomes.map(({ outcome }) => outcome), Array(5).fill('accepted'));
  assert.equal(outcomes.at(-1).id, busy.id, 'the others did not wait');
  const [first, last] = [apns.accepted[0].at, apns.accepted.at(-1).at];
  assert.equal(last - first >= 400, true, 'about a second with jitter');
});

for (const [what, make] of [['in seconds', () => 1], ['as a date', () => new Date(Date.now() + 2000).toUTCString()]])
  test(`429 with Retry-After ${what}: honoured, should it ever come`, async () => {
    const apns = await startApns(), push = apnsPush();
    let refusedAt;
    apns.rules.add({ times: 1, do: () => { refusedAt = Date.now(); }, answer: { reason: 'TooManyRequests', retryAfter: make() } });
    const { outcomes: [outcome] } = await deliver(apns, [push]);
    assert.equal(outcome.outcome, 'accepted');
    assert.equal(apns.accepted[0].at - refusedAt >= 950, true);
  });

test('500 for ever: tried a few times with growing waits, then given back', async () => {
  const { apns, outcome } = await answered({ reason: 'InternalServerError' }, { more: { deadline: 2000 } });
  assert.deepEqual([outcome.outcome, outcome.status, outcome.advice], ['refused', 500, 'later']);
  assert.equal(outcome.attempts, apns.server.requests);
  assert.equal(outcome.attempts >= 3 && outcome.attempts < 60, true, `${outcome.attempts} attempts`);
});

test('attempts are bounded where the caller says so', async () => {
  const { outcome } = await answered({ reason: 'ServiceUnavailable' }, { more: { attempts: 2 } });
  assert.deepEqual([outcome.outcome, outcome.attempts, outcome.status], ['refused', 2, 503]);
});

test('an unknown reason is judged by its status and told as it came', async () => {
  const refused = await answered({ status: 400, reason: 'BrandNewReason' });
  assert.deepEqual([refused.outcome.outcome, refused.outcome.reason], ['refused', 'BrandNewReason']);
  const later = await answered({ status: 503, reason: 'BrandNewReason' }, { times: 1 });
  assert.deepEqual([later.outcome.outcome, later.outcome.attempts], ['accepted', 2]);
});

for (const [what, body] of [['is no JSON', '<html>Bad Request</html>'], ['is empty', ''], ['is another JSON', '[1,{"reason":7}]'],
  ['is cut', '{"reason":"BadDevi'], ['is long', JSON.stringify({ reason: 'x'.repeat(100000) })],
  ['is not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])]])
  test(`an answer whose body ${what} is judged by its status`, async () => {
    const { outcome } = await answered({ status: 400, reason: 'BadTopic', body });
    assert.deepEqual([outcome.outcome, outcome.status, outcome.attempts], ['refused', 400, 1]);
    assert.equal(outcome.reason.length < 200, true);
  });

test('a 410 of nobody knows whom drops no token', async () => {
  for (const body of ['<html>Gone</html>', '{"reason":"BrandNewReason"}']) {
    const { outcome } = await answered({ status: 410, reason: 'Gone', body });
    assert.deepEqual([outcome.outcome, outcome.status, outcome.advice], ['refused', 410, 'none']);
  }
});

for (const status of [204, 301, 418, 599])
  test(`a status nobody documents, ${status}, is no acceptance`, async () => {
    const { outcome } = await answered({ status, reason: 'Odd', body: status === 204 ? '' : '{}' }, { more: { deadline: 1500 } });
    assert.notEqual(outcome.outcome, 'accepted');
  });

test('half a body: the status is enough', async () => {
  const apns = await startApns();
  apns.rules.add({ answer: { reason: 'BadTopic' }, halfBody: true });
  const { outcomes: [outcome] } = await deliver(apns, [apnsPush()]);
  assert.deepEqual([outcome.outcome, outcome.status, outcome.attempts], ['refused', 400, 1]);
});

test('sixty refused tokens do not stop the sixty good ones between them', async () => {
  const apns = await startApns({ punishes: true });
  const list = Array.from({ length: 120 }, (_, i) => apnsPush(i + 1));
  list.forEach((push, i) => i % 2 && apns.devices.set(push.target, { reason: i % 4 === 1 ? 'BadDeviceToken' : 'Unregistered' }));
  const { outcomes } = await deliver(apns, list);
  assert.equal(outcomes.filter(({ outcome }) => outcome === 'accepted').length, 60);
  assert.equal(outcomes.filter(({ outcome }) => outcome === 'refused').length, 60);
  // What crossed a falling limit was refused as a stream and sent again; judged was each once.
  assert.deepEqual(Object.fromEntries(apns.answered), { '200': 60, '400 BadDeviceToken': 30, '410 Unregistered': 30 });
});

test('a push paid for or withdrawn between two attempts is not sent again', async () => {
  const apns = await startApns(), paid = apnsPush(1), withdrawn = apnsPush(2);
  apns.rules.add({ answer: { reason: 'TooManyRequests', retryAfter: 1 } });
  const drive = startDriver(argsFor(apns));
  drive.say(paid, withdrawn);
  await eventually(() => apns.server.requests === 2, { every: 5 });
  apns.rules.clear();
  drive.say({ paid: paid.id }, { withdraw: withdrawn.id });
  await drive.finish();
  assert.equal(apns.accepted.length, 0);
  assert.deepEqual(drive.outcomes.map(({ outcome }) => outcome === 'accepted'), [false, false]);
});
