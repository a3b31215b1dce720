// Push as a channel of reminders, from a due row in PostgreSQL to a fake APNs or FCM and back.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { message, send } from '../support/callbacks.mjs';
import { eventually } from '../support/demo.mjs';
import { about, assertBooksBalance, makePayments } from '../support/money.mjs';
import { metricOf, parseMetrics } from '../support/prometheus.mjs';
import { apnsApp, apnsToken, fcmApp, fcmToken, startApns, startFcm, startPushGateway } from '../support/push_gateway.mjs';

const apns = await startApns({ environment: 'production' }), fcm = await startFcm();
const owed = await startPushGateway(80, [apnsApp(apns), fcmApp(fcm)]);
const { addDevice, remind, reminder, pushes, device } = owed;

const takenBy = (n) => apns.accepted.filter(({ target }) => target === apnsToken(n));
const ended = (n, step = 'due', options = {}) => eventually(async () => {
  const row = await reminder(n, step);
  return !['scheduled', 'claimed'].includes(row.state) && row;
}, { what: `the end of reminder ${n}`, every: 20, ...options });
// A busy machine may claim it too slowly and give it back: that is one attempt more, and no answer.
const waits = (n) => eventually(async () => {
  const [push] = await pushes(n);
  return push && push.state !== 'claimed' && push.reason !== 'claimed too slowly' && (await reminder(n)).state === 'scheduled' && push;
}, { what: `reminder ${n} to be given back`, every: 10 });

// Only one debt of a customer, paid in full through the bank's callback.
async function pay(n) {
  const [{ customer_id: id }] = await owed.query(`select customer_id from invoice where number = 'FV/${n}'`);
  await owed.execute(`update customer set payment_count = 99 where payment_count = 0 and customer_id <> ${id}`);
  const [payment] = await makePayments(owed, 1, `pay${n}`);
  await owed.execute('update customer set payment_count = 0 where payment_count = 99');
  assert.equal((await send(owed, message('paid', about(payment)))).status, 200);
}

test('a reminder reaches each device, and shows nothing of the debt on a locked screen', async () => {
  await addDevice(0);
  await addDevice(0, { service: 'fcm', token: fcmToken(0), language: 'en' });
  await remind([0]);
  assert.equal((await ended(0)).state, 'sent');
  const rows = await pushes(0), [ios] = takenBy(0), [android] = fcm.accepted;
  assert.deepEqual(rows.map(({ state }) => state), ['accepted', 'accepted']);
  assert.equal(ios.id, rows[0].push_id);
  assert.equal(ios.payload.push, rows[0].push_id);
  assert.equal(android.message.data.push, rows[1].push_id);
  assert.match(ios.payload.link, /^https:\/\/localhost:\d+\/[0-9A-Za-z]{18}$/);
  assert.equal(android.message.data.link, ios.payload.link);
  assert.equal(ios.payload.aps.alert.title, 'Test Bank');
  assert.match(ios.payload.aps.alert.body, /^Masz nową wiadomość\. Dotknij, aby otworzyć\. Kod \w\w-\w\w\.$/);
  assert.match(android.message.notification.body, /^You have a new message\. Tap to open\. Code \w\w-\w\w\.$/);
  const shown = JSON.stringify([ios.payload.aps, android.message.notification]);
  assert.doesNotMatch(shown, /FV|100|Nowak/);
  assert.equal(ios.headers['apns-priority'], '10');
  assert.equal(android.message.android.notification.tag, ios.collapse);
  const left = Number(ios.headers['apns-expiration']) - Date.now() / 1000;
  assert.ok(left > 23 * 3600 && left <= 24 * 3600, `of use for ${left} s`);
});

test('a later message and the thank-you replace what is shown, quietly', async () => {
  await addDevice(1);
  await remind([1], 'due');
  await ended(1);
  await remind([1], 'after_2');
  await ended(1, 'after_2');
  await pay(1);
  await eventually(() => takenBy(1).length === 3, { what: 'the thank-you', every: 10 });
  assert.equal(new Set(takenBy(1).map(({ collapse }) => collapse)).size, 1);
  assert.notEqual(takenBy(1)[0].collapse, takenBy(0)[0].collapse);
  assert.equal(takenBy(1)[2].headers['apns-priority'], '5');
  assert.match(takenBy(1)[2].payload.aps.alert.body, /Dziękujemy/);
});

