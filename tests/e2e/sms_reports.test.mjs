// Delivery reports as SMSAPI sends them, and as other gateways do: out of order, twice, bundled,
// of messages nobody knows, with a wrong secret, while the database is away.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { callBack, startSmsapi } from '../fake/smsapi.mjs';
import { temporaryFolder } from '../support/cleanup.mjs';
import { startOwed } from '../support/owed.mjs';
import { metricOf, parseMetrics } from '../support/prometheus.mjs';
import { request } from '../support/https.mjs';

const folder = temporaryFolder(), secret = 'r3port-Secret_of_the_address';
const file = (name, text) => {
  writeFileSync(path.join(folder, name), text, { mode: 0o600 });
  return path.join(folder, name);
};
let fake, owed, url, voiceUrl;

before(async () => {
  fake = await startSmsapi();
  owed = await startOwed(12, { workers: 1,
    sms: { gateway: 'smsapi', url: `${fake.url}/sms.do`, token_file: file('token', 'sms-token-1234'),
      report: { secret_file: file('secret', secret) } },
    voice: { gateway: 'generic', url: `${fake.url}/vms.do`, fields: ['to={to}'], id_path: 'id', report: { secret_file: file('voice', `${secret}-voice`),
      id_field: 'CallSid', status_field: 'CallStatus', statuses: ['completed=delivered', 'no-answer=undelivered', 'failed=dead', 'ringing=waiting'], reply: 'thank you' } } });
  const { public: { url: base } } = owed.gateway.settings;
  url = `${base}/callbacks/sms/${secret}`;
  voiceUrl = `${base}/callbacks/voice/${secret}-voice`;
  await owed.planned();
  await owed.execute(`update reminder set state = 'cancelled', reason = 'test' where state = 'scheduled';
    update customer set phone = '+4850000000' || substr(reference, 2)`);
});
after(() => fake.close());

// Customer `n` was sent an SMS that the gateway calls `id`.
async function sent(n, id, channel = 'sms') {
  await owed.execute(`with i as (select customer_id, invoice_id from invoice where number = 'FV/${n}'),
      r as (insert into reminder (customer_id, invoice_id, step, due_at, state, reason, channel, claimed_at, finished_at, message_no, delivery, address_hash)
        select customer_id, invoice_id, 'due', now(), 'sent', 'accepted', '${channel}', now(), now(), 1, 'sent', hashtextextended(k.phone, 0) from i join customer k using (customer_id)
        on conflict (customer_id, invoice_id, step) do update set state = 'sent', reason = 'accepted', channel = '${channel}',
          message_no = 1, delivery = 'sent', delivered_at = null, address_hash = excluded.address_hash returning customer_id)
    insert into gateway_message (channel, gateway_id, customer_id, message_no) select '${channel}', '${id}', customer_id, 1 from r`);
  return { id };
}

async function delivery(n) {
  const [row] = await owed.query(`select r.delivery from reminder r join invoice i using (customer_id, invoice_id)
    where i.number = 'FV/${n}' and r.step = 'due'`);
  return row.delivery;
}

async function faultOf(n) {
  const [row] = await owed.query(`select f.is_dead, f.soft_count, f.channel from contact_fault f join customer c using (customer_id)
    where c.reference = 'K${n}'`);
  return row;
}

const tell = (messages, statuses, more) => fake.report(messages, statuses, { url, ...more });
const ok = { status: 200, text: 'OK' };

async function counter(name) {
  const { text } = await request(`http://127.0.0.1:${owed.gateway.operatorsPort}/metrics`);
  return metricOf(parseMetrics(text), `dunlin_${name}_total`);
}

test('a report moves its message on, and is answered with OK alone', async () => {
  assert.deepEqual(await tell([await sent(0, 'A0')], [404]), ok);
  assert.equal(await delivery(0), 'delivered');
});

test('a weaker report after a stronger one changes nothing, and the same one twice is once', async () => {
  const message = await sent(1, 'A1');
  for (const status of [403, 404, 403, 408, 405, 404])
    assert.deepEqual(await tell([message], [status]), ok);
  assert.equal(await delivery(1), 'delivered');
  const events = await owed.query(`select e.kind, e.facts from event e join invoice i using (customer_id, invoice_id)
    where i.number = 'FV/1' and e.facts like '%report 404%'`);
  assert.equal(events.length, 1);
});

