// Reminders as voice messages through a fake of SMSAPI's vms.do.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';

import { startSmsapi } from '../fake/smsapi.mjs';
import { atEnd, temporaryFolder } from '../support/cleanup.mjs';
import { eventually } from '../support/eventually.mjs';
import { startOwed } from '../support/owed.mjs';

const token = path.join(temporaryFolder(), 'token');
writeFileSync(token, 'sms-token-1234', { mode: 0o600 });

// Customers who prefer a call; reminders of a step whose way is voice.
async function startVoice(voice) {
  const fake = await startSmsapi();
  atEnd(() => fake.close());
  const owed = await startOwed(3, { workers: 1, voice: { gateway: 'smsapi', url: `${fake.url}/vms.do`, token_file: token, part_price: '0.2', point_price: '0', ...voice } });
  await owed.planned();
  await owed.execute(`update reminder set state = 'cancelled', reason = 'test' where state = 'scheduled';
    update invoice set needs_plan = false;
    update customer set phone = case reference when 'K2' then '+380441234567' else '+4850123450' || substr(reference, 2) end;
    insert into scenario (name, position, created_at) values ('people', 99, now());
    insert into scenario_version (scenario_id, version, source, catch_up_days, created_at, created_by) select scenario_id, 1, '', 7, now(), 'test' from scenario where name = 'people';
    insert into scenario_step (scenario_id, version, step_no, name, anchor, offset_days, is_working_days, on_day_off, at_second, channels, wait_seconds, unless, template, tone)
      select scenario_id, 1, 0, 'ring', 'due', 0, false, 'same', 0, array['voice'], array[0], array[''], 'late', 'neutral' from scenario where name = 'people'`);
  return { fake, owed,
    remind: (n) => owed.execute(`insert into reminder (customer_id, invoice_id, step, due_at, state, reason, scenario_id, version, step_no, channel_no)
      select i.customer_id, i.invoice_id, 'ring', now(), 'scheduled', 'test', s.scenario_id, 1, 0, 0 from invoice i, scenario_step s
      where i.number = 'FV/${n}' and s.name = 'ring'; notify dunlin_reminder`),
    ended: (n, wanted) => eventually(async () => {
      const [row] = await owed.query(`select r.* from reminder r join invoice i using (customer_id, invoice_id) where i.number = 'FV/${n}' and r.step = 'ring'`);
      return wanted(row) && row;
    }, { what: `reminder ${n}` }) };
}

let voice;
before(async () => {
  voice = await startVoice({ hour_from: 0, hour_to: 24, tries: 2, interval_s: 60 });
});

test('a voice message is read out to a Polish number, with its tries', async (t) => {
  // From 23:59 on its last try would ring tomorrow: it rightly waits.
  if (new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Warsaw', hour: '2-digit', minute: '2-digit' }).format() >= '23:58')
    return t.skip('it is midnight in Poland');
  await voice.remind(0);
  const row = await voice.ended(0, ({ state }) => state === 'sent');
  const [sent] = voice.fake.sent, [{ fields }] = voice.fake.requests;
  assert.deepEqual([sent.to, sent.kind, fields.try, fields.interval, fields.check_idx], ['48501234500', 'voice', '2', '60', '1']);
  assert.match(sent.idx, /^[0-9A-Za-z]{18}$/);
  assert.ok(sent.text.length > 20);
  assert.deepEqual([row.channel, Number(row.price_micro)], ['voice', 200000]);
  assert.deepEqual(voice.fake.complaints, []);
});

test('a foreign number is refused before the gateway is asked', async () => {
  await voice.remind(2);
  assert.equal((await voice.ended(2, ({ state }) => state === 'failed')).reason, 'not a Polish number');
  assert.ok(voice.fake.requests.every(({ fields }) => fields.to !== '380441234567'));
});

test('outside of its hours it waits until they begin', async () => {
  const hour = Number(new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Warsaw', hour: '2-digit' }).format());
  const from = (hour + 2) % 23, late = await startVoice({ hour_from: from, hour_to: from + 1, tries: 1 });
  await late.remind(1);
  const row = await late.ended(1, ({ try_at: tryAt }) => tryAt !== null);
  assert.deepEqual([row.state, row.reason], ['scheduled', 'outside of the hours for calls']);
  const at = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Warsaw', hour: '2-digit', minute: '2-digit' }).format(new Date(new Date(row.try_at).getTime() + 1000));
  assert.equal(at, `${String(from).padStart(2, '0')}:00`);
  assert.equal(late.fake.requests.length, 0);
});
