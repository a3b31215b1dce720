// No space left: under PostgreSQL, where the log goes, and at the first start.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, constants, mkdtempSync, openSync, rmSync, rmdirSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';

import { message, send } from '../support/callbacks.mjs';
import { eventually, startDemo, temporaryFolder } from '../support/demo.mjs';
import { keepAliveAgent } from '../support/https.mjs';
import { about, assertBooksBalance, inParallel, makePayments } from '../support/money.mjs';

// A disk of its own, or the reason why there is none.
function smallDisk(megabytes) {
  if (process.getuid() !== 0) return { why: 'only root can mount a small disk' };
  const folder = mkdtempSync(path.join(tmpdir(), 'dunlin-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=755`, 'tmpfs', folder], { stdio: 'pipe' });
  } catch (error) {
    rmdirSync(folder);
    return { why: `no small disk: ${String(error.stderr).trim()}` };
  }
  after(() => {
    execFileSync('umount', ['-l', folder]);
    rmdirSync(folder);
  });
  return { folder };
}

function fill(file) {
  const fd = openSync(file, 'w');
  for (let size = 1 << 20; size >= 512;) {
    try {
      if (writeSync(fd, Buffer.alloc(size)) < size) size >>= 1;
    } catch (error) {
      if (error.code !== 'ENOSPC') throw error;
      size >>= 1;
    }
  }
  closeSync(fd);
}

const droppedLines = async (demo) =>
  Number(/^dunlin_log_lines_dropped_total (\d+)$/m.exec((await demo.get(`${demo.operators}/metrics`)).text)[1]);

test('a full disk under PostgreSQL is 503; space back, and all goes on without a restart', async (t) => {
  const disk = smallDisk(500);
  if (disk.why) return t.skip(disk.why);
  const demo = await startDemo({ dir: disk.folder });
  const payments = await makePayments(demo, 60, 'df');
  // Large ones, so that the disk is felt soon.
  const callbacks = payments.map((payment) => ({ id: `msg_${payment.id}`,
    body: message('paid', { ...about(payment), note: randomBytes(24000).toString('hex') }) }));
  const agent = keepAliveAgent(demo.caText, { maxSockets: 8 });
  const told = new Map();
  const sendAll = (list) => inParallel(list, 8, async ({ id, body }) =>
    told.set(id, await send(demo, body, { id, agent }).then((answer) => answer.status, (error) => error.code)));
  await sendAll(callbacks.slice(0, 5));
  assert.ok([...told.values()].every((status) => status === 200));
  fill(path.join(disk.folder, 'ballast'));
  await sendAll(callbacks.slice(5));
  const statuses = [...told.values()];
  assert.ok(statuses.includes(503), statuses.join());
  assert.ok(statuses.every((status) => [200, 503].includes(status)), statuses.join());
  assert.ok([200, 503].includes((await demo.get(demo.links[0])).status));
  const kept = [...told].filter(([, status]) => status === 200).map(([id]) => id);

  rmSync(path.join(disk.folder, 'ballast'));
  await eventually(async () => {
    await sendAll(callbacks.filter(({ id }) => told.get(id) !== 200));
    return [...told.values()].every((status) => status === 200);
  }, { what: 'all is taken when there is space again', within: 30000 });
  agent.destroy();
  const booked = new Set((await demo.query(`select dedup_key from callback_outcome where state = 'applied'`)).map((row) => row.dedup_key));
  assert.deepEqual(kept.filter((id) => !booked.has(id)), []);
  assert.equal(booked.size, callbacks.length);
  assert.equal((await demo.get(demo.links[0])).status, 200);
  await assertBooksBalance(demo);
  assert.deepEqual(demo.log.filter((line) => /process died/.test(line) && !/name=database/.test(line)), []);
  await demo.stop();
});

test('a first start on a full disk is refused and says why', async (t) => {
  const disk = smallDisk(16);
  if (disk.why) return t.skip(disk.why);
  await assert.rejects(startDemo({ dir: disk.folder }), /ended early \(1\)[^]*no space left/);
});

// A place for the log: `fd` to write to, `block` to make it take nothing more.
const full = () => ({ fd: openSync('/dev/full', 'w'), block() {} });
function pipe() {
  const file = path.join(temporaryFolder(), 'pipe');
  execFileSync('mkfifo', [file]);
  const reader = openSync(file, constants.O_RDWR | constants.O_NONBLOCK);
  const fd = openSync(file, 'w');
  const block = () => assert.throws(() => {
    for (;;) writeSync(reader, Buffer.alloc(4096));
  }, { code: 'EAGAIN' });
  return { fd, block };
}

for (const [says, make] of [['is full', full], ['takes nothing any more', pipe]])
  test(`where the log goes ${says}: visitors and providers are served, and the lost lines are counted`, async () => {
    const { fd, block } = make();
    const demo = await startDemo({ stderr: fd });
    block();
    const before = await droppedLines(demo);
    demo.child.kill('SIGHUP');
    await eventually(async () => await droppedLines(demo) > before, { what: 'lost lines are counted' });
    assert.equal((await demo.get(demo.links[0])).status, 200);
    const [payment] = await makePayments(demo, 1, 'lg');
    assert.equal((await send(demo, message('paid', about(payment)))).status, 200);
    assert.equal(await demo.stop(), 0);
    closeSync(fd);
  });
