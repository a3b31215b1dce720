// All faults at random: each push ends once, and copies are where the outcome was unknown. COUNT and
// SEED in the environment change how many, and which.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { seeded } from '../fake/fake_service.mjs';
import { code } from '../fake/frames.mjs';
import { apnsPush, deliver, fcmPush, pushes, startApns, startFcm } from '../support/push.mjs';

const count = Number(process.env.COUNT ?? 10000);
const seed = Number(process.env.SEED ?? Date.now() % 1e6);

// [probability, rule]
const connection = [
  [0.0005, { goaway: { json: { reason: 'Shutdown' } } }],
  [0.0003, { goaway: { graceful: true } }],
  [0.0002, { goaway: { code: code.enhanceYourCalm } }],
  [0.0004, { cut: 'unanswered', rudely: true }],
  [0.0002, { cut: 'before' }],
  [0.0002, { cut: 'after' }],
  [0.0002, { cut: 'amid' }],
  [0.01, { reset: code.refusedStream }],
  [0.005, { lost: code.internalError }],
  [0.0005, { settings: { maxConcurrentStreams: 3 } }],
  [0.0005, { settings: { maxConcurrentStreams: 200 } }],
  [0.002, { delay: 100 }],
];
const services = {
  apns: {
    start: () => startApns({ punishes: true }),
    make: apnsPush,
    keyOf: ({ id }) => id,
    answers: [
      [0.005, { answer: { reason: 'ServiceUnavailable' } }],
      [0.005, { answer: { reason: 'TooManyRequests' } }],
      [0.002, { answer: { reason: 'InternalServerError' } }],
      [0.005, { answer: { reason: 'Unregistered' } }],
      [0.001, { answer: { reason: 'IdleTimeout' } }],
      [0.0002, { answer: { reason: 'TooManyProviderTokenUpdates' } }],
    ],
  },
  fcm: {
    start: startFcm,
    make: fcmPush,
    keyOf: ({ target }) => target,
    answers: [
      [0.001, { answer: { error: 'UNAVAILABLE' } }],
      [0.0002, { answer: { error: 'QUOTA_EXCEEDED', retryAfter: 1 } }],
      [0.001, { answer: { error: 'INTERNAL' } }],
      [0.005, { answer: { error: 'UNREGISTERED' } }],
      [0.001, { answer: { status: 502, error: 'UNAVAILABLE', body: '<html>' } }],
    ],
  },
};

for (const [name, { start, make, keyOf, answers }] of Object.entries(services))
  test(`${name}: all faults at random`, async () => {
    const random = seeded(seed), fake = await start(), list = pushes(count, make, { deadline: 600000 });
    fake.delay = () => Math.floor(8 * random());
    for (const [probability, rule] of [...connection, ...answers])
      fake.rules.add({ if: () => random() < probability, ...rule });
    const drive = await deliver(fake, list, { args: ['--resend-unknown'], within: 30000 + count * 10 });
    const say = `seed ${seed}: ${JSON.stringify(drive.summary)}`;
    assert.equal(drive.outcomes.length, count, say);
    assert.equal(new Set(drive.outcomes.map(({ n }) => n)).size, count, say);
    const times = new Map();
    for (const { key } of fake.accepted) times.set(key, (times.get(key) ?? 0) + 1);
    for (const { n, outcome, unknown_before } of drive.outcomes) {
      const here = times.get(keyOf(list[n])) ?? 0, line = `push ${n}, ${outcome}, accepted ${here} times, ${say}`;
      assert.equal(here <= unknown_before + (outcome === 'accepted' ? 1 : 0), true, line);
      assert.equal(here >= (outcome === 'accepted' ? 1 : 0), true, line);
    }
    assert.equal(drive.summary.accepted > 0.97 * count, true, say);
  });
