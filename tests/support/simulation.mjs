// The tables of tests/simulation: read, and played day by day by a demo whose clock is moved.
//
//   const table = readTable('crm');
//   const played = await play(table, { from: '2027-12-01', to: '2029-11-30' });
//   played.messages.get('CRM-1') // lines as in the table
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { dunlin, eventually, startDemo, temporaryFolder } from './demo.mjs';
import { decide, invoiceOf, invoiceWhen, startPayment } from './payer.mjs';
import { agreeSql } from './plans.mjs';
import { Psql } from './psql.mjs';

const folder = fileURLToPath(new URL('../simulation', import.meta.url));
const app = 'com.example.pozyczki'; // the demo's
const DEED = /^(pays|agrees|promises|disputes|opens|answers)\b/;
const HOME = 'Europe/Warsaw'; // where the creditor is, and who has no zone of their own

// ---- the tables ----

const cellsOf = (line) => line.split('|').slice(1, -1).map((cell) => cell.trim());

// The rows of the first table in a text, as objects by its headings.
function tableIn(text) {
  const lines = text.split('\n').filter((line) => line.startsWith('|'));
  if (lines.length === 0) return [];
  const headings = cellsOf(lines[0]);
  return lines.slice(2).map((line) => Object.fromEntries(cellsOf(line).map((cell, i) => [headings[i], cell])));
}

