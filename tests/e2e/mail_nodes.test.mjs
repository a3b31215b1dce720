// Mail with kill -9 in the middle: a work process that dies while it reads bounces, and two nodes that
// share the account and the mailbox, one of which loses its power. Each message goes once or is marked as
// uncertain; each bounce is taken once, and none is lost.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { eventually } from '../support/eventually.mjs';
import { assertBooksBalance } from '../support/money.mjs';
import { startMailBed } from '../support/mail_nodes.mjs';
import { Psql } from '../support/psql.mjs';
import { assertClaimsEnd } from '../support/push_books.mjs';

const BOUNCED = 60, ALL = 260; // more bounces than one round takes
const isHeld = (n) => n > BOUNCED && n <= ALL - 40 && n % 8 === 0; // their mails are taken, and the answer does not come
const bed = await startMailBed(ALL, (n) => (isHeld(n) ? 'held' : 'row')), { server, imap } = bed;
const numbers = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const addressOf = (n) => `${isHeld(n) ? 'held' : 'row'}.${n}@example.com`;

const sample = (name) => readFileSync(new URL(`../fuzz/corpus/dsn/${name}.eml`, import.meta.url), 'utf8');
// Of what kind a customer's bounce is, by turns: the address is dead, a fault that counts, heard of.
const kinds = [
  { file: 'postfix_failed', delivery: 'undelivered', event: 'reminder.undelivered', fault: { is_dead: true, soft_count: 0 } },
  { file: 'exchange_full', delivery: 'undelivered', event: 'reminder.undelivered', fault: { is_dead: false, soft_count: 1 } },
  { file: 'delivered', delivery: 'delivered', event: 'reminder.delivered', fault: undefined },
];
const kindOf = (n) => kinds[n % kinds.length];
const bounce = (n) => imap.deliver(sample(kindOf(n).file).replaceAll('bounce+0Ab1Cd2Ef3Gh4Ij5Kl@b.example', server.to(addressOf(n))[0].from));
const toldCount = async () => (await bed.query(`select count(*)::int as count from reminder where delivery is not null`))[0].count;

test('the work process dies again and again in the middle of a round: each bounce is taken once', async () => {
  const node = await bed.startNode(), all = numbers(1, BOUNCED);
  await bed.remind(all);
  await bed.settled({ within: 60000, everyMs: 50 });
  // A lock stops each round at this customer's bounce: what came before it is told and not yet put away.
  const psql = new Psql(bed.cluster.owner);
  for (const [at, least] of [[9, 1], [30, 10], [52, 40]]) {
    await psql.run(`begin; select from customer where customer_id = ${at} for update`);
    if (at === 9) all.forEach(bounce);
    await eventually(async () => (await bed.query(`select from pg_locks where not granted limit 1`)).length > 0, { what: `the round stops at ${at}`, within: 30000, every: 10 });
    assert.ok(await toldCount() >= least && await toldCount() < BOUNCED);
    assert.ok(imap.inbox().length > 0);
    const [work] = node.processes('work');
    process.kill(work, 'SIGKILL');
    await eventually(() => node.processes('work').some((pid) => pid !== work), { what: 'the next work process', within: 20000, every: 10 });
    await psql.run('rollback');
  }
  await eventually(async () => await toldCount() === BOUNCED && imap.inbox().length === 0, { what: 'all are told and put away', within: 60000, every: 50 });
  assert.equal(imap.folder('Done').length, BOUNCED);
  const rows = await bed.query(`select r.customer_id as n, r.delivery, (select count(*)::int from event e where e.customer_id = r.customer_id
      and e.kind in ('reminder.delivered', 'reminder.undelivered', 'reminder.delivery_unknown', 'reminder.sent_on')) as events,
    (select json_build_object('is_dead', f.is_dead, 'soft_count', f.soft_count) from contact_fault f where f.customer_id = r.customer_id) as fault
    from reminder r where r.step = 'due' order by 1`);
  assert.deepEqual(rows.map(({ n, delivery, events, fault }) => ({ n, delivery, events, fault: fault ?? undefined })),
    all.map((n) => ({ n, delivery: kindOf(n).delivery, events: 1, fault: kindOf(n).fault })));
  await assertBooksBalance(bed);
});

test('of two nodes on one account one dies: each mail goes once, or is marked as uncertain', async (t) => {
  const other = await bed.startNode(), first = BOUNCED + 1;
  await bed.remind(numbers(first, ALL - 40));
  // A node has four mails under way: of five that were taken and not answered each has one.
  await eventually(() => server.held.length >= 5, { what: 'the middle', within: 60000, every: 5 });
  const before = server.mails.length;
  bed.cutPower(other);
  server.release();
  const release = setInterval(server.release, 20);
  await eventually(async () => {
    await bed.ageClaims();
    const [{ left }] = await bed.query(`select count(*)::int as left from reminder where state in ('scheduled', 'claimed')`);
    return left === 0;
  }, { what: 'all have ended', within: 90000, every: 250 }).finally(() => clearInterval(release));
  const rows = await bed.query(`select customer_id as n, state, reason from reminder where step = 'due' and customer_id between ${first} and ${ALL - 40}`);
  const wrong = rows.filter(({ n, state }) => {
    const times = server.to(addressOf(n)).length;
    return times > 1 || (times === 0 && state !== 'uncertain') || !['sent', 'uncertain'].includes(state);
  });
  assert.deepEqual(wrong, []);
  const uncertain = rows.filter(({ state }) => state === 'uncertain');
  assert.ok(uncertain.length >= 1, 'the killed node had nothing in its hands');
  t.diagnostic(`${before - BOUNCED} of ${rows.length} mails before the kill; ${uncertain.length} uncertain, of which ${
    uncertain.filter(({ n }) => server.to(addressOf(n)).length === 1).length} had arrived`);
  await assertClaimsEnd(bed);
  await assertBooksBalance(bed);
});

test('both nodes read one mailbox: each bounce is taken once', async () => {
  await bed.startNode();
  const { nodes } = bed, mine = numbers(ALL - 39, ALL);
  assert.equal(nodes.length, 2);
  await bed.remind(mine);
  await bed.settled({ within: 60000, everyMs: 50 });
  mine.forEach(bounce);
  await eventually(async () => await toldCount() === BOUNCED + mine.length && imap.inbox().length === 0, { what: 'all are told and put away', within: 60000, every: 50 });
  const events = await bed.query(`select customer_id as n, count(*)::int as count from event where customer_id > ${ALL - 40}
    and kind in ('reminder.delivered', 'reminder.undelivered') group by 1 order by 1`);
  assert.deepEqual(events, mine.map((n) => ({ n, count: 1 })));
  const soft = await bed.query(`select max(soft_count)::int as most from contact_fault`);
  assert.equal(soft[0].most, 1);
  for (const node of nodes) assert.doesNotMatch(node.log, /event="bounce not taken"/);
});
