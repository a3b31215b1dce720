// How the demo's creditor duns: each preset chosen and walked for a week, a month in a minute, and the red
// switch.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertAccessible, assertFits, openBrowser, openPhone } from '../support/browser.mjs';
import { eventually, startDemo, temporaryFolder } from '../support/demo.mjs';
import { invoicesFile } from '../support/payer.mjs';

const DAY = 86400;

// What stands in each preset's messages, in Polish without its marks: by the step, whichever way it goes.
const texts = {
  consumer_lender: {
    before_7: /termin platnosci|Przypominamy:|Zbliza sie termin/,
    before_3: /termin platnosci|Przypominamy:|Zbliza sie termin/,
    due: /Dzis termin|jest dzisiaj/,
    late_3: /prosimy o wplate|ustal z nami nowy termin/i,
    late_3_split: /ratach|raty/,
    late_14: /co dzieje sie|odsetki rosna/,
    offer_31: /./,
  },
  bank: {
    mail_5: /szczegoly platnosci/,
    before_2: /Maly sygnal|i z glowy/,
    due: /Dzis termin|jest dzisiaj/,
    late_3: /Moze umknelo/,
    late_1: /Moze umknelo/,
    mail_6: /co dzieje sie/,
    late_10: /ustal z nami nowy termin/,
  },
  service_firm: {
    before_3: /przypominamy o terminie|i z glowy|Maly sygnal/,
    late_7: /termin minal|Nie widzimy wplaty/,
    late_14: /ustal z nami nowy termin/,
    due: /Dzis termin|jest dzisiaj/,
    late_1: /Moze umknelo/,
    late_10: /./,
    weekly: /./,
  },
  crm: {
    issue: /Nowa platnosc|czeka/,
    before_2: /i z glowy/,
    due: /Dzis termin/,
    weekly: /Nie widzimy wplaty/,
  },
  standard: {
    issue: /Nowa platnosc|czeka|termin platnosci/,
    before_2: /Przypominamy:|za dwa dni/,
    due: /Dzis termin|jest dzisiaj/,
    after_2: /./,
    after_9: /./,
    after_16: /./,
  },
};
// A week with debts due on each day sees at least these.
const seen = {
  consumer_lender: ['before_7', 'before_3', 'due', 'late_3'],
  bank: ['mail_5', 'before_2', 'due', 'mail_6', 'late_10'],
  service_firm: ['before_3', 'late_7', 'late_14'],
  crm: ['before_2', 'due', 'weekly'],
  standard: ['before_2', 'due', 'after_2', 'after_9'],
};

const marks = /[\u0300-\u036f]/g;
const plain = (text) => text.normalize('NFD').replace(marks, '').replaceAll('ł', 'l').replaceAll('Ł', 'L');
const stem = (step) => step.replace(/\+\d+$/, '').replace(/^(weekly)_\d+$/, '$1');

// All that is due has gone, and the planner has looked at the days up to its horizon. What a slow machine
// has given back is tried again a little later: the clock is moved there.
async function settled(demo) {
  const next = ({ now: shown }) => new Date(Date.parse(shown) + 1000).toISOString(); // it shows whole seconds
  let now = next(await demo.pane('/clock'));
  await eventually(async () => {
    const [state] = await demo.query(`
      select coalesce((select through > ('${now}'::timestamptz at time zone 'UTC' + interval '14 hours')::date from planned), false)
          and not exists (select from invoice where needs_plan) as is_planned, is_waiting, is_given_back
      from (select coalesce(bool_or(r.state = 'claimed' or r.try_at is null or r.try_at <= '${now}'), false) as is_waiting,
          coalesce(bool_or(r.state = 'scheduled' and r.try_at > '${now}'), false) as is_given_back
        from reminder r join invoice i using (customer_id, invoice_id)
        where (r.state = 'claimed' or (r.state = 'scheduled' and r.due_at <= '${now}'))
          and (i.due_minor <= 0) = (r.step like 'thanks%')) w`);
    if (state.is_given_back && !state.is_waiting) now = next(await demo.setClock('advance', { seconds: 60 }));
    return state.is_planned && !state.is_waiting && !state.is_given_back;
  }, { what: `all planned and sent by ${now}`, within: 60000 });
}