test('who has opted out of push is thanked another way, whatever is on the screen', async () => {
  await addDevice(15);
  await remind([15]);
  assert.equal((await ended(15)).state, 'sent');
  await owed.execute(`update customer set opted_out = '{push}' where reference = 'K15'`);
  await pay(15);
  const [thanks] = await eventually(async () => {
    const rows = await owed.query(`select r.channel from reminder r join invoice i using (customer_id, invoice_id)
      where i.number = 'FV/15' and r.step like 'thanks%' and r.state = 'sent'`);
    return rows.length === 1 && rows;
  }, { what: 'the thank-you', every: 10 });
  assert.equal(thanks.channel, 'sms');
  assert.equal(takenBy(15).length, 1);
});

test('a payment cancels what waits to be pushed again', async () => {
  await addDevice(2);
  apns.rules.add({ target: apnsToken(2), times: 1, answer: { status: 429, reason: 'TooManyRequests', retryAfter: 30 } });
  await remind([2]);
  assert.equal((await waits(2)).state, 'waiting');
  await pay(2);
  assert.equal((await reminder(2)).state, 'cancelled');
  assert.equal((await pushes(2))[0].fate, 'cancelled');
  assert.deepEqual(takenBy(2).filter(({ payload }) => !/Dziękujemy/.test(payload.aps.alert.body)), []);
});

test('what the service cannot take now comes again later, under the same id', async () => {
  for (const n of [3, 4]) await addDevice(n);
  apns.rules.add({ target: apnsToken(3), times: 1, answer: { status: 500, reason: 'InternalServerError' } });
  apns.rules.add({ target: apnsToken(4), times: 1, answer: { status: 429, reason: 'TooManyRequests' } });
  await remind([3, 4]);
  for (const n of [3, 4]) {
    assert.equal((await ended(n)).state, 'sent');
    const [push] = await pushes(n);
    assert.deepEqual([push.state, push.attempts > 1, push.unknown_count], ['accepted', true, 0]);
    assert.deepEqual(takenBy(n).map(({ id }) => id), [push.push_id]);
  }
});

test('a token that is gone is forgotten with its reason, and the reminder goes by SMS', async () => {
  await addDevice(5);
  apns.devices.set(apnsToken(5), { reason: 'Unregistered', timestamp: Date.now() + 1000 });
  await remind([5]);
  const end = await ended(5);
  assert.deepEqual([end.state, end.channel], ['sent', 'sms']);
  assert.deepEqual((await pushes(5)).map(({ state, reason, fate }) => [state, reason, fate]), [['refused', 'Unregistered', 'refused']]);
  const gone = await device(5);
  assert.deepEqual([gone.state, gone.reason], ['dead', 'Unregistered']);
  assert.deepEqual(await owed.query(`select * from device_token where token = '${apnsToken(5)}'`), []);
});

test('a token registered again since the service lost it is kept', async () => {
  await addDevice(6);
  apns.devices.set(apnsToken(6), { reason: 'Unregistered', timestamp: Date.now() - 3600e3 });
  await remind([6]);
  assert.equal((await waits(6)).reason, 'Unregistered');
  assert.equal((await device(6)).state, 'live');
});

test('a token of the other environment is tried there once, where the app is in both', async () => {
  await addDevice(7);
  apns.devices.set(apnsToken(7), { reason: 'BadDeviceToken' });
  await remind([7]);
  const end = await ended(7); // this app is in production alone
  assert.deepEqual([end.state, end.channel], ['sent', 'sms']);
  assert.equal((await device(7)).state, 'dead');
});

test('a token that names somebody else gets nothing', async () => {
  await addDevice(8);
  await owed.execute(`update device_token set customer_id = customer_id + 1 where token = '${apnsToken(8)}'`);
  await remind([8]);
  assert.equal((await ended(8)).channel, 'sms');
  assert.deepEqual(takenBy(8), []);
});

