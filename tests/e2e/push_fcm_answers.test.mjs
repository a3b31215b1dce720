// Each answer that Google documents, and what a sender does about it: the rows of FCM's table, and the
// exchange of the account's signature for an access token.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { errors } from '../fake/fcm.mjs';
import { eventually } from '../support/eventually.mjs';
import { account, argsFor, deliver, fcmPush, pushes, startDriver, startFcm } from '../support/push.mjs';

async function answered(answer, { times = Infinity, args = [], more = {}, hurry } = {}) {
  const fcm = await startFcm(), push = fcmPush(1, { deadline: 20000, ...more });
  fcm.rules.add({ answer, times });
  const drive = await deliver(fcm, [push], { args, hurry });
  assert.equal(drive.outcomes.length, 1);
  return { fcm, drive, outcome: drive.outcomes[0], kinds: drive.alarms.map(({ alarm }) => alarm) };
}

test('200: accepted, by the name that FCM gives it', async () => {
  const fcm = await startFcm(), expires_at = Math.floor(Date.now() / 1000) + 3600;
  const push = fcmPush(1, { expires_at });
  const { outcomes: [outcome], summary } = await deliver(fcm, [push]);
  assert.deepEqual([outcome.outcome, outcome.status, outcome.service_id, summary.tokens], ['accepted', 200, fcm.accepted[0].id, 1]);
  const { message } = fcm.accepted[0];
  assert.equal(message.token, push.target);
  assert.deepEqual(message.data, push.payload.data);
  assert.deepEqual(message.android.notification, push.payload.android.notification);
  assert.match(message.android.ttl, /^(3600|359\d)s$/);
  assert.equal(message.apns.headers['apns-expiration'], String(expires_at));
});

test('a message with an apns part keeps it', async () => {
  const fcm = await startFcm(), apns = { headers: { 'apns-priority': '10', 'apns-collapse-id': 'invoice-1' }, payload: { aps: { alert: 'a' } } };
  const push = fcmPush(1, { payload: { data: { a: 'b' }, apns }, expires_at: Math.floor(Date.now() / 1000) + 60 });
  await deliver(fcm, [push]);
  const { message } = fcm.accepted[0];
  assert.deepEqual(message.apns.payload, apns.payload);
  assert.equal(message.apns.headers['apns-collapse-id'], 'invoice-1');
  assert.equal(message.apns.headers['apns-expiration'], String(push.expires_at));
});

for (const kind of ['token', 'fid', 'topic', 'condition'])
  test(`a ${kind} is a target`, async () => {
    const fcm = await startFcm();
    const { outcomes: [outcome] } = await deliver(fcm, [fcmPush(1, { target_kind: kind, target: kind === 'condition' ? "'a' in topics" : 'target-1' })]);
    assert.equal(outcome.outcome, 'accepted');
    assert.equal(fcm.accepted[0].message[kind], kind === 'condition' ? "'a' in topics" : 'target-1');
  });

test('validate_only delivers nothing', async () => {
  const fcm = await startFcm();
  const { outcomes: [outcome] } = await deliver(fcm, [fcmPush(1, { dry_run: true })]);
  assert.deepEqual([outcome.outcome, fcm.accepted.length, fcm.validated.length], ['accepted', 0, 1]);
});

// [error, advice, alarm]: refused at once and for good.
for (const [error, advice, alarm] of [
  ['INVALID_ARGUMENT', 'disable_target', undefined],
  ['THIRD_PARTY_AUTH_ERROR', 'stop_topic', /./],
  ['SENDER_ID_MISMATCH', 'disable_target', undefined],
  ['UNREGISTERED', 'drop_target', undefined],
])
  test(`${errors[error].status} ${error}: refused, once, ${advice}`, async () => {
    const { fcm, outcome, kinds } = await answered({ error });
    assert.deepEqual([outcome.outcome, outcome.status, outcome.reason, outcome.advice, outcome.attempts],
      ['refused', errors[error].status, error, advice, 1]);
    if (alarm) assert.match(kinds.join(), alarm);
    else assert.deepEqual(kinds, []);
    assert.equal(fcm.server.requests, 1);
  });

