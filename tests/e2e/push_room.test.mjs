// push_service_room() and "room again": a caller who hands over no more than there is room for, and
// comes back only when he is called. The driver does so with --room; were a call missing, it would
// never end.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { eventually } from '../support/eventually.mjs';
import { apnsPush, argsFor, deliver, fcmPush, pushes, startApns, startDriver, startFcm } from '../support/push.mjs';

// What is handed over is on the wire within 400 ms, or would end as never sent.
const few = (count, make = apnsPush) => pushes(count, make, { start_within: 400, deadline: 30000 });

function assertAll({ outcomes, summary }, count) {
  assert.deepEqual(outcomes.filter(({ outcome }) => outcome !== 'accepted'), []);
  assert.equal(outcomes.length, count);
  assert.equal(summary.rooms > 0 && summary.rooms <= summary.asked, true, `called ${summary.rooms} times, asked ${summary.asked}`);
}

for (const [what, options] of [['one stream until the first is accepted', {}], ['1 stream', { settings: { maxConcurrentStreams: 1 } }],
  ['10 streams', { settings: { maxConcurrentStreams: 10 } }], ['1000 streams', { settings: { maxConcurrentStreams: 1000 } }]])
  test(`${what}: who hands over only what there is room for is called for each next part`, async () => {
    const apns = await startApns(options);
    apns.delay = () => 2;
    assertAll(await deliver(apns, few(400), { args: ['--room'] }), 400);
  });

test('no stream at all, and then some: called when the service grants them', async () => {
  const apns = await startApns({ settings: { maxConcurrentStreams: 0 } });
  const drive = startDriver(argsFor(apns, { args: ['--room'] }));
  drive.say(...few(20));
  await eventually(() => apns.server.open.length === 2 && apns.server.open.every(({ plain }) => plain.seen.frames.settings > 1), { every: 5 });
  for (const { session } of apns.server.open) session.settings({ maxConcurrentStreams: 10 });
  assertAll(await drive.finish(), 20);
});

// He never has pushes waiting in the library; that he waits is what it grows by.
test('who waits for room is given more connections', async () => {
  const apns = await startApns({ settings: { maxConcurrentStreams: 10 } });
  apns.delay = () => 10;
  assertAll(await deliver(apns, few(600), { args: ['--room', '--tune', 'connections_min=1', '--tune', 'connections_max=4'] }), 600);
  assert.equal(apns.connections.length, 4);
});

test('connections that end: called when the next is open', async () => {
  const apns = await startApns();
  apns.rules.add({ every: 50, goaway: {} });
  assertAll(await deliver(apns, few(300), { args: ['--room', '--tune', 'connections_max=2'] }), 300);
});

// At 20 a second every answer is there long before the next may go: nothing but time makes room.
test('a rate: called whenever it allows more', async () => {
  const fcm = await startFcm();
  const drive = await deliver(fcm, few(10, fcmPush), { args: ['--room', '--tune', 'rate_max=20', '--tune', 'rate_ramp=0'] });
  assertAll(drive, 10);
  assert.equal(drive.summary.seconds >= 0.4, true, `${drive.summary.seconds} s`);
});

// While it rests there is no room: whoever were handed over would not be on the wire in time. Each
// push has one attempt, so that none waits in the library and nothing but time ends the rest.
for (const [what, start, make, refused, rule] of [
  ['Retry-After of a second', startFcm, fcmPush, 1, { at: 10, answer: { error: 'UNAVAILABLE', retryAfter: 1 } }],
  ['a refused credential, until the probe', startApns, apnsPush, 1, { at: 10, answer: { reason: 'InvalidProviderToken' } }],
  ['ENHANCE_YOUR_CALM', startApns, apnsPush, 0, { at: 10, goaway: { code: 11 } }],
  ['a breaker', startApns, apnsPush, 20, { after: 10, times: 20, answer: { reason: 'InternalServerError' } }],
])
  test(`${what}: no room while it lasts, called when it is over`, async () => {
    const fake = await start(), list = few(100, make).map((push) => ({ ...push, attempts: 1 }));
    fake.rules.add({ times: 1, ...rule });
    const args = ['--room', '--tune', 'streams_max=1', '--tune', 'connections_max=1', '--tune', 'connections_min=1',
      '--tune', 'probe_wait=700', '--tune', 'retry_min=500'];
    const { outcomes, summary } = await deliver(fake, list, { args });
    assert.deepEqual([summary.accepted, summary.refused, outcomes.length], [100 - refused, refused, 100]);
    assert.equal(summary.seconds >= 0.5, true, `${summary.seconds} s`);
  });

test('who was given plenty is not called', async () => {
  const apns = await startApns({ settings: { maxConcurrentStreams: 1000 } });
  const drive = startDriver(argsFor(apns, { args: ['--room'] }));
  drive.say(...few(2)); // the first of each connection proves it
  await drive.until(2);
  drive.say(...few(3));
  await drive.until(5);
  const { summary } = await drive.finish();
  assert.equal(summary.accepted, 5);
  assert.equal(summary.rooms <= 3, true, `${summary.rooms} calls`);
});