test('what nobody knows the fate of is sent again under its id, but not after payment', async () => {
  for (const n of [10, 11]) await addDevice(n);
  apns.rules.add({ target: apnsToken(10), times: 1, lost: 8 });
  apns.rules.add({ target: apnsToken(11), times: 1, lost: 8 });
  await remind([10, 11]);
  for (const n of [10, 11]) assert.equal((await waits(n)).state, 'unknown');
  await pay(11);
  assert.equal((await ended(10)).state, 'sent');
  const [push] = await pushes(10);
  assert.deepEqual([push.state, push.attempts > 1, push.unknown_count], ['accepted', true, 1]);
  assert.deepEqual(takenBy(10).map(({ id }) => id), [push.push_id, push.push_id]); // the service had taken both
  const [paid] = await pushes(11);
  assert.deepEqual([paid.fate, paid.unknown_count], ['cancelled', 1]);
  assert.equal(takenBy(11).filter(({ id }) => id === paid.push_id).length, 1);
});

test('what crosses its payment is counted, with the gap', async () => {
  await addDevice(12);
  apns.rules.add({ target: apnsToken(12), times: 1, delay: 1500 });
  await remind([12]);
  await eventually(async () => (await reminder(12)).state === 'claimed', { what: 'the claim', every: 10 });
  await pay(12);
  assert.equal((await ended(12)).state, 'sent');
  const [{ gap }] = await owed.query(`select (e.facts::json ->> 'crossed_ms')::int as gap from event e
    join invoice i using (customer_id, invoice_id) where i.number = 'FV/12' and e.kind = 'reminder.sent'
    and e.facts::json ->> 'step' = 'due'`);
  assert.ok(gap > 0 && gap < 1500, `${gap} ms`);
  const metrics = await (await fetch(`http://127.0.0.1:${owed.gateway.operatorsPort}/metrics`)).text();
  assert.match(metrics, /^dunlin_reminders_crossed_total 1$/m);
  assert.match(metrics, new RegExp(`^dunlin_reminders_crossed_ms_total ${gap}$`, 'm'));
});

test('what one device took was sent, whatever becomes of the other one later', async () => {
  await addDevice(13);
  await addDevice(13, { service: 'fcm', token: fcmToken(13) });
  apns.rules.add({ target: apnsToken(13), times: 1, answer: { status: 500, reason: 'InternalServerError' } });
  apns.rules.add({ target: apnsToken(13), times: 1, answer: { status: 413, reason: 'PayloadTooLarge' } });
  await remind([13]);
  assert.deepEqual([(await ended(13)).state, (await reminder(13)).reason], ['sent', 'accepted']);
  assert.deepEqual((await pushes(13)).map(({ state, reason }) => [state, reason]), [['refused', 'PayloadTooLarge'], ['accepted', 'accepted']]);
});

test('of several devices the longest wait counts: no service is asked before the time it said', async () => {
  await addDevice(14);
  await addDevice(14, { service: 'fcm', token: fcmToken(14) });
  apns.rules.add({ target: apnsToken(14), times: 1, answer: { status: 429, reason: 'TooManyRequests', retryAfter: 30 } });
  fcm.rules.add({ target: fcmToken(14), times: 1, answer: { error: 'INTERNAL' } });
  await remind([14]);
  await waits(14);
  const [{ wait }] = await owed.query(`select extract(epoch from greatest(r.due_at, r.try_at) - p.claimed_at)::float8 as wait
    from reminder r join push p using (customer_id, invoice_id, step) join invoice i using (customer_id, invoice_id)
    where i.number = 'FV/14' and r.step = 'due' limit 1`);
  assert.ok(wait >= 30 && wait < 60, `${wait} s`);
  await pay(14);
});

test('GOAWAY and cut connections in the middle lose and double nothing', async () => {
  const numbers = Array.from({ length: 20 }, (_, i) => 20 + i);
  for (const n of numbers) await addDevice(n);
  const count = apns.accepted.length;
  apns.rules.add({ target: apnsToken(25), times: 1, goaway: { last: 'here', json: { reason: 'Shutdown' } } });
  apns.rules.add({ target: apnsToken(32), times: 1, cut: 'before' });
  await remind(numbers);
  for (const n of numbers) assert.equal((await ended(n, 'due', { within: 30000 })).state, 'sent');
  const all = (await Promise.all(numbers.map((n) => pushes(n)))).flat();
  assert.deepEqual(all.map(({ state }) => state), numbers.map(() => 'accepted'));
  const targets = new Set(numbers.map(apnsToken)); // whose thank-you was due before may have it only now
  const ids = apns.accepted.slice(count).filter(({ target }) => targets.has(target)).map(({ id }) => id);
  assert.deepEqual([...new Set(ids)].sort(), all.map(({ push_id: id }) => id).sort());
  const mayBeTwice = new Set(all.filter(({ unknown_count: unknown }) => unknown > 0).map(({ push_id: id }) => id));
  assert.deepEqual(ids.filter((id, i) => ids.indexOf(id) !== i && !mayBeTwice.has(id)), []);
});

