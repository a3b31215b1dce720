// Bounces, from a mailbox on a real IMAP server to the reminder and the address they are of.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { eventually } from '../support/demo.mjs';
import { request } from '../support/https.mjs';
import { startMailGateway } from '../support/mail_gateway.mjs';
import { metricOf, parseMetrics } from '../support/prometheus.mjs';

const owed = await startMailGateway(8, { hasBounces: true }), { imap } = owed;
const { remind, reminder, server } = owed;

const sample = (name) => readFileSync(new URL(`../fuzz/corpus/dsn/${name}.eml`, import.meta.url), 'utf8');
const bounceOf = (name, sender) => sample(name).replaceAll('bounce+0Ab1Cd2Ef3Gh4Ij5Kl@b.example', sender);
const faultOf = async (n) => (await owed.query(`select f.* from contact_fault f join customer using (customer_id)
  where reference = 'K${n}'`))[0];
const metric = async (name) => metricOf(parseMetrics((await request(
  `http://127.0.0.1:${owed.gateway.operatorsPort}/metrics`)).text), `dunlin_${name}_total`);

async function sent(n) {
  await remind(n, `row${n}@example.com`);
  await eventually(async () => (await reminder(n)).state === 'sent', { what: `mail ${n}`, every: 20 });
  return server.to(`row${n}@example.com`)[0].from;
}
const told = (n, delivery) => eventually(async () => {
  const row = await reminder(n);
  return row.delivery === delivery && row;
}, { what: `reminder ${n} is ${delivery}`, every: 20 });

test('a mailbox that is not there ends the address, and the mail is put away', async () => {
  const sender = await sent(0);
  assert.match(sender, /^bounce\+[0-9A-Za-z]{18}@bounces\.bank\.example$/);
  imap.deliver(bounceOf('postfix_failed', sender));
  await told(0, 'undelivered');
  const fault = await faultOf(0);
  assert.deepEqual([fault.channel, fault.is_dead, fault.reason], ['email', true, 'bounced 5.1.1']);
  await eventually(() => imap.inbox().length === 0 && imap.folder('Done').length === 1, { what: 'the bounce is put away' });
});

test('a full mailbox counts, policy raises the alarm, and neither ends the address', async () => {
  imap.deliver(bounceOf('exchange_full', await sent(1)));
  imap.deliver(bounceOf('gmail_policy', await sent(2)));
  await told(1, 'undelivered');
  await told(2, 'undelivered');
  const fault = await faultOf(1);
  assert.deepEqual([fault.is_dead, fault.soft_count], [false, 1]);
  assert.equal(await faultOf(2), undefined);
  assert.match(owed.gateway.log, /event="mail refused" why="bounced 5\.7\.26"/);
});

test('a delay is no failure, and a delivery is heard of', async () => {
  const sender = await sent(3);
  imap.deliver(bounceOf('postfix_delayed', sender));
  await told(3, 'sent');
  imap.deliver(bounceOf('delivered', sender));
  await told(3, 'delivered');
  imap.deliver(bounceOf('exchange_full', sender)); // weaker: too late
  imap.deliver(bounceOf('exchange_full', await sent(4)));
  await told(4, 'undelivered');
  assert.equal((await reminder(3)).delivery, 'delivered');
});

test('what nobody here has signed, or is no bounce, is put away and does nothing', async () => {
  const strange = await metric('bounces_strange'), sender = await sent(5);
  const forged = sender.replace(/.@/, (c) => `${c[0] === '0' ? '1' : '0'}@`);
  imap.deliver(bounceOf('postfix_failed', forged));
  imap.deliver(bounceOf('away', sender));
  imap.deliver('garbage\n');
  imap.deliver('x'.repeat(1 << 20));
  await eventually(() => imap.inbox().length === 0, { what: 'all are put away' });
  assert.equal(await metric('bounces_strange'), strange + 4);
  assert.equal((await reminder(5)).delivery, null);
  assert.equal(server.mails.filter(({ to }) => !/^row\d@example\.com$/.test(to)).length, 0); // nobody was answered
});
