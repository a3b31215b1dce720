// Crowds at the size at which they hurt: thousands of slow clients, and more idle connections than
// the listener takes. Visitors are served meanwhile, all of them.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { startCrowd } from '../support/crowd.mjs';
import { descendants, eventually, startDemo } from '../support/demo.mjs';

const MIB = 1024 * 1024;
const demo = await startDemo({
  // The sanitizer keeps what was freed; here memory is weighed.
  env: { ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ''}:quarantine_size_mb=0:thread_local_quarantine_size_kb=0` },
});
const pathname = new URL(demo.links[0]).pathname;

async function metric(name) {
  const { text } = await demo.get(`${demo.operators}/metrics`);
  return Number(new RegExp(`^dunlin_${name} (\\d+)$`, 'm').exec(text)[1]);
}

// Resident memory of Dunlin's own processes; what they share is counted once.
function residentBytes() {
  return [demo.pid, ...descendants(demo.pid)].reduce((sum, pid) => {
    try {
      if (readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'postgres') return sum;
      return sum + 1024 * Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]);
    } catch {
      return sum; // it ended while we looked
    }
  }, 0);
}

// Visitors, each over a connection of its own, one after another as long as `work` takes. All must be
// served. Returns { count, worstMs, peakBytes }.
async function withVisitors(work) {
  let isOver = false, count = 0, worstMs = 0, peakBytes = 0;
  const visits = async () => {
    while (!isOver) {
      const startedAt = performance.now();
      const { status } = await demo.get(demo.links[1]);
      assert.equal(status, 200);
      worstMs = Math.max(worstMs, performance.now() - startedAt);
      count += 1;
      peakBytes = Math.max(peakBytes, residentBytes());
    }
  };
  const visitors = visits();
  try {
    await Promise.race([work(), visitors]);
  } finally {
    isOver = true;
  }
  await visitors;
  return { count, worstMs, peakBytes };
}

test('1,000 slow headers, 1,000 slow bodies and 1,000 slow readers are closed in their time', async (t) => {
  await withVisitors(() => eventually(() => true)); // the first page costs memory of its own
  const beforeBytes = residentBytes(), pagesBefore = await metric('pages_shown_total');
  const crowds = {}, startedAt = Date.now();
  let cameMs;
  const visitors = await withVisitors(async () => {
    for (const habit of ['headers', 'bodies', 'readers'])
      crowds[habit] = startCrowd(habit, 1000, demo.port, { paths: [pathname] });
    await Promise.all(Object.values(crowds).map(({ standing }) => standing));
    cameMs = Date.now() - startedAt;
    for (const habit of Object.keys(crowds)) crowds[habit] = await crowds[habit].over;
  });
  const limits = { headers: 10000, bodies: 10000, readers: 20000 };
  for (const [habit, limitMs] of Object.entries(limits)) {
    const { shaken, closed, failed, turned_away: turnedAway, last_ms: lastMs } = crowds[habit];
    t.diagnostic(`${habit}: the last of ${closed} closed after ${lastMs} ms`);
    assert.deepEqual({ shaken, closed, failed, turnedAway }, { shaken: 1000, closed: 1000, failed: 0, turnedAway: 0 });
    // The unit tests are strict about the limits. Here a first byte may wait for as long as it takes
    // the machine to let 3,000 clients in.
    assert.ok(lastMs < limitMs + 1000 + cameMs, `${habit}: ${lastMs} ms`);
  }
  const grownMiB = (visitors.peakBytes - beforeBytes) / MIB;
  t.diagnostic(`all had come after ${cameMs} ms; ${visitors.count} visitors, the slowest ${Math.round(visitors.worstMs)} ms; ${Math.round(grownMiB)} MiB more for all three`);
  assert.ok(visitors.count > 100, `${visitors.count}`);
  assert.ok(grownMiB <= 3 * 64, `${grownMiB} MiB`);
  // A reader asks 64 times, and its window and the server's buffer hold a dozen pages: what it asked
  // behind them is not looked up for a connection that is gone.
  const pages = await metric('pages_shown_total') - pagesBefore - visitors.count;
  assert.ok(pages <= 1000 * 24, `${pages} pages for 1,000 readers who read none`);
  assert.ok(await metric('connections_now') < 100);
});

// The listener takes 16,000, or half of what a process of it may open.
const descriptorsMax = Number(/^Max open files +\S+ +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? Infinity);
const IDLE = Math.min(16000, descriptorsMax - 256);

test(`of ${IDLE} idle connections from 32 addresses those over the limit are turned away`, async (t) => {
  if (IDLE < 16000) console.error(`FEWER: a process may open ${descriptorsMax} files here, so ${IDLE} connections are tried, not 16,000`);
  const refusedBefore = await metric('connections_refused_total');
  const crowd = startCrowd('idle', IDLE, demo.port);
  let standing;
  const visitors = await withVisitors(async () => { standing = await crowd.standing; });
  const [open, refused] = [await metric('connections_now'), await metric('connections_refused_total') - refusedBefore];
  t.diagnostic(`${standing.opened} came, ${standing.turned_away} were turned away, ${open} are open; ${visitors.count} visitors, the slowest ${Math.round(visitors.worstMs)} ms`);
  assert.equal(standing.opened, IDLE);
  assert.equal(standing.failed, 0, standing.why);
  assert.ok(refused > 0 && refused >= standing.turned_away, `${refused}`);
  assert.ok(open < IDLE, `${open}`);
  assert.ok(visitors.count > 20, `${visitors.count}`);
  // They stand there, and who comes now is served as well.
  for (let i = 0; i < 50; ++i) assert.equal((await demo.get(demo.links[2])).status, 200);
  await crowd.end();
  await eventually(async () => (await metric('connections_now')) < 100, { what: 'the crowd is gone' });
});