test('each preset can be chosen; from then on the messages are of its ladder and its texts', async () => {
  const rows = Array.from({ length: 56 }, (_, i) => [`T/${i}`, i % 2 ? '100,00' : '300,00', i - 14]);
  const demo = await startDemo({ args: ['--import', invoicesFile(temporaryFolder(), rows, 20)] });
  await demo.setClock('pause');
  await settled(demo);
  const { presets, in_force: [first] } = await demo.pane('/scenarios.json');
  assert.deepEqual(presets.map(({ scenario }) => scenario).sort(), Object.keys(texts).sort());
  assert.equal(first.name, 'standard', 'in force when nobody has chosen');
  for (const [name, phrases] of Object.entries(texts)) {
    const [newest] = await demo.pane('/phone.json?limit=1');
    await demo.pane('/scenario', { name });
    const { in_force: inForce } = await demo.pane('/scenarios.json');
    assert.deepEqual(inForce.map((one) => one.name), [name], 'it and no other');
    const { now } = await demo.pane('/clock');
    await eventually(async () => {
      const [{ left }] = await demo.query(`select count(*)::int as left from reminder r join scenario s using (scenario_id)
        where r.state = 'scheduled' and r.due_at > '${now}' and s.name <> '${name}' and r.step not like '%+%'`);
      return left === 0;
    }, { what: 'nothing of another ladder is to come' });
    for (let day = 0; day < 7; ++day) {
      await demo.setClock('advance', { seconds: DAY });
      await settled(demo);
    }
    const messages = (await demo.pane('/phone.json')).filter(({ id, step }) => id > (newest?.id ?? 0) && !step.startsWith('thanks')
      && !/^offer_\d$/.test(step)); // an individual offer is of no ladder
    const steps = new Set(messages.map(({ step }) => stem(step)));
    for (const step of seen[name]) assert.ok(steps.has(step), `${name} has sent ${step}, of ${[...steps]}`);
    for (const { step, title, body, number } of messages)
      assert.match(plain(`${title ?? ''}\n${body}`), phrases[stem(step)] ?? /there is no such step/, `${name} ${step} ${number}`);
    const pairs = messages.map(({ number, step, channel, to }) => `${number} ${step} ${channel} ${to}`);
    assert.equal(new Set(pairs).size, pairs.length, 'no step twice');
    const list = { service_firm: '/calls.json', crm: '/handovers.json' }[name];
    if (list) {
      const items = await demo.pane(list);
      assert.ok(items.length > 0, `${name} has put something on ${list}: ${JSON.stringify(await demo.query('select list, state, count(*)::int from work_item group by 1, 2'))}`);
      assert.match(items[0].text, /\S/);
    }
    if (name === 'crm') assert.ok(messages.every(({ channel }) => channel === 'sms'));
  }
  await assert.rejects(demo.pane('/scenario', { name: 'nobody' }), /422/);
});

test('a month in a minute: people pay, everything goes in its time, and then the clock stands', async () => {
  const demo = await startDemo();
  const browser = await openBrowser();
  const page = await openPhone(browser, { width: 1440, height: 1000, isMobile: false });
  await page.goto(demo.panes);
  await page.locator('[data-preset=service_firm]').click();
  await page.locator('[data-preset=service_firm][aria-pressed=true]').waitFor();
  await page.locator('[data-month]').click();
  const { month } = await eventually(async () => {
    const clock = await demo.pane('/clock');
    return clock.month ? clock : null;
  }, { what: 'the month has begun' });
  assert.equal(Date.parse(month.until) - Date.parse(month.from), 30 * DAY * 1000);
  const end = await eventually(async () => {
    const clock = await demo.pane('/clock');
    return clock.running || !clock.month.done ? null : clock;
  }, { what: 'the month is over', within: 400000 });
  assert.equal(end.now, end.month.until, 'it stands where the month ends');
  assert.ok(end.month.paid > 100, `${end.month.paid} have paid`);
  assert.ok(end.month.opened > 30, `${end.month.opened} pushes were opened`);
  await settled(demo);
  const [books] = await demo.query(`
    select count(*) filter (where r.state = 'skipped' and r.reason = 'missed'
        and not exists (select from offer o where o.customer_id = r.customer_id and o.invoice_id = r.invoice_id))::int as missed,
      count(*) filter (where r.claimed_at > i.paid_at and r.step not like 'thanks%')::int as after_payment,
      count(*) filter (where r.state = 'cancelled' and r.reason = 'paid')::int as struck,
      count(*) filter (where r.state = 'sent' and r.step like 'thanks%')::int as thanks,
      count(*) filter (where r.state in ('failed', 'uncertain'))::int as failed,
      count(distinct (r.finished_at at time zone 'UTC')::date) filter (where r.state = 'sent')::int as days,
      max(extract(epoch from r.claimed_at - greatest(r.due_at, r.try_at)) / 3600)
        filter (where r.scenario_id is not null and r.due_at > '${month.from}'::timestamptz + interval '1 day')::float as late_hours
    from reminder r join invoice i using (customer_id, invoice_id)`);
  assert.equal(books.missed, 0, 'no step was missed because the machine was slow');
  assert.equal(books.after_payment, 0, 'nobody who had paid was reminded');
  assert.equal(books.failed, 0);
  assert.ok(books.late_hours <= 2.1, `nothing went later than two hours after its time: ${books.late_hours}`);
  assert.ok(books.struck > 10 && books.thanks > 100 && books.days >= 28, JSON.stringify(books));
  const { figures } = await demo.pane('/state.json');
  assert.ok(Object.values(figures.segments).every((count) => count > 10), JSON.stringify(figures.segments));
  assert.ok(figures.calls > 0, 'the phone team has work');
  await page.locator('.work summary').first().click();
  await page.getByRole('button', { name: /^Why\?/ }).first().click();
  await page.locator('.story li').first().waitFor();
  await assertAccessible(page, 'the overview after a month');
  await assertFits(page, 'the overview after a month');
  assert.deepEqual(page.complaints, []);
});

