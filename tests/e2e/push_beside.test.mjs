// Two services on one loop: what one of them goes through, the other does not notice.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { openWire } from '../fake/wire.mjs';
import { atEnd } from '../support/cleanup.mjs';
import { deliver, pushes, startApns } from '../support/push.mjs';

const count = 1000, open = 200;

// `count` pushes through a good service, beside one at `port`; each may take 2 s at most.
async function run(port) {
  const apns = await startApns();
  apns.delay = () => 2;
  const beside = port === undefined ? [] : ['--beside', `127.0.0.1:${port}`];
  const drive = await deliver(apns, pushes(count, undefined, { deadline: 10000, start_within: 2000 }),
    { args: ['--concurrency', String(open), ...beside], hurry: 1 });
  assert.deepEqual(drive.outcomes.filter(({ outcome }) => outcome !== 'accepted'), []);
  assert.deepEqual([drive.outcomes.length, apns.accepted.length, apns.twice.size], [count, count, 0]);
  const took = drive.outcomes.map(({ took_us }) => took_us).sort((a, b) => a - b);
  return { drive, median: took[count / 2] / 1000, seconds: drive.summary.seconds };
}

// What a loop held up for a connect or a look-up would cost is far more than a busy machine's noise;
// and that passes, so the two are measured side by side until they agree, five times at most.
async function assertSamePace(port, isAsExpected) {
  const seen = [];
  for (let round = 0; round < 5; ++round) {
    const alone = await run(), beside = await run(port), { open_beside, outcomes_beside } = beside.drive.summary;
    assert.equal(open_beside + outcomes_beside > 0 && isAsExpected(outcomes_beside), true, `${outcomes_beside} ended there`);
    seen.push(`alone ${alone.seconds} s, median ${alone.median} ms; beside ${beside.seconds} s, ${beside.median} ms`);
    if (beside.seconds < 2 * alone.seconds + 0.5 && beside.median < 2 * alone.median + 20) return;
  }
  assert.fail(seen.join('\n'));
}

for (const [what, start, outcomes] of [
  ['where nobody listens', async () => { const apns = await startApns(); await apns.close(); return apns.port; }, () => true],
  ['that takes TCP and says nothing', async () => {
    const wire = await openWire((await startApns()).port);
    atEnd(() => wire.close());
    wire.isFrozen = true;
    return wire.port;
  }, (ended) => ended === 0],
  ['that cuts each connection at once', async () => {
    const apns = await startApns();
    apns.server.onConnection = ({ plain }) => setImmediate(() => plain.cut());
    return apns.port;
  }, () => true],
  ['that never answers', async () => {
    const apns = await startApns();
    apns.rules.add({ never: true });
    return apns.port;
  }, (ended) => ended === 0],
  ['that takes 300 ms for each, one at a time', async () => {
    const apns = await startApns({ settings: { maxConcurrentStreams: 1 } });
    apns.delay = () => 300;
    return apns.port;
  }, (ended) => ended < 100],
  ['that answers 503 to each', async () => {
    const apns = await startApns();
    apns.rules.add({ answer: { reason: 'ServiceUnavailable' } });
    return apns.port;
  }, () => true],
])
  test(`beside a service ${what}: every push accepted, once, at the same pace`, async () => {
    await assertSamePace(await start(), outcomes);
  });
