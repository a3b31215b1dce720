// Reminders by push under random faults, with customers paying meanwhile: every claimed push ends
// once, as sent, refused, expired or cancelled; none is claimed after its debt was paid; copies are
// where the outcome was unknown, and no more than the database counts. COUNT and SEED in the
// environment change how many, and which faults (`scripts/test --long` takes 100,000).
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { seeded } from '../fake/fake_service.mjs';
import { code } from '../fake/frames.mjs';
import { assertBooksBalance } from '../support/money.mjs';
import { assertClaimsEnd, assertNoneAfterPayment, assertPushesAddUp, crossed } from '../support/push_books.mjs';
import { startPushBed } from '../support/push_nodes.mjs';

const count = Number(process.env.COUNT ?? 1500);
const seed = Number(process.env.SEED ?? Date.now() % 1e6);
const isLong = count >= 20000;
const PAYING = 0.3; // of all customers
const wait = { within: 60000 + count * 10 };

// [probability, rule]. Waiting is the library's, in real time, so what makes it wait is rare: a
// connection that ends young is followed by a longer and longer rest, and a service that says it is
// overloaded is left alone for a while. However long the run, there are a few dozen of each.
const ofConnection = Math.min(0.0005, 3 / count), ofService = Math.min(0.004, 25 / count);
const faults = {
  any: [
    [ofConnection, { goaway: { json: { reason: 'Shutdown' } } }],
    [ofConnection, { goaway: { graceful: true } }],
    [ofConnection, { cut: 'unanswered', rudely: true }],
    [ofConnection, { cut: 'before' }],
    [ofConnection, { cut: 'amid' }],
    [0.01, { reset: code.refusedStream }],
    [0.005, { lost: code.internalError }],
    [0.005, { delay: 150 }],
  ],
  apns: [
    [ofService, { answer: { reason: 'ServiceUnavailable' } }],
    [0.004, { answer: { reason: 'TooManyRequests' } }],
    [0.004, { answer: { reason: 'Unregistered' } }],
    [0.002, { answer: { reason: 'BadDeviceToken' } }],
  ],
  fcm: [
    [ofService / 2, { answer: { error: 'INTERNAL' } }],
    [ofService / 2, { answer: { error: 'UNAVAILABLE', retryAfter: 1 } }],
    [ofService / 2, { answer: { error: 'UNAUTHENTICATED' } }],
    [0.004, { answer: { error: 'UNREGISTERED' } }],
  ],
};

function misbehave(fake, own, random) {
  fake.delay = () => Math.floor(8 * random());
  for (const [probability, rule] of [...faults.any, ...own]) fake.rules.add({ if: () => random() < probability, ...rule });
  // One answer never comes, in a long run a whole connection falls silent: unknown when patience ends.
  fake.rules.add({ at: 20, ...(isLong ? { silent: true } : { never: true }) });
}

test(`${count} pushes, every fault at random, and payments: all add up`, async (t) => {
  const random = seeded(seed), bed = await startPushBed({ count });
  misbehave(bed.apns, faults.apns, random);
  misbehave(bed.fcm, faults.fcm, random);
  const gateway = await bed.startNode();
  const payer = bed.startPayer(gateway, { first: 1, last: Math.floor(PAYING * count), perSecond: 300 });
  const last = payer.payments.length, moving = bed.moveApnsDevices(gateway, { first: last + 1, last: last + Math.ceil(count / 50) });
  await Promise.all([moving, payer.finish()]);
  await bed.settled({ ...wait });
  const sums = await assertPushesAddUp(bed), late = await crossed(bed);
  t.diagnostic(`seed ${seed}: ${JSON.stringify(sums)}; crossed ${JSON.stringify(late)}`);
  await assertClaimsEnd(bed);
  await assertNoneAfterPayment(bed);
  await assertBooksBalance(bed);
  assert.ok(sums.sent > 0.6 * count, `only ${sums.sent} sent`);
});
