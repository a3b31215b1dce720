// Seven plain faults, 5,000 distinct pushes with 100 open, at either service: each ends with 5,000
// reported sent, 5,000 accepted, none twice, none lost.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { seeded } from '../fake/fake_service.mjs';
import { code } from '../fake/frames.mjs';
import { apnsPush, deliver, fcmPush, pushes, startApns, startFcm } from '../support/push.mjs';

const count = 5000;
const seed = Number(process.env.SEED ?? Date.now() % 1e6);
const services = {
  apns: { start: startApns, make: apnsPush, keyOf: ({ id }) => id, idOf: ({ key }) => key },
  fcm: { start: startFcm, make: fcmPush, keyOf: ({ target }) => target, idOf: ({ id }) => id },
};

// Answers take up to four milliseconds, so that they come out of order.
async function run(service, prepare, args = []) {
  const { start, make } = services[service], random = seeded(seed);
  const fake = await start(), list = pushes(count, make, { deadline: 120000 });
  fake.delay = () => Math.floor(5 * random());
  prepare(fake);
  const drive = await deliver(fake, list, { args: ['--concurrency', '100', ...args], within: 40000 });
  return { fake, list, drive };
}

// 5,000 reported accepted, each under the id that the service keeps, and accepted by it.
function assertAllThere(service, { fake, list, drive }) {
  const { keyOf, idOf } = services[service], say = `seed ${seed}`;
  assert.equal(drive.outcomes.length, count, say);
  assert.deepEqual(drive.outcomes.filter(({ outcome }) => outcome !== 'accepted'), [], say);
  assert.equal(new Set(drive.outcomes.map(({ n }) => n)).size, count, say);
  const ids = new Map(fake.accepted.map((record) => [idOf(record), record.key]));
  // FCM's name stands in the body, which a cut can take away when the status is already there.
  const isNameless = ({ service_id }) => service_id === '' && service === 'fcm' && drive.summary.unknown_before > 0;
  for (const outcome of drive.outcomes)
    if (!isNameless(outcome)) assert.equal(ids.get(outcome.service_id), keyOf(list[outcome.n]), say);
  assert.deepEqual(new Set(fake.accepted.map(({ key }) => key)), new Set(list.map(keyOf)), say);
}

function assertOnce(service, result) {
  assertAllThere(service, result);
  assert.equal(result.fake.twice.size, 0, `seed ${seed}`);
  assert.equal(result.fake.accepted.length, count, `seed ${seed}`);
  assert.equal(result.drive.summary.unknown_before, 0, 'nothing was unknown');
}

for (const service of Object.keys(services)) {
  test(`${service}: no fault`, async () => {
    const result = await run(service, () => {});
    assertOnce(service, result);
    assert.equal(result.drive.summary.attempts, count);
  });

  test(`${service}: GOAWAY after each 500, the streams above it unprocessed`, async () => {
    const result = await run(service, ({ rules }) => rules.add({ every: 500, goaway: { json: { reason: 'Shutdown' } } }));
    assertOnce(service, result);
    assert.equal(result.drive.summary.goaways >= 9, true);
    assert.equal(result.drive.summary.resent > 0, true, 'there were streams above');
  });

  test(`${service}: TCP cut after each 1,000, the unknown ones sent again: copies only of those, under their ids`, async () => {
    const result = await run(service, ({ rules }) => rules.add({ every: 1000, cut: 'unanswered', rudely: true }), ['--resend-unknown']);
    assertAllThere(service, result);
    const { fake, list, drive } = result, { keyOf } = services[service];
    const unknown = new Map(drive.outcomes.map(({ n, unknown_before }) => [keyOf(list[n]), unknown_before]));
    for (const [key, times] of fake.twice) assert.equal(times - 1 <= unknown.get(key), true, `${key}, seed ${seed}`);
    assert.equal(fake.accepted.length > count, true, 'the answered-for were cut off with their answers');
    assert.equal(fake.accepted.length - count <= drive.summary.unknown_before, true);
    assert.equal(drive.summary.unknown_before <= 5 * 100, true, 'no more than were open');
  });

  test(`${service}: TCP cut after each 1,000, the unknown ones left: each accepted once or not, and said to be unknown`, async () => {
    const { fake, list, drive } = await run(service, ({ rules }) => rules.add({ every: 1000, cut: 'unanswered', rudely: true }));
    const { keyOf } = services[service], taken = new Set(fake.accepted.map(({ key }) => key));
    assert.equal(fake.twice.size, 0);
    assert.equal(drive.outcomes.length, count);
    const unknown = drive.outcomes.filter(({ outcome }) => outcome === 'unknown');
    assert.equal(unknown.length > 0 && unknown.length <= 5 * 100, true, `${unknown.length} unknown`);
    for (const { n, outcome } of drive.outcomes) {
      assert.match(outcome, /^(accepted|unknown)$/);
      if (outcome === 'accepted') assert.equal(taken.has(keyOf(list[n])), true);
    }
  });

  test(`${service}: REFUSED_STREAM each 50th`, async () => {
    const result = await run(service, ({ rules }) => rules.add({ every: 50, reset: code.refusedStream }));
    assertOnce(service, result);
    assert.equal(result.drive.summary.resent >= 100, true);
  });

  test(`${service}: 429 each 50th, with Retry-After`, async () => {
    const answer = { apns: { reason: 'TooManyRequests', retryAfter: 1 }, fcm: { error: 'QUOTA_EXCEEDED', retryAfter: 1 } }[service];
    const result = await run(service, ({ rules }) => rules.add({ every: 50, times: service === 'fcm' ? 10 : Infinity, answer }));
    assertOnce(service, result);
    const refused = [...result.fake.answered].find(([label]) => label.startsWith('429'))[1];
    assert.equal(result.drive.summary.attempts, count + refused);
  });

  test(`${service}: 503 each 50th`, async () => {
    const answer = { apns: { reason: 'ServiceUnavailable' }, fcm: { error: 'UNAVAILABLE' } }[service];
    const result = await run(service, ({ rules }) => rules.add({ every: 50, answer }));
    assertOnce(service, result);
    assert.equal(result.drive.summary.attempts >= count + 100, true);
  });

  test(`${service}: every token expired after 2,500`, async () => {
    const result = await run(service, (fake) => fake.rules.add({ at: 2500, do: () => fake.expireTokens() }), ['--tune', 'token_age_min=0']);
    assertOnce(service, result);
    assert.equal(result.drive.summary.tokens, 2);
    if (service === 'fcm') assert.equal(result.fake.exchanges.length, 2, 'one refresh in flight');
    else assert.equal(result.fake.tokens, 2, 'one token for all connections');
  });
}