test('bundled reports reach each of their messages', async () => {
  const messages = [await sent(2, 'A2'), await sent(3, 'A3'), await sent(4, 'A4')];
  assert.deepEqual(await tell(messages, [404, 405, 408]), ok);
  assert.deepEqual([await delivery(2), await delivery(3), await delivery(4)], ['delivered', 'undelivered', 'unknown']);
  const more = [await sent(5, 'A5'), await sent(6, 'A6')];
  assert.deepEqual(await tell(more, [404]), ok); // a single status is said of all
  assert.deepEqual([await delivery(5), await delivery(6)], ['delivered', 'delivered']);
  const three = [await sent(5, 'B5'), await sent(6, 'B6'), await sent(7, 'B7')];
  assert.equal((await tell(three, [404, 405])).status, 400); // nobody can tell of whom
  assert.deepEqual([await delivery(5), await delivery(6), await delivery(7)], ['sent', 'sent', 'sent']);
});

test('they may come by POST', async () => {
  assert.deepEqual(await tell([await sent(7, 'A7')], [404], { method: 'POST' }), ok);
  assert.equal(await delivery(7), 'delivered');
});

test('a report of an unknown message is answered as any other, and counted', async () => {
  const before_ = await counter('reports_unknown');
  assert.deepEqual(await tell([{ id: 'NOBODY' }], [404]), ok);
  assert.deepEqual(await tell([{ id: 'NOBODY', idx: 'notacodeofoursatall' }], [404]), ok);
  assert.deepEqual(await tell([await sent(8, 'A8'), { id: 'NOBODY' }], [404, 404]), ok);
  assert.equal(await delivery(8), 'delivered');
  assert.equal(await counter('reports_unknown'), before_ + 3);
});

test('a report by the gateway\'s id alone that is quicker than our record is asked for again', async () => {
  await sent(1, 'CA8', 'voice');
  const tell_ = () => callBack(voiceUrl, 'POST', 'CallSid=CA9&CallStatus=completed');
  const before_ = await counter('reports_early');
  assert.deepEqual(await tell_(), { status: 200, text: 'thank you' }); // nothing is being sent
  await owed.execute(`update reminder r set state = 'claimed', delivery = null, claimed_at = now() from invoice i
    where i.number = 'FV/1' and r.customer_id = i.customer_id and r.invoice_id = i.invoice_id and r.step = 'due'`);
  assert.equal((await tell_()).status, 503);
  assert.equal(await counter('reports_early'), before_ + 1);
  await sent(1, 'CA9', 'voice'); // it is recorded
  assert.deepEqual(await tell_(), { status: 200, text: 'thank you' });
  assert.equal(await delivery(1), 'delivered');
});

test('a status nobody knows changes nothing and is told in the log, without what it names', async () => {
  assert.deepEqual(await tell([await sent(9, 'A9')], ['"4711\n']), ok);
  assert.equal(await delivery(9), 'sent');
  assert.match(owed.gateway.log, /report with an unknown status" channel=sms status="\?4711\?"/);
});

test('without the secret nothing is taken', async () => {
  const message = await sent(10, 'A10'), base = owed.gateway.settings.public.url;
  for (const wrong of [secret.slice(0, -1), `${secret}x`, secret.toUpperCase(), `${secret}-voice`, 'x'])
    assert.equal((await tell([message], [404], { url: `${base}/callbacks/sms/${wrong}` })).status, 404);
  assert.equal(await delivery(10), 'sent');
  assert.ok(!owed.gateway.log.includes(secret));
});

test('HEAD changes nothing; what is no report is refused', async () => {
  const message = await sent(11, 'A11');
  assert.equal((await callBack(`${url}?MsgId=${message.id}&status=404`, 'HEAD')).status, 200);
  assert.equal(await delivery(11), 'sent');
  for (const query of ['', '?status=404', '?MsgId=A11', '?MsgId=&status=404', `?status=404&MsgId=${'a,'.repeat(600)}`])
    assert.equal((await callBack(url + query)).status, 400, query.slice(0, 40));
});

test('another gateway has names, statuses and a reply of its own', async () => {
  await sent(0, 'CA1', 'voice');
  const post = (fields) => callBack(voiceUrl, 'POST', new URLSearchParams(fields).toString());
  assert.deepEqual(await post({ CallSid: 'CA1', CallStatus: 'ringing' }), { status: 200, text: 'thank you' });
  assert.equal(await delivery(0), 'sent');
  assert.deepEqual(await post({ CallSid: 'CA1', CallStatus: 'failed' }), { status: 200, text: 'thank you' });
  assert.equal(await delivery(0), 'undelivered');
  assert.deepEqual(await faultOf(0), { is_dead: true, soft_count: (await faultOf(0)).soft_count, channel: 'voice' });
});
