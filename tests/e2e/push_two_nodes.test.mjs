// Two gateways on one database send the same reminders by push while customers pay; one is killed in
// the middle, and later started again. Nothing is lost, nothing is sent to somebody who had paid, and
// what may have gone out twice is counted as such.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { eventually } from '../support/eventually.mjs';
import { assertBooksBalance } from '../support/money.mjs';
import { assertClaimsEnd, assertNoneAfterPayment, assertPushesAddUp, crossed } from '../support/push_books.mjs';
import { startPushBed } from '../support/push_nodes.mjs';

const count = Number(process.env.COUNT ?? 2000);
const wait = { within: 60000 + count * 10 };

test(`two nodes send ${count} pushes, one is killed in the middle: all add up`, async (t) => {
  const bed = await startPushBed({ count });
  // Answers take a while, so that some are on their way at any moment.
  bed.apns.delay = bed.fcm.delay = () => 5 + Math.floor(60 * Math.random());
  const [first, second] = [await bed.startNode(), await bed.startNode()];
  const payer = bed.startPayer(second, { first: 1, last: Math.floor(0.3 * count), perSecond: 300 });
  const taken = () => bed.apns.accepted.length + bed.fcm.accepted.length;
  await eventually(() => taken() > count / 4, { what: 'a quarter is sent', every: 5, ...wait });
  bed.cutPower(first);
  const [{ left }] = await bed.query(`select count(*)::int as left from reminder where state = 'claimed'`);
  await eventually(async () => {
    await bed.ageClaims();
    return (await bed.query(`select from reminder where state = 'claimed' limit 1`)).length === 0;
  }, { what: 'the claims of the dead node are found', every: 1000, ...wait });
  await payer.finish();
  await bed.settled(wait);
  const sums = await assertPushesAddUp(bed), late = await crossed(bed);
  t.diagnostic(`${left} claimed when it died; ${JSON.stringify(sums)}; crossed ${JSON.stringify(late)}`);
  await assertClaimsEnd(bed);
  await assertNoneAfterPayment(bed);
  await assertBooksBalance(bed);
  assert.equal(sums.sent, sums.claimed - (sums.cancelled ?? 0), 'without faults of the services all are sent');
});