test('400 with a BadRequest: our own bug, not the token\'s', async () => {
  const fcm = await startFcm();
  const { outcomes: [outcome], alarms } = await deliver(fcm, [fcmPush(1, { payload: { colour: 'red' } })]);
  assert.deepEqual([outcome.outcome, outcome.status, outcome.advice, outcome.attempts], ['refused', 400, 'fix', 1]);
  assert.deepEqual(alarms.map(({ alarm }) => alarm), ['request']);
});

test('401 UNAUTHENTICATED: refreshed once, sent again', async () => {
  const { fcm, outcome, drive } = await answered({ error: 'UNAUTHENTICATED' }, { times: 1 });
  assert.deepEqual([outcome.outcome, outcome.attempts, fcm.exchanges.length, drive.summary.tokens], ['accepted', 2, 2, 2]);
});

test('401 UNAUTHENTICATED for ever: refreshed once a push, not for ever', async () => {
  const { fcm, outcome, kinds } = await answered({ error: 'UNAUTHENTICATED' }, { more: { deadline: 1200 }, hurry: 1 });
  assert.notEqual(outcome.outcome, 'accepted');
  assert.equal(fcm.exchanges.length <= 3, true, `${fcm.exchanges.length} exchanges`);
  assert.match(kinds.join(), /credential/);
});

test('401 UNAUTHENTICATED to one token after the other: the pool stops, though each push has but one attempt', async () => {
  const fcm = await startFcm(), list = [1, 2, 3, 4, 5].map((n) => fcmPush(n, { deadline: 1500, attempts: 1 }));
  fcm.rules.add({ answer: { error: 'UNAUTHENTICATED' } });
  const drive = startDriver(argsFor(fcm, { hurry: 1 }));
  for (const [i, push] of list.entries()) {
    drive.say(push);
    await eventually(() => drive.outcomes.length > i, { every: 5 });
  }
  await drive.finish();
  const refused = drive.outcomes.filter(({ outcome }) => outcome === 'refused');
  assert.deepEqual(refused.map(({ reason, advice }) => [reason, advice]), refused.map(() => ['UNAUTHENTICATED', 'later']));
  assert.equal(drive.outcomes.length - refused.length >= 3, true, JSON.stringify(drive.outcomes));
  assert.match(drive.alarms.map(({ alarm }) => alarm).join(), /credential/);
  assert.equal(fcm.server.requests, 2);
});

for (const error of ['PERMISSION_DENIED', 'NOT_FOUND'])
  test(`${errors[error].status} ${error} without an FcmError: alarm, no target is dropped`, async () => {
    const { fcm, outcome, kinds, drive } = await answered({ error }, { more: { deadline: 1000 }, hurry: 1 });
    assert.notEqual(outcome.outcome, 'accepted');
    assert.doesNotMatch(outcome.advice, /target/);
    assert.match(kinds.join(), /credential|request/, JSON.stringify(drive.alarms));
    assert.equal(fcm.server.requests, 1);
  });

for (const error of ['INTERNAL', 'UNAVAILABLE', 'UNSPECIFIED_ERROR', 'QUOTA_EXCEEDED', 'RESOURCE_EXHAUSTED'])
  test(`${errors[error].status} ${error}: sent again`, async () => {
    const { outcome, kinds } = await answered({ error }, { times: 1 });
    assert.deepEqual([outcome.outcome, outcome.attempts], ['accepted', 2]);
    assert.deepEqual(kinds, []);
  });

for (const status of [502, 504])
  test(`${status} from some front end: unknown, sent again only where the caller says so`, async () => {
    const answer = { status, error: 'UNAVAILABLE', body: '<html>Bad Gateway</html>' };
    const left = await answered(answer, { times: 1 });
    assert.deepEqual([left.outcome.outcome, left.outcome.attempts], ['unknown', 1]);
    const again = await answered(answer, { times: 1, args: ['--resend-unknown'] });
    assert.deepEqual([again.outcome.outcome, again.outcome.attempts, again.outcome.unknown_before], ['accepted', 2, 1]);
  });