// { name, debts: [{ debt, zone, … }], stories: Map(debt → { title, rows, stops }) }.
export function readTable(name) {
  const [, ...sections] = readFileSync(path.join(folder, `${name}.md`), 'utf8').split(/^## /m);
  const table = { name, debts: [], stories: new Map() };
  for (const section of sections) {
    const title = section.slice(0, section.indexOf('\n'));
    const debt = title.split(':')[0];
    if (title === 'Debts') table.debts = tableIn(section);
    else if (title === 'Campaigns') table.campaigns = tableIn(section);
    else table.stories.set(debt, { title, rows: tableIn(section), stops: /^Stops: (.*)\.$/m.exec(section)?.[1] });
  }
  return table;
}

export const isDeed = ({ step }) => DEED.test(step);
export const instantOf = ({ date, UTC: utc }) => Date.parse(`${date}T${utc}:00Z`);

// "2028-02-15 Tue 10:00 (09:00 UTC) issue sms issue friendly"; a campaign has neither template nor tone.
export const lineOf = (row) => [row.date, row.day, row.local, `(${row.UTC} UTC)`, row.step, row.channel, row.template,
  row.tone].filter((cell) => cell !== undefined).join(' ');

// Where and when a table's row is, by the machine's own calendar: what its date and local time are in UTC,
// and which day of the week.
export function placeOf({ date, UTC: utc }, zone) {
  const parts = Object.fromEntries(new Intl.DateTimeFormat('en-GB', { timeZone: zone, weekday: 'short', year: 'numeric',
    month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
    .formatToParts(new Date(`${date}T${utc}:00Z`)).map(({ type, value }) => [type, value]));
  return { date: `${parts.year}-${parts.month}-${parts.day}`, day: parts.weekday, local: `${parts.hour}:${parts.minute}` };
}

// "2028-03-26 13:00" of a zone's clocks, as an instant.
function instantAt(text, zone) {
  const [date, local] = text.split(' '), at = Date.parse(`${date}T${local}:00Z`);
  const isIt = (t) => {
    const place = placeOf({ date: new Date(t).toISOString().slice(0, 10), UTC: new Date(t).toISOString().slice(11, 16) }, zone);
    return place.date === date && place.local === local;
  };
  const ahead = Array.from({ length: 27 }, (_, i) => i - 12).find((hours) => isIt(at - hours * 3600000));
  if (ahead === undefined) throw new Error(`${text} is not in ${zone}`);
  return at - ahead * 3600000;
}

// ---- the demo ----

const has = (debt, means) => debt['reached by'].split(' ').includes(means);
const quote = (text) => (text === '' ? 'null' : `'${text.replaceAll("'", "''")}'`);

function csvOf(debts, order) {
  const lines = debts.map((debt) => [
    `C-${debt.debt}`, `Jan Testowy ${debt.debt}`, has(debt, 'phone') ? `+48990300${String(order.get(debt.debt)).padStart(3, '0')}` : '',
    has(debt, 'mail') ? `${debt.debt.toLowerCase()}@example.com` : '', 'pl', debt.debt, 'invoice', debt.product,
    debt.amount.replace('.', ','), 'PLN', debt.issued, debt.due].join(';'));
  return `customer reference;name;phone;e-mail;language;invoice number;kind;product;amount;currency;issue date;due date\n${lines.join('\n')}\n`;
}

// Where the import that it became is to be asked for.
async function upload(demo, text, metadata = {}) {
  const bytes = Buffer.from(text), version = { 'tus-resumable': '1.0.0' };
  const made = await demo.call('/imports', { method: 'POST', headers: { ...version, ...metadata, 'upload-length': String(bytes.length) } });
  if (made.status !== 201) throw new Error(`making an import: ${made.status} ${made.text}`);
  const where = new URL(made.headers.location, demo.api).pathname.replace('/api/v1', '');
  await demo.call(where, { method: 'PATCH', body: bytes,
    headers: { ...version, 'content-type': 'application/offset+octet-stream', 'upload-offset': '0' } });
  return where;
}

async function importCsv(demo, text) {
  const where = await upload(demo, text);
  await eventually(async () => {
    const { state, bad_count: bad, problem } = (await demo.call(where)).json();
    if (state === 'refused' || bad > 0) throw new Error(`the import went wrong: ${problem ?? `${bad} bad rows`}`);
    return state === 'done';
  }, { what: 'the import is done', every: 20 });
}

// What a customer does.
const deeds = {
  async pays({ demo }, number, amount) {
    const { link, due_minor: due, plan } = await invoiceOf(demo, number);
    const minor = Math.round(Number(amount) * 100); // of a table, not of money
    const page = await startPayment(demo, link), shown = plan === null ? due : plan.late_minor || plan.next.left_minor;
    await (minor === shown ? decide(page, 'pay') : decide(page, 'part', amount.replace('.', ',')));
    await invoiceWhen(demo, number, ({ due_minor: left }) => left === due - minor, 'paid');
  },
  // "agrees 100.00 2028-06-01 100.00 2028-07-03": a plan, three days of grace, one part may be missed.
  async agrees({ db, now }, number, ...words) {
    const [debt] = await db.query(`select customer_id as customer, invoice_id as invoice from invoice where number = '${number}'`);
    const parts = Array.from({ length: words.length / 2 }, (_, i) => ({ amount: Math.round(Number(words[2 * i]) * 100), due: words[2 * i + 1] }));
    await db.run(agreeSql({ ...debt, parts, at: new Date(now).toISOString() }));
  },
  async promises(walk, number, until) {
    await hold(walk, number, { kind: 'promise', until });
  },
  async disputes(walk, number) {
    await hold(walk, number, { kind: 'dispute' });
  },
  async opens({ demo, db }, number) {
    const [{ id }] = await db.query(`select max(m.message_id) as id from sandbox_message m
      join invoice_registry g using (customer_id, invoice_id) where g.number = '${number}' and m.channel = 'push'`);
    await demo.pane('/phone/opened', { id });
  },
  async answers({ demo, db }, number) { // opens the page and touches it
    const { link } = await invoiceOf(demo, number);
    const token = /data-seen="([^"]+)"/.exec((await demo.get(link)).text)[1];
    await demo.post(`${link}/seen`, { token });
    await eventually(async () => (await db.query(`select from reminder r join invoice i using (customer_id, invoice_id)
      where i.number = '${number}' and r.opened_at is not null`)).length > 0, { what: `${number} has answered`, every: 10 });
  },
};

async function hold({ demo }, number, body) {
  const { id } = await invoiceOf(demo, number);
  const held = await demo.call(`/invoices/${id}/holds`, { method: 'POST', body: JSON.stringify(body) });
  if (held.status !== 201) throw new Error(`holding ${number}: ${held.status} ${held.text}`);
}

// When the call lists of campaigns are due that are under way: so long after the last of their messages.
const callListAt = `greatest(max(r.due_at), max(r.finished_at)) + make_interval(hours => c.call_after_hours)`;
const callListsSql = `select ${callListAt} as at from campaign c join reminder r using (campaign_id)
  where c.state = 'queued' group by c.campaign_id`;

class Walk {
  constructor(demo, db) {
    Object.assign(this, { demo, db, now: 0 });
  }

  // Moves the clock to `at` by way of every moment at which something is due, and waits each time until
  // all that could go has gone.
  async moveTo(at) {
    while (this.next !== null && this.next < at) await this.jump(this.next);
    await this.jump(at);
  }

  async jump(at) {
    const seconds = Math.max(0, Math.ceil((at - this.now) / 1000));
    const { now } = await this.demo.setClock('advance', { seconds });
    this.now = Date.parse(now);
    await this.settle();
  }

  async settle() {
    const now = `'${new Date(this.now + 1).toISOString()}'::timestamptz`; // the clock shows whole seconds
    await this.db.run('notify dunlin_plan; notify dunlin_reminder; notify dunlin_campaign');
    await eventually(async () => {
      const [state] = await this.db.query(`
        select coalesce((select through >= ((${now} at time zone 'UTC') + interval '14 hours')::date + 1 from planned), false)
            and not exists (select from invoice where needs_plan) as is_planned,
          exists (select from reminder r join invoice i using (customer_id, invoice_id)
            where r.state = 'claimed' or (r.state = 'scheduled' and greatest(r.due_at, r.try_at) <= ${now}
              and (i.due_minor <= 0) = (r.step like 'thanks%')
              and (r.step like 'thanks%' or not exists (select from hold h where h.customer_id = r.customer_id and h.invoice_id = r.invoice_id
                and h.kind <> 'plan' -- only steps of its parts are there
                and h.released_at is null and (h.until is null or h.until > ${now})))))
            or exists (${callListsSql} having ${callListAt} <= ${now}) as is_waiting,
          (select min(at) from (
            select greatest(r.due_at, r.try_at) as at from reminder r where r.state = 'scheduled'
            union all select h.until from hold h where h.released_at is null
            union all ${callListsSql}) t where t.at > ${now}) as next`);
      this.next = state.next === null ? null : Date.parse(state.next);
      return state.is_planned && !state.is_waiting;
    }, { what: `all planned and sent by ${new Date(this.now).toISOString()}`, every: 10 });
  }
}

async function setUp(table, from) {
  const first = path.join(temporaryFolder(), 'first.csv'); // instead of five hundred fictional debtors
  writeFileSync(first, csvOf([{ debt: 'X-0', 'reached by': '', product: 'Usługa', amount: '1.00', issued: '2026-01-01', due: '2026-01-15' }],
    new Map()));
  const demo = await startDemo({ args: ['--import', first, '--manners'] });
  const { now } = await demo.setClock('pause');
  const db = new Psql(demo.conninfo.owner);
  if (!table.campaigns)
    await promisify(execFile)(dunlin, ['scenario', 'use', table.name, '--settings', path.join(demo.dir, 'dunlin.yaml')]);
  const walk = new Walk(demo, db);
  walk.now = Date.parse(now ?? (await demo.pane('/clock')).now);
  for (const start = Date.parse(`${from}T00:00:00Z`); walk.now < start;)
    walk.now = Date.parse((await demo.setClock('advance',
      { seconds: Math.min(366 * 86400, Math.ceil((start - walk.now) / 1000)) })).now);
  return walk;
}

// Late ones of ten debts that a customer of this segment has had before; the one of the table, unpaid,
// leaves them where they are.
const LATE_BEFORE = { on_time: 0, sometimes_late: 3, chronically_late: 8 };

// The customers come with their debts: with a history that makes their segment, and each with a telephone,
// if any, that has the app.
async function addCustomers({ demo, db }, debts) {
  for (const debt of debts) {
    await db.run(`
      with c as (
        insert into customer (reference, name, time_zone, segment, preferred_channel, created_at, changed_at)
        values ('C-${debt.debt}', 'Jan Testowy ${debt.debt}', '${debt.zone}', '${debt.segment}', ${quote(debt.preferred)}, now(), now())
        returning reference, customer_id
      ), g as (
        insert into customer_registry (reference, customer_id) select reference, customer_id from c
      )
      insert into invoice (customer_id, number, kind, currency, amount_minor, due_minor, issue_date, due_date, paid_at,
        needs_plan, created_at, changed_at)
      select c.customer_id, 'H/' || c.reference || '/' || n, 'other', 'PLN', 100, 0, d.due, d.due,
        (d.due + case when n <= ${LATE_BEFORE[debt.segment]} then 6 else 0 end) + interval '12 hours', false, now(), now()
      from c, generate_series(1, 10) n, lateral (select '${debt.issued}'::date - 7 * n - 5 as due) d`);
    if (!has(debt, 'app')) continue;
    const answer = await demo.call(`/devices/phone-${debt.debt.toLowerCase()}`, { method: 'PUT', body: JSON.stringify({
      customer: `C-${debt.debt}`, app, service: 'apns', token: Buffer.from(debt.debt.padEnd(32, '.')).toString('hex') }) });
    if (answer.status !== 201) throw new Error(`the phone of ${debt.debt}: ${answer.status} ${answer.text}`);
  }
}

// Debts come with an import early on the day of their issue.
function importsOf(walk, table, order) {
  return [...new Set(table.debts.map(({ issued }) => issued))].map((day) => {
    const debts = table.debts.filter(({ issued }) => issued === day);
    return { at: Date.parse(`${day}T06:00:00Z`), act: async () => {
      await addCustomers(walk, debts);
      await importCsv(walk.demo, csvOf(debts, order));
    } };
  });
}

// Or with a campaign's file, when that is made; later it is approved.
async function makeCampaign({ demo }, { campaign: name, 'sends at': time, queue }, debts, order) {
  const made = await demo.call('/campaigns', { method: 'POST', body: JSON.stringify({ name, queue, send_at: time,
    template: 'Dzień dobry {{name}}, {{number}}: {{amount}} do {{date}}. Zapłać: {{link}} {{creditor}}' }) });
  if (made.status !== 201) throw new Error(`making the campaign ${name}: ${made.status} ${made.text}`);
  const { id } = made.json();
  await upload(demo, csvOf(debts.map((debt) => ({ ...debt, product: 'Usługa', issued: '2028-01-03' })), order),
    { 'upload-metadata': `campaign ${Buffer.from(String(id)).toString('base64')}` });
  await campaignWhen(demo, id, 'checked');
  return id;
}

async function approveCampaign({ demo }, id) {
  const approved = await demo.call(`/campaigns/${id}/approve`, { method: 'POST' });
  if (approved.status !== 200) throw new Error(`approving campaign ${id}: ${approved.status} ${approved.text}`);
  await campaignWhen(demo, id, 'queued');
}

const campaignWhen = (demo, id, wanted) => eventually(async () => {
  const { state, problem_detail: problem } = (await demo.call(`/campaigns/${id}`)).json();
  if (state === 'refused') throw new Error(`campaign ${id} was refused: ${problem}`);
  return state === wanted;
}, { what: `campaign ${id} is ${wanted}`, every: 20 });

function campaignsOf(walk, table, order) {
  return table.campaigns.flatMap((campaign) => {
    const debts = table.debts.filter((debt) => debt.campaign === campaign.campaign);
    let id;
    return [
      { at: instantAt(campaign['checked at'], HOME), act: async () => { id = await makeCampaign(walk, campaign, debts, order); } },
      { at: instantAt(campaign['approved at'], HOME), act: () => approveCampaign(walk, id) },
    ];
  });
}

// What is to happen, in order: each day's beginning, the imports or campaigns, what customers do.
function agendaOf(walk, table, { from, to }) {
  const order = new Map(table.debts.map(({ debt }, i) => [debt, i + 1]));
  const agenda = (table.campaigns ? campaignsOf : importsOf)(walk, table, order);
  for (let day = Date.parse(`${from}T00:00:00Z`); day <= Date.parse(`${to}T00:00:00Z`); day += 86400000)
    agenda.push({ at: day + 5 * 60000, act: () => {} });
  for (const [debt, { rows }] of table.stories)
    for (const row of rows.filter(isDeed)) {
      const [verb, ...words] = row.step.split(' ');
      agenda.push({ at: instantOf(row), act: () => deeds[verb](walk, debt, ...(verb === 'agrees' ? words : words.slice(-1))) });
    }
  return agenda.sort((a, b) => a.at - b.at);
}

const messagesSql = `
  with sent as (
    select r.customer_id, r.invoice_id, r.claimed_at as at, regexp_replace(r.step, '^(thanks|campaign|plan_agreed|plan_broken)_\\d+$', '\\1') as step,
      r.channel, coalesce(s.template, substring(r.step from '^plan_(?:agreed|broken)'), 'thanks') as template, coalesce(s.tone, 'neutral') as tone, c.name as scenario,
      (select count(*)::int from sandbox_message m where m.customer_id = r.customer_id and m.invoice_id = r.invoice_id
        and m.step = r.step and m.channel = r.channel) as laid_down
    from reminder r
    left join scenario_step s using (scenario_id, version, step_no)
    left join scenario c on c.scenario_id = r.scenario_id
    where r.state in ('sent', 'uncertain')
    union all
    select customer_id, invoice_id, created_at, 'call list', list, null, null, null, 0
    from work_item where step like 'campaign\\_%'
  )
  select i.number as debt, to_char(at at time zone k.time_zone, 'YYYY-MM-DD') as date,
    to_char(at at time zone k.time_zone, 'Dy') as day, to_char(at at time zone k.time_zone, 'HH24:MI') as local,
    to_char(at at time zone 'UTC', 'HH24:MI') as "UTC", step, channel, template, tone, scenario, laid_down
  from sent
  join invoice i using (customer_id, invoice_id)
  join customer k using (customer_id)
  where i.number <> 'X-0' and i.kind <> 'other'
  order by at, step`;

// How each debt stands at the end, in the words of the tables.
const stopsSql = `
  select i.number as debt, case
      when i.due_minor <= 0 then 'paid'
      when exists (select from hold h where h.customer_id = i.customer_id and h.invoice_id = i.invoice_id and h.kind = 'dispute'
        and h.released_at is null) then 'disputed'
      when exists (select from reminder r where r.customer_id = i.customer_id and r.invoice_id = i.invoice_id
        and r.state in ('scheduled', 'claimed')) then 'something is left to send'
      when exists (select from work_item w where w.customer_id = i.customer_id and w.invoice_id = i.invoice_id
        and w.list = 'handover') then 'handed over'
      when exists (select from work_item w where w.customer_id = i.customer_id and w.invoice_id = i.invoice_id
        and w.step like 'campaign\\_%') then 'on the call list'
      when exists (select from reminder r where r.customer_id = i.customer_id and r.invoice_id = i.invoice_id
        and r.step like 'campaign\\_%' and r.opened_at is not null) then 'answered'
      else 'ladder over' end as stops
  from invoice i where i.number <> 'X-0' and i.kind <> 'other'`;

// The debts that a campaign's file names in rows that got no message.
async function badRowsOf({ demo }, table) {
  const numbers = [];
  for (const { id } of table.campaigns ? (await demo.call('/campaigns')).json().items : []) {
    const { text } = await demo.call(`/campaigns/${id}/bad-rows.csv`);
    numbers.push(...table.debts.map(({ debt }) => debt).filter((debt) => text.includes(`;${debt};`)));
  }
  return numbers;
}

// { messages: Map(debt → rows as in the tables and more), stops: Map(debt → word) }.
export async function play(table, { from, to }) {
  const walk = await setUp(table, from);
  await walk.settle();
  for (const { at, act } of agendaOf(walk, table, { from, to })) {
    await walk.moveTo(at);
    await act();
    await walk.settle();
  }
  const messages = new Map(table.debts.map(({ debt }) => [debt, []]));
  for (const { template, tone, ...row } of await walk.db.query(messagesSql))
    messages.get(row.debt).push(table.campaigns ? row : { ...row, template, tone });
  const stops = new Map((await walk.db.query(stopsSql)).map(({ debt, stops: word }) => [debt, word]));
  for (const number of await badRowsOf(walk, table)) stops.set(number, 'refused row');
  await walk.demo.stop();
  return { messages, stops };
}