test('each answer is counted on /metrics by its word and its time, what was not answered apart', async () => {
  const text = await (await fetch(`http://127.0.0.1:${owed.gateway.operatorsPort}/metrics`)).text(), metrics = parseMetrics(text);
  const mine = ({ labels }) => labels.service === 'apns' && labels.environment === 'production';
  const outcomes = metrics.get('dunlin_push_outcomes_total').samples.filter(mine);
  const counted = (outcome) => Object.fromEntries(outcomes.filter(({ labels, value }) => labels.outcome === outcome && value > 0)
    .map(({ labels, value }) => [labels.reason, value]));
  const refusals = [...apns.answered].filter(([label]) => label !== '200').map(([label, times]) => [label.split(' ')[1], times]);
  assert.ok(refusals.length >= 4);
  assert.deepEqual(counted('refused'), Object.fromEntries(refusals.sort()));
  const unknown = counted('unknown'), lost = Object.values(unknown).reduce((sum, count) => sum + count, 0);
  assert.equal(unknown.reset, 2);
  // The fake had taken the two it did not answer, and what was under way when it cut the connection.
  const answered = apns.answered.get('200');
  assert.ok(counted('accepted')[''] <= answered - 2 && counted('accepted')[''] >= answered - lost, text);
  const answers = metricOf(metrics, 'dunlin_push_answer_seconds_count', { service: 'apns' });
  assert.equal(answers, counted('accepted')[''] + refusals.reduce((sum, [, times]) => sum + times, 0));
  assert.ok(metricOf(metrics, 'dunlin_push_goaways_total', { service: 'apns' }) >= 1);
  assert.equal(metricOf(metrics, 'dunlin_push_tokens_total', { service: 'apns' }), 1);
});

test('a process killed in the middle: the next one tries again what it left, under the same id', async () => {
  await addDevice(41);
  const hang = apns.rules.add({ target: apnsToken(41), never: true });
  await remind([41]);
  await eventually(async () => (await reminder(41)).state === 'claimed', { what: 'the claim', every: 10 });
  const [work] = owed.gateway.processes('work');
  process.kill(work, 'SIGKILL');
  hang();
  // Three minutes from now somebody would look.
  await owed.execute(`update push set claimed_at = claimed_at - interval '4 minutes' where state = 'claimed';
    update reminder set claimed_at = claimed_at - interval '4 minutes' where state = 'claimed'`);
  assert.equal((await ended(41, 'due', { within: 30000 })).state, 'sent');
  const [push] = await pushes(41);
  assert.deepEqual([push.state, push.attempts > 1, push.unknown_count], ['accepted', true, 1]);
  assert.deepEqual(takenBy(41).map(({ id }) => id), [push.push_id]);
});

// A stopped pool looks again after a minute; a work process that begins anew, at once.
async function restartWork() {
  const [work] = owed.gateway.processes('work');
  process.kill(work, 'SIGTERM');
  await eventually(() => !owed.gateway.processes('work').includes(work), { what: 'its end' });
}

// Three of APNs, two of FCM; each is refused at least once a service before anything is mended.
async function refusedAndMended(first, { word, error }) {
  const mine = [0, 1, 2].map((n) => first + n), theirs = [3, 4].map((n) => first + n), all = [...mine, ...theirs];
  for (const n of mine) await addDevice(n);
  for (const n of theirs) await addDevice(n, { service: 'fcm', token: fcmToken(n) });
  const mends = [apns.rules.add({ answer: { reason: word } }), fcm.rules.add({ answer: { error } })];
  await remind(all);
  await eventually(async () => {
    const rows = (await Promise.all(all.map((n) => pushes(n)))).flat(), told = rows.map(({ reason }) => reason);
    return told.includes(word) && told.includes(error) && rows.every(({ state }) => state !== 'claimed');
  }, { what: 'both to refuse', every: 10 });
  const states = (await Promise.all(all.map((n) => reminder(n)))).map(({ state }) => state);
  assert.deepEqual(states.filter((state) => !['scheduled', 'claimed'].includes(state)), []); // some are on their next attempt
  for (const mend of mends) mend();
  await restartWork();
  for (const n of all) assert.deepEqual([n, (await ended(n, 'due', { within: 30000 })).channel, (await reminder(n)).state], [n, 'push', 'sent']);
}