test('503 is not retried sooner than after ten seconds', async () => {
  const { fcm, outcome } = await answered({ error: 'UNAVAILABLE' }, { more: { deadline: 3000 }, hurry: 1 });
  assert.deepEqual([outcome.outcome, outcome.status, outcome.advice], ['refused', 503, 'later']);
  assert.equal(fcm.server.requests, 1);
  assert.equal(outcome.retry_after >= 5000, true, `${outcome.retry_after}`);
});

for (const error of ['QUOTA_EXCEEDED', 'UNAVAILABLE'])
  for (const [what, make] of [['in seconds', () => 1], ['as a date', () => new Date(Date.now() + 2000).toUTCString()]])
    test(`${error} with Retry-After ${what} is waited for`, async () => {
      const fcm = await startFcm();
      let refusedAt;
      fcm.rules.add({ times: 1, do: () => { refusedAt = Date.now(); }, answer: { error, retryAfter: make() } });
      const { outcomes: [outcome] } = await deliver(fcm, [fcmPush()]);
      assert.equal(outcome.outcome, 'accepted');
      assert.equal(fcm.accepted[0].at - refusedAt >= 950, true, `${fcm.accepted[0].at - refusedAt} ms`);
    });

test('a Retry-After beyond the deadline ends the push now, and says how long', async () => {
  const { outcome } = await answered({ error: 'QUOTA_EXCEEDED', retryAfter: 3600 }, { more: { deadline: 3000 } });
  assert.deepEqual([outcome.outcome, outcome.status, outcome.advice], ['refused', 429, 'later']);
  assert.equal(outcome.retry_after > 3500000, true);
});

for (const retryAfter of ['-5', 'soon', '99999999999999999999', 'Mon, 32 Foo 2026 99:99:99 GMT', ''])
  test(`a Retry-After of "${retryAfter}" does no harm`, async () => {
    const { outcome } = await answered({ error: 'UNAVAILABLE', retryAfter }, { times: 1, more: { deadline: 8000 } });
    assert.match(outcome.outcome, retryAfter.startsWith('999') ? /refused/ : /accepted/);
  });

for (const [what, body] of [['is no JSON', '<html>'], ['is empty', ''], ['has details of other kinds', '{"error":{"details":"x"}}'],
  ['has an errorCode that is a number', '{"error":{"details":[{"@type":"type.googleapis.com/google.firebase.fcm.v1.FcmError","errorCode":7}]}}'],
  ['is nested deeply', '['.repeat(100000)]])
  test(`an error whose body ${what} is judged by its status`, async () => {
    const { outcome } = await answered({ error: 'INVALID_ARGUMENT', body });
    assert.deepEqual([outcome.outcome, outcome.status, outcome.attempts], ['refused', 400, 1]);
    assert.doesNotMatch(outcome.advice, /target/, 'a token is dropped by exact error only');
  });

for (const [what, body] of [['no JSON', 'ok'], ['no name', '{}'], ['a long name', JSON.stringify({ name: 'x'.repeat(5000) })]])
  test(`a 200 with ${what} is an acceptance all the same`, async () => {
    const fcm = await startFcm();
    const judge = fcm.judge.bind(fcm);
    fcm.judge = (exchange) => ({ ...judge(exchange), body });
    const { outcomes: [outcome] } = await deliver(fcm, [fcmPush()]);
    assert.deepEqual([outcome.outcome, outcome.attempts], ['accepted', 1]);
  });