test('the red switch stops all, at once, and lets it go on', async () => {
  const rows = Array.from({ length: 9 }, (_, i) => [`R/${i}`, '50,00', 5]);
  const demo = await startDemo({ args: ['--import', invoicesFile(temporaryFolder(), rows)] });
  await demo.setClock('pause');
  await settled(demo);
  const before = (await demo.pane('/phone.json')).length;
  const browser = await openBrowser();
  const page = await openPhone(browser);
  await page.goto(demo.panes);
  await page.locator('[data-stop]').click();
  await page.getByText('All sending is stopped').waitFor();
  await demo.setClock('advance', { seconds: 4 * DAY });
  const waiting = await eventually(async () => {
    const { figures, sending } = await demo.pane('/state.json');
    return sending.stopped && figures.waiting >= rows.length ? figures.waiting : 0;
  }, { what: 'messages wait' });
  assert.equal((await demo.pane('/phone.json')).length, before);
  await page.getByText(`${waiting} messages wait`).waitFor();
  await assertFits(page, 'the overview, stopped');
  await page.locator('[data-stop]').click();
  await settled(demo);
  const after = await demo.pane('/phone.json');
  assert.ok(after.length >= before + rows.length, `${after.length} messages`);
  assert.equal((await demo.pane('/state.json')).sending.stopped, false);
  await page.locator('.alarm:empty').waitFor({ state: 'attached' });
});

test('a campaign of fifty rows goes at its time, and who has not paid two days later is to be called', async () => {
  const demo = await startDemo({ args: ['--import', invoicesFile(temporaryFolder(), [['C/1', '50,00', 60]])] });
  await demo.setClock('pause');
  const made = await demo.pane('/campaign', {});
  assert.equal(made.rows, 50);
  const { now } = await demo.pane('/clock');
  assert.ok(Math.abs(Date.parse(made.send_at) - Date.parse(now) - 3600 * 1000) <= 1000, 'an hour from now');
  const state = async () => (await demo.pane('/campaigns.json'))[0].state;
  await eventually(async () => (await state()) === 'queued', { what: 'it is queued' });
  const sent = async () => (await demo.pane('/phone.json?channel=sms')).filter(({ step }) => step.startsWith('campaign'));
  assert.equal((await sent()).length, 0, 'not before its time');
  await demo.setClock('advance', { seconds: 3700 });
  const messages = await eventually(async () => ((await sent()).length === 50 ? sent() : null), { what: 'fifty SMS' });
  assert.equal(new Set(messages.map(({ to }) => to)).size, 50);
  for (const { body, link } of messages) assert.match(body, new RegExp(`Umowa UM/1/\\d\\d: .*${link}`));
  assert.deepEqual(await demo.pane('/calls.json'), []);
  // What is on the phone may not be recorded yet; it would count from the day that comes now.
  await eventually(async () => (await demo.query(`select from reminder where campaign_id is not null and state = 'sent'`)).length === 50,
    { what: 'fifty are recorded' });
  await demo.setClock('advance', { seconds: 49 * 3600 });
  await eventually(async () => (await demo.pane('/calls.json')).length === 50, { what: 'fifty calls', within: 60000 });
});