test('a credential that is refused fails no reminder: all arrive once it is mended', () =>
  refusedAndMended(60, { word: 'InvalidProviderToken', error: 'PERMISSION_DENIED' }));

test('nor does a token that counts as expired', () =>
  refusedAndMended(65, { word: 'ExpiredProviderToken', error: 'UNAUTHENTICATED' }));

test('an access token that is taken back is fetched anew, and what it carried arrives', async () => {
  const numbers = [70, 71, 72];
  for (const n of numbers) await addDevice(n, { service: 'fcm', token: fcmToken(n) });
  fcm.rules.add({ times: 1, answer: { error: 'UNAUTHENTICATED' } });
  await remind(numbers);
  for (const n of numbers) assert.equal((await ended(n)).state, 'sent');
});

test('a token that stays gone after all is forgotten, whenever the service says it went', async () => {
  await addDevice(73);
  apns.devices.set(apnsToken(73), { reason: 'Unregistered', timestamp: Date.now() - 3600e3 });
  await remind([73]);
  for (let attempt = 1; attempt < 3; ++attempt) {
    const [push] = await eventually(async () => {
      const rows = await pushes(73);
      return rows[0]?.attempts >= attempt && rows[0].state !== 'claimed' && (await reminder(73)).state === 'scheduled' && rows;
    }, { what: `attempt ${attempt}`, every: 10 });
    assert.deepEqual([push.state, (await device(73)).state], ['waiting', 'live']);
    await remind([73]); // the minute is over
  }
  const end = await ended(73);
  assert.deepEqual([end.state, end.channel, (await device(73)).state], ['sent', 'sms', 'dead']);
});

test('where there is no room nothing is claimed, and SMS goes on', async () => {
  for (const n of [42, 43, 44]) await addDevice(n, { service: 'fcm', token: fcmToken(n) });
  await fcm.close();
  await owed.execute("update device set state = 'live' where false"); // the database is there
  await eventually(async () => {
    await remind([45]); // by SMS
    return (await ended(45)).state === 'sent';
  });
  // Its connections are gone: the service is down, and is not waited for.
  await remind([42, 43, 44, 46]);
  await addDevice(47);
  await remind([47]);
  assert.equal((await ended(46)).channel, 'sms');
  assert.equal((await ended(47)).channel, 'push');
  for (const n of [42, 43, 44]) assert.equal((await reminder(n)).state, 'scheduled');
});

test('a device whose service stays down keeps a reminder only as long as its pushes are of use', async () => {
  const claims = [[48, 'accepted', null], [49, 'accepted', 'waiting'], [50, 'expired', 'waiting']];
  for (const [n, apple, google] of claims) {
    await addDevice(n);
    await addDevice(n, { service: 'fcm', token: fcmToken(n) });
    for (const [service, state] of [['apns', apple], ['fcm', google]]) {
      if (state) await owed.execute(`insert into push (customer_id, invoice_id, step, installation, state, reason, expires_at, claimed_at)
        select customer_id, invoice_id, 'due', 'installation-${n}-${service}', '${state}', 'test', now() - interval '1 second',
          now() - interval '1 day' from invoice where number = 'FV/${n}'`);
    }
  }
  await remind(claims.map(([n]) => n));
  assert.deepEqual(await Promise.all(claims.map(async ([n]) => (await ended(n)).state)), ['sent', 'sent', 'failed']);
});

test('so many ended as were claimed, and the chains are whole', async () => {
  const fates = await owed.fates(), all = Object.values(fates).reduce((sum, count) => sum + count, 0);
  assert.equal(all, (await owed.query('select count(*)::int as count from push'))[0].count);
  assert.equal(fates.lost, undefined);
  await assertBooksBalance(owed);
});