describe('the access token', () => {
  test('is fetched once for a hundred pushes', async () => {
    const fcm = await startFcm();
    fcm.exchangeRules.push({ delay: 200 });
    const { outcomes } = await deliver(fcm, pushes(300, fcmPush));
    assert.equal(outcomes.filter(({ outcome }) => outcome === 'accepted').length, 300);
    assert.equal(fcm.exchanges.length, 1);
  });

  test('is refreshed before its end, while the old one serves', async () => {
    const fcm = await startFcm({ lifetime: 2 });
    const drive = startDriver(argsFor(fcm, { args: ['--tune', 'token_early=1500'] }));
    let n = 0;
    await eventually(() => {
      drive.say(fcmPush(++n));
      return fcm.exchanges.length >= 3;
    }, { every: 20 });
    await drive.finish();
    assert.equal(drive.outcomes.filter(({ outcome, attempts }) => outcome === 'accepted' && attempts === 1).length, n);
    assert.equal(fcm.answered.size, 1, 'never a 401');
  });

  for (const [what, rule] of [
    ['500', { status: 500, error: 'internal_failure' }],
    ['503', { status: 503, error: 'backend' }],
    ['200 without a token', { body: '{}' }],
    ['200 that is no JSON', { body: '<html>' }],
  ])
    test(`is asked for again after ${what}`, async () => {
      const fcm = await startFcm();
      fcm.exchangeRules.push(rule);
      const { outcomes } = await deliver(fcm, pushes(3, fcmPush));
      assert.deepEqual(outcomes.map(({ outcome }) => outcome), Array(3).fill('accepted'));
      assert.equal(fcm.exchanges.length, 2);
    });

  for (const error of ['invalid_grant', 'invalid_scope', 'unauthorized_client'])
    test(`that is refused as ${error} is an alarm, and nothing is sent`, async () => {
      const fcm = await startFcm();
      fcm.exchangeRules.push(...Array(50).fill({ status: 400, error, description: 'told so' }));
      const { outcomes, alarms, summary } = await deliver(fcm, pushes(3, fcmPush, { deadline: 600 }), { hurry: 1 });
      assert.deepEqual(outcomes.map(({ outcome }) => outcome), Array(3).fill('never_sent'));
      assert.match(alarms.map(({ alarm, text }) => `${alarm} ${text}`).join(), new RegExp(`(credential|clock).*${error}`));
      assert.equal(summary.attempts, 0);
      assert.equal(fcm.exchanges.length <= 2, true, `${fcm.exchanges.length} exchanges`);
    });

  test('whose endpoint hangs holds nothing but its own pushes', async () => {
    const fcm = await startFcm();
    fcm.exchangeRules.push(...Array(50).fill({ hang: true }));
    const { outcomes } = await deliver(fcm, pushes(3, fcmPush, { deadline: 600 }), { hurry: 1 });
    assert.deepEqual(outcomes.map(({ outcome }) => outcome), Array(3).fill('never_sent'));
  });

  test('is never shown in a trace, nor is the key', async () => {
    const fcm = await startFcm();
    const { trace, outcomes } = await deliver(fcm, [fcmPush()], { args: ['--trace'] });
    assert.equal(outcomes[0].outcome, 'accepted');
    assert.match(trace, /messages:send/);
    assert.doesNotMatch(trace, /ya29|BEGIN|eyJ/);
    assert.equal(trace.includes(account.account.private_key.slice(40, 80)), false);
    assert.equal(trace.includes('x'.repeat(60)), false, 'device tokens are cut short');
  });
});

describe('a message that is none is refused by the library', () => {
  for (const [what, more, words] of [
    ['too large', { payload: { data: { x: 'x'.repeat(4097) } } }, /4,?096/],
    ['no JSON', { payload: '{' }, /JSON/],
    ['with a target of its own', { payload: { token: 'other' } }, /target|token/],
    ['without a target', { target: '' }, /target|token/],
  ])
    test(what, async () => {
      const fcm = await startFcm();
      const { outcomes } = await deliver(fcm, [fcmPush(1, more), fcmPush(2)]);
      const by = Object.fromEntries(outcomes.map((line) => [line.n, line]));
      assert.deepEqual([by[0].outcome, by[0].error, by[1].outcome], ['rejected', 'input', 'accepted']);
      assert.match(by[0].text, words);
    });
});

test('the rate is kept, from a slow start', async () => {
  const fcm = await startFcm();
  fcm.args.splice(fcm.args.indexOf('--tune'), 2);
  const started = Date.now();
  const { outcomes, summary } = await deliver(fcm, pushes(400, fcmPush), { args: ['--tune', 'rate_max=200', '--tune', 'rate_ramp=500'] });
  assert.equal(outcomes.filter(({ outcome }) => outcome === 'accepted').length, 400);
  const at = fcm.accepted.map((record) => record.at - started);
  // A bucket of one second: no window of a second sees more than two seconds' worth.
  for (let i = 0; i + 401 < at.length; ++i) assert.equal(at[i + 401] - at[i] > 950, true);
  assert.equal(summary.seconds >= 0.9, true, `${summary.seconds} s`);
});
