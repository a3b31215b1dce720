// The ladder of reminders under a clock that can be moved: in order, at its times, never after a
// payment.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, startDemo, temporaryFolder } from '../support/demo.mjs';
import { decide, invoiceOf, invoicesFile, invoiceWhen, startPayment } from '../support/payer.mjs';

const DAY = 86400;

const ladder = ['issue', 'before_2', 'due', 'after_2', 'after_9', 'after_16'];
const stepsOf = async (demo, number) => (await demo.pane('/phone.json')).filter((message) => message.number === number)
  .reverse().map(({ step }) => step);

test('moved on day by day, each step comes once, in order, at its time', async () => {
  const folder = temporaryFolder();
  const demo = await startDemo({ args: ['--import', invoicesFile(folder, [['L/1', '100,00', 5], ['L/2', '100,00', 5]])] });
  await demo.setClock('pause');
  for (let day = 0; day <= 26; ++day) {
    // First what is due today: a day later it would be a missed step.
    const { now } = await demo.setClock('advance', { seconds: day === 0 ? 0 : DAY });
    await eventually(async () => {
      const [{ waiting, planned }] = await demo.query(`select count(*)::int as waiting, (select bool_and(through > timestamp '${now}'::date) and not exists (select from invoice where needs_plan) from planned)
        as planned from reminder where state in ('scheduled', 'claimed') and due_at <= '${now}'`);
      return planned && waiting === 0;
    }, { what: `all sent by ${now}` });
  }
  for (const number of ['L/1', 'L/2']) assert.deepEqual(await stepsOf(demo, number), ladder);
  const { reminders } = await invoiceOf(demo, 'L/1');
  assert.deepEqual(reminders.map(({ step }) => step), ladder);
  const planned = new Map(reminders.map(({ step, due_at: at }) => [step, at]));
  for (const { step, at, number } of (await demo.pane('/phone.json')).filter((message) => message.number === 'L/1')) {
    const late = Date.parse(at) - Date.parse(planned.get(step));
    assert.ok(late >= 0 && late <= DAY * 1000, `${number} ${step} ${late / 1000} s late`);
  }
  const local = new Intl.DateTimeFormat('pl-PL', { hour: '2-digit', minute: '2-digit', timeZone: 'Europe/Warsaw' });
  for (const step of ladder.slice(1)) assert.equal(local.format(new Date(planned.get(step))), '10:00', step);
});

test('after a jump of three weeks only the newest missed step goes out, the others say why not', async () => {
  const folder = temporaryFolder();
  const demo = await startDemo({ args: ['--import', invoicesFile(folder, [['J/1', '100,00', 5]])] });
  await demo.setClock('pause');
  await eventually(async () => (await stepsOf(demo, 'J/1')).length === 1 || (await invoiceOf(demo, 'J/1')).reminders[0].state === 'scheduled');
  await demo.setClock('advance', { seconds: 16 * DAY });
  const invoice = await invoiceWhen(demo, 'J/1', ({ reminders }) => reminders.find(({ step }) => step === 'after_9')?.state === 'sent');
  const sent = await stepsOf(demo, 'J/1');
  const { steps } = (await demo.call(`/invoices/${invoice.id}/plan`)).json();
  const word = Object.fromEntries(steps.map((step) => [step.step, step]));
  for (const step of ['before_2', 'due', 'after_2']) {
    assert.ok(!sent.includes(step), `${step} was sent`);
    assert.match(word[step].why_not, /missed/);
  }
  assert.equal(word.after_9.why_not, 'planned before');
  assert.equal(word.after_16.goes, true);
});

test('a hold rests it, its release goes on at the right step', async () => {
  const folder = temporaryFolder();
  const demo = await startDemo({ args: ['--import', invoicesFile(folder, [['H/1', '100,00', 3]])] });
  await demo.setClock('pause');
  const { id } = await invoiceOf(demo, 'H/1');
  const held = await demo.call(`/invoices/${id}/holds`, { method: 'POST', body: JSON.stringify({ kind: 'dispute' }) });
  assert.equal(held.status, 201);
  const before = await stepsOf(demo, 'H/1');
  await demo.setClock('advance', { seconds: 4 * DAY });
  await demo.setClock('advance', { seconds: 2 * DAY });
  await eventually(async () => (await demo.query('select 1 as one')).length === 1);
  assert.deepEqual(await stepsOf(demo, 'H/1'), before);
  const { hold } = held.json();
  assert.equal((await demo.call(`/invoices/${id}/holds/${hold}`, { method: 'DELETE' })).status, 204);
  await eventually(async () => (await stepsOf(demo, 'H/1')).at(-1) === 'after_2', { what: 'the newest missed step' });
});

test('no random history sends a reminder after the payment', async () => {
  const folder = temporaryFolder();
  const numbers = Array.from({ length: 24 }, (_, i) => `R/${i + 1}`);
  const demo = await startDemo({ args: ['--import', invoicesFile(folder, numbers.map((number, i) => [number, '30,00', (i % 12) - 4]), 10)] });
  const seed = Number(process.env.DUNLIN_SEED ?? Date.now() % 100000);
  let state = seed;
  const draw = (below) => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * below);
  };
  const payments = [];
  for (let turn = 0; turn < 40; ++turn) {
    if (draw(3) > 0) await demo.setClock('advance', { seconds: draw(2 * DAY) });
    const number = numbers[draw(numbers.length)];
    const { link, due_minor: due } = await invoiceOf(demo, number);
    if (due <= 0) continue;
    const action = ['pay', 'pay', 'refuse', 'part'][draw(4)];
    payments.push(startPayment(demo, link)
      .then((page) => decide(page, action, action === 'part' ? '10,00' : undefined)).catch(() => {}));
  }
  await Promise.all(payments);
  await eventually(async () => (await demo.pane('/bank/payments.json')).every(({ callbacks }) => callbacks.told === callbacks.delivered), { what: 'all told' });
  await demo.setClock('advance', { seconds: 30 * DAY });
  await eventually(async () => {
    const [{ waiting }] = await demo.query("select count(*)::int as waiting from reminder r join invoice i using (customer_id, invoice_id) where (r.state in ('scheduled', 'claimed') or i.needs_plan) and i.due_minor > 0 and not exists (select from payment_allocation a join payment p using (customer_id, payment_no) where a.customer_id = i.customer_id and a.invoice_id = i.invoice_id and p.state = 'pending')");
    return waiting === 0;
  }, { what: 'the ladders run out', within: 30000 });
  const wrong = await demo.query(`
    select i.number, e.event_no, e.facts
    from event e join invoice i using (customer_id, invoice_id)
    where e.kind = 'reminder.claimed' and e.facts::json ->> 'step' not like 'thanks%'
      and ((e.facts::json ->> 'due_minor')::bigint <= 0
        or (select sum(l.amount_minor) from ledger_entry l
            where l.customer_id = e.customer_id and l.invoice_id = e.invoice_id
              and l.at < e.at - interval '2 seconds') <= 0)`);
  assert.deepEqual(wrong, [], `seed ${seed}`);
  const left = () => demo.query("select i.number from reminder r join invoice i using (customer_id, invoice_id) where i.due_minor <= 0 and r.state in ('scheduled', 'claimed') and r.step not like 'thanks%'");
  await eventually(async () => (await left()).length === 0, { what: `no reminder of what is paid waits, seed ${seed}` });
});
