// A random history of dunning at two nodes whose clock stands still until the test moves it: what
// customers, creditors, admins, gateways and machines may do. Each deed that forbids reminders notes in
// `forbidden` from when it was confirmed until somebody began to take it back, by the wall clock of this
// machine, which PostgreSQL's commit times are of, too.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';

import { Smsapi } from '../fake/smsapi.mjs';
import { message, send } from './callbacks.mjs';
import { dunlin } from './demo.mjs';
import { eventually } from './eventually.mjs';
import { request } from './https.mjs';
import { about } from './money.mjs';
import { agreeSql } from './plans.mjs';
import { startEmptySmsBed } from './sms_nodes.mjs';
import { TestClock } from './test_clock.mjs';

const HOUR = 3600, DAY = 86400, AMOUNT = 10000;
// Small ones, so that they are met; larger ones, so that several messages can go on one day.
const budgets = [{ budget_day: 1, budget_week: 3, budget_30_days: 6 }, { budget_day: 4, budget_week: 8, budget_30_days: 20 }];
const wallMs = () => performance.timeOrigin + performance.now();
const CHANNELS = ['push', 'sms', 'email', 'voice', 'call'];
// What the API's words make of a wish.
const words = {
  opted_out: { isOut: true, isConsented: false, isNoticesOnly: false },
  notices_only: { isOut: false, isNoticesOnly: true },
  opted_in: { isOut: false, isNoticesOnly: false },
  consented: { isOut: false, isConsented: true, isNoticesOnly: false },
};
const presets = ['standard', 'crm', 'service_firm', 'bank', 'consumer_lender'];

export const phoneOf = (customer) => String(48500000000 + customer);

// The same gateway, once as one that refuses repeated ids, once as one that has none.
const gateways = {
  smsapi: () => ({}),
  generic: ({ url }) => ({ gateway: 'generic', url: `${url}/sms.do`, number_form: 'digits', headers: ['Authorization: Bearer {token}'],
    fields: ['to={to}', 'message={text}', 'encoding=utf-8', 'format=json', 'idx={id}'], id_path: 'list[0].id', error_path: 'error',
    parts_path: 'parts', codes_retry: ['201'], codes_dead_number: ['13'] }),
};

const consentsSql = (consented) => consented.map(([customer, channel]) =>
  `update customer set consented = consented || '{${channel}}' where customer_id = ${customer};`).join('\n    ');

function seedSql(debts, start, consented) {
  const values = debts.map(({ customer, debt, no, issued, due }) => `(${customer}, ${debt}, ${no}, '${issued}', '${due}')`).join(', ');
  return `begin;
    set local session_replication_role = replica;
    create temporary table seeded on commit drop as
      select c::bigint as customer_id, d::bigint as invoice_id, n as link_no, i::date as issued, u::date as due from (values ${values}) v (c, d, n, i, u);
    insert into customer (customer_id, reference, name, language, phone, email, link_count, payment_count, created_at, changed_at)
      select customer_id, 'C' || customer_id, 'Anna Kowalska', 'pl', '+' || 48500000000 + customer_id, 'c' || customer_id || '@example.com',
        count(*), count(*) * 3, '${start}', '${start}' from seeded group by 1;
    insert into customer_registry select reference, customer_id from customer;
    insert into invoice (customer_id, invoice_id, number, kind, product, currency, amount_minor, due_minor, issue_date, due_date, entry_count,
        link_no, payer_name, payer_language, payer_time_zone, payer_has_payments, created_at, changed_at)
      select customer_id, invoice_id, 'H/' || invoice_id, 'invoice', 'Kredyt', 'PLN', ${AMOUNT}, ${AMOUNT}, issued, due, 1, link_no,
        'Anna Kowalska', 'pl', 'Europe/Warsaw', true, '${start}', '${start}' from seeded;
    insert into invoice_registry select 'H/' || invoice_id, customer_id, invoice_id from seeded;
    insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor, currency, at)
      select customer_id, invoice_id, 1, 'charge', ${AMOUNT}, 'PLN', '${start}' from seeded;
    insert into paylink (customer_id, link_no, invoice_id, state, created_at) select customer_id, link_no, invoice_id, 'active', '${start}' from seeded;
    create temporary table begun on commit drop as
      select customer_id, invoice_id, link_no, 3 * (link_no - 1) + n as payment_no, invoice_id || '_' || n as name from seeded, generate_series(1, 3) n;
    insert into payment (customer_id, payment_no, link_no, provider, account, method, amount_minor, currency, state, provider_reference,
        form_nonce, created_at, changed_at)
      select customer_id, payment_no, link_no, 'sandbox', 'default', 'redirect', ${AMOUNT}, 'PLN', 'started', 'pay_' || name, name,
        timestamptz '${start}' - interval '9 days', timestamptz '${start}' - interval '9 days' from begun;
    insert into payment_allocation (customer_id, payment_no, invoice_id, amount_minor) select customer_id, payment_no, invoice_id, ${AMOUNT} from begun;
    insert into provider_reference (provider, account, reference, customer_id, payment_no)
      select 'sandbox', 'default', 'pay_' || name, customer_id, payment_no from begun;
    ${consentsSql(consented)}
    commit; analyze`;
}

const dayOf = (ms) => new Date(ms).toISOString().slice(0, 10);

export class History {
  constructor({ random, start, customers = 24 }) {
    Object.assign(this, { random, start, forbidden: [], log: [], stopped: undefined, movements: 0 });
    this.debts = [];
    this.budget = this.pick(budgets);
    // What each customer wants of each channel. Some channels need consent, which half of them have given.
    this.consents = CHANNELS.filter(() => this.draw(3) === 0);
    this.wishes = new Map();
    for (let customer = 1; customer <= customers; ++customer)
      for (const channel of CHANNELS)
        this.wishes.set(`${customer} ${channel}`, { customer, channel, isOut: false, isConsented: this.consents.includes(channel) && this.draw(2) === 0 });
    for (let customer = 1; customer <= customers; ++customer)
      for (let no = 1; no <= 1 + this.draw(3); ++no) {
        const due = Date.parse(start) + (this.draw(36) - 6) * DAY * 1000;
        this.debts.push({ customer, debt: this.debts.length + 1, no, issued: dayOf(due - 14 * DAY * 1000), due: dayOf(due), owed: AMOUNT, holds: [], parts: [] });
      }
  }

  draw(below) { return Math.floor(this.random() * below); }

  pick(list) { return list[this.draw(list.length)]; }

  note(...what) { this.log.push(`${this.clock.now.toISOString()} ${what.join(' ')}`); }

  async begin() {
    this.names = [...Object.keys(this.deeds), 'pays', 'pays', 'meets_a_bad_gateway', 'meets_a_bad_gateway'];
    this.kind = this.pick(Object.keys(gateways));
    this.fake = await new Smsapi().listen();
    this.fake.points = Infinity;
    this.bed = await startEmptySmsBed(this.fake);
    this.clock = new TestClock(path.join(this.bed.folder, 'clock'), this.start);
    const consented = [...this.wishes.values()].filter(({ isConsented }) => isConsented).map(({ customer, channel }) => [customer, channel]);
    await this.bed.db.run(seedSql(this.debts, this.start, consented));
    for (const wish of this.wishes.values()) await this.change(wish, {});
    Object.assign(process.env, { TEST_CLOCK: path.join(this.bed.folder, 'clock'), TEST_CHANNELS: 'sandbox' });
    const settings = { reminders: { window_from: '08:00', window_to: '20:00', merge: true, ...this.budget, ...(this.consents.length > 0 && { consent: this.consents }) },
      sms: { timeout_ms: 1000, failures_to_rest: 0, ...gateways[this.kind](this.fake) } };
    this.nodes = [await this.bed.startNode(settings), await this.bed.startNode(settings)];
    delete process.env.TEST_CLOCK, delete process.env.TEST_CHANNELS;
    [this.node] = this.nodes;
    this.owed = this.bed.owedBy(this.node);
    const { key } = JSON.parse(execFileSync(dunlin, ['key', 'api', 'make', 'all', 'invoices', 'customers', 'sending', 'scenarios', '--json',
      '--settings', path.join(this.node.dir, 'dunlin.yaml')]));
    this.key = key;
    this.ca = readFileSync(this.node.settings.private.certificate);
    for (const one of this.debts) one.id = (await this.call('GET', `/invoices?number=${encodeURIComponent(`H/${one.debt}`)}`)).items[0].id;
    await this.settle();
  }

  async call(method, where, body) {
    const { status, text } = await request(`${this.node.settings.private.url}/api/v1${where}`,
      { method, ca: this.ca, headers: { authorization: `Bearer ${this.key}` }, body: body && JSON.stringify(body) });
    if (status >= 300) throw new Error(`${method} ${where}: ${status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  async tell(kind, payment, more = {}) {
    const { status, text } = await send(this.owed, message(kind, about(payment, more)));
    if (status !== 200) throw new Error(`callback ${kind}: ${status} ${text}`);
  }

  // From now on it is forbidden; returns what to call when it begins to be taken back.
  forbid(what, of) {
    const span = { what, from: wallMs(), to: Infinity, at: this.clock.ms, ...of };
    this.forbidden.push(span);
    return span;
  }

  allow(span) { span.to = wallMs(); }

  // What a wish forbids: the channel altogether, or what may be refused there.
  forbidsAll({ channel, isOut, isConsented }) { return isOut || (this.consents.includes(channel) && !isConsented); }

  // The wish changes to `now` by what `tell` does, which confirms it.
  async change(wish, now, tell = () => {}) {
    Object.assign(wish, now);
    if (wish.span && !this.forbidsAll(wish)) this.allow(wish.span), wish.span = undefined;
    if (wish.noticesSpan && !wish.isNoticesOnly) this.allow(wish.noticesSpan), wish.noticesSpan = undefined;
    await tell();
    const { customer, channel } = wish;
    if (this.forbidsAll(wish)) wish.span ??= this.forbid(wish.isOut ? 'opted out' : 'no consent', { customer, channel });
    if (wish.isNoticesOnly) wish.noticesSpan ??= this.forbid('notices only', { customer, channel, isOfRefusable: true });
  }

  paymentOf({ debt }, n) { return { id: `pay_${debt}_${n}`, amount_minor: AMOUNT, currency: 'PLN' }; }

  deeds = {
    pays: async (one) => {
      if (one.owed <= 0 || one.inFlight) return;
      const amount = this.draw(2) === 0 ? one.owed : Math.max(100, this.draw(one.owed));
      const movement = `mv_${++this.movements}`;
      this.note('pays', one.debt, amount);
      await this.tell('paid', this.paymentOf(one, 1), { movement, amount_minor: amount });
      one.owed -= amount;
      one.parts.push({ movement, amount });
      if (one.owed <= 0) one.paid = this.forbid('paid', { debt: one.debt });
    },
    charges_back: async (one) => {
      if (one.parts.length === 0) return;
      const { amount } = one.parts.pop();
      this.note('charges back', one.debt, amount);
      if (one.paid) this.allow(one.paid);
      one.paid = undefined;
      await this.tell('charged_back', this.paymentOf(one, 1), { movement: `mv_${++this.movements}`, amount_minor: amount });
      one.owed += amount;
    },
    is_at_the_bank: async (one) => {
      if (one.owed <= 0 || one.hadFlight) return;
      this.note('in flight', one.debt);
      await this.tell('pending', this.paymentOf(one, 2));
      one.hadFlight = true;
      one.inFlight = this.forbid('in flight', { debt: one.debt });
    },
    fails_at_the_bank: async (one) => {
      if (!one.inFlight) return;
      this.note('fails', one.debt);
      this.allow(one.inFlight);
      one.inFlight = undefined;
      await this.tell('failed', this.paymentOf(one, 2));
    },
    is_held: async (one) => {
      const kind = this.pick(['promise', 'dispute', 'admin']);
      const until = kind !== 'dispute' || this.draw(2) === 0 ? dayOf(this.clock.ms + (1 + this.draw(9)) * DAY * 1000) : undefined;
      this.note(kind, one.debt, until);
      const { hold } = await this.call('POST', `/invoices/${one.id}/holds`, { kind, until });
      one.holds.push({ hold, span: this.forbid(kind, { debt: one.debt, until: until && Date.parse(until) }) });
    },
    is_released: async (one) => {
      const held = one.holds.shift();
      if (held === undefined) return;
      this.note('released', one.debt);
      this.allow(held.span);
      await this.call('DELETE', `/invoices/${one.id}/holds/${held.hold}`).catch((error) => {
        if (!/unknown-hold/.test(error.message)) throw error; // over already
      });
    },
    is_in_plan: async (one) => {
      if (one.isInPlan || one.owed < 200) return;
      this.note('plan', one.debt);
      const part = Math.floor(one.owed / 2), due = dayOf(this.clock.ms + 10 * DAY * 1000);
      const last = dayOf(this.clock.ms + 400 * DAY * 1000); // behind the history: a plan of which all is missed is broken
      await this.bed.db.run(agreeSql({ customer: one.customer, invoice: one.debt, missedMax: 99, at: this.clock.now.toISOString(),
        parts: [{ due, amount: part }, { due: last, amount: one.owed - part }] }));
      one.isInPlan = true;
      this.forbid('plan', { debt: one.debt });
    },
    says_by_which_way: async ({ customer }) => {
      const channel = this.pick([...CHANNELS, 'sms', 'email']), word = this.pick([...Object.keys(words), 'opted_out']);
      this.note(word, customer, channel);
      await this.change(this.wishes.get(`${customer} ${channel}`), words[word],
        () => this.call('PUT', `/customers/C${customer}/channels`, { [channel]: word }));
    },
    clicks_in_a_mail: async ({ customer }) => {
      const [mail] = await this.bed.db.query(`select body from sandbox_message where customer_id = ${customer} and channel = 'email'
        and body like '%/unsubscribe%' order by message_id desc limit 1`);
      if (mail === undefined) return;
      this.note('clicks', customer);
      await this.change(this.wishes.get(`${customer} email`), { isNoticesOnly: true }, async () => {
        const [, code] = mail.body.match(/\/(\w{18})\/unsubscribe/); // either node will do
        const { status } = await request(`${this.node.settings.public.url}/${code}/unsubscribe`, { method: 'POST', ca: this.owed.caText,
          headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'List-Unsubscribe=One-Click' });
        if (status !== 200) throw new Error(`unsubscribe: ${status}`);
      });
    },
    has_a_dead_number: async ({ customer }) => {
      this.note('dead number', customer);
      this.fake.add({ to: phoneOf(customer), times: 1, code: 13 });
    },
    meets_a_bad_gateway: async ({ customer }) => {
      const rule = this.pick([{ silent: true }, { cut: 'after' }, { cut: 'before' }, { accept: 500 }, { code: 201 }, { status: 503 }, { garbage: '{' }]);
      this.note('gateway', customer, JSON.stringify(rule));
      this.fake.add({ ...(this.draw(2) ? { to: phoneOf(customer) } : {}), times: 1 + this.draw(2), ...rule });
    },
    follows_another_scenario: async () => {
      const name = this.pick(presets);
      this.note('scenario', name);
      await this.call('POST', `/scenario-presets/${name}`);
    },
    sees_the_red_switch: async () => {
      this.note(this.stopped ? 'go' : 'stop');
      if (this.stopped) this.allow(this.stopped);
      await this.call('POST', '/sending', this.stopped ? { stopped: false } : { stopped: true, reason: 'test' });
      this.stopped = this.stopped ? undefined : this.forbid('stopped', { isSoft: true });
    },
    loses_its_worker: async () => {
      this.note('the work process dies');
      this.clock.advance(this.draw(2 * DAY));
      await this.bed.db.run('notify dunlin_plan; notify dunlin_reminder');
      if (this.draw(2)) await eventually(async () => (await this.bed.db.query(`select from reminder where state = 'claimed' limit 1`)).length > 0,
        { within: 1500, every: 1 }).catch(() => {}); // perhaps with something in its hands
      this.pick(this.nodes).processes('work').forEach((pid) => process.kill(pid, 'SIGKILL'));
      this.clock.advance(this.draw(9 * DAY));
    },
    is_frozen: async () => {
      const node = this.pick(this.nodes), [pid] = await eventually(() => { // one may just be starting
        const found = node.processes('work');
        return found.length > 0 && found;
      }, { what: 'a work process', every: 10 });
      this.note('the work process stands still');
      await this.bed.db.run('notify dunlin_plan; notify dunlin_reminder');
      process.kill(pid, 'SIGSTOP');
      this.clock.advance(this.draw(6 * DAY));
      await this.deeds.pays(this.pick(this.debts));
      try {
        process.kill(pid, 'SIGCONT');
      } catch (error) {
        if (error.code !== 'ESRCH') throw error; // replaced meanwhile
      }
    },
  };

  async turn() {
    for (let deeds = 1 + this.draw(3); deeds > 0; --deeds) {
      // What holds everything back is lifted sooner than it comes.
      const name = this.stopped && this.draw(2) ? 'sees_the_red_switch' : this.pick(this.names);
      await this.deeds[name](this.pick(this.debts));
    }
    for (let wishes = this.draw(5); wishes > 0; --wishes) await this.deeds[this.pick(['says_by_which_way', 'says_by_which_way', 'clicks_in_a_mail'])](this.pick(this.debts));
    if (this.draw(2)) await this.deeds.is_released(this.pick(this.debts.filter(({ holds }) => holds.length > 0)) ?? this.debts[0]);
    this.clock.advance(this.pick([HOUR, 6 * HOUR, DAY, DAY, DAY, 2 * DAY, 8 * DAY]) * (0.5 + this.random()));
    this.note('clock');
    if (this.draw(5) > 0) await this.settle();
    else await this.bed.db.run('notify dunlin_plan; notify dunlin_reminder');
  }

  // All that is due and that nothing keeps back has gone: nothing is forgotten.
  async settle() {
    const now = `'${this.clock.now.toISOString()}'::timestamptz`;
    let left;
    await this.bed.db.run('notify dunlin_plan; notify dunlin_reminder');
    await eventually(async () => {
      left = await this.bed.db.query(`select r.customer_id, r.invoice_id, r.step, r.state, r.reason, r.due_at, r.try_at from reminder r
        join invoice i using (customer_id, invoice_id)
        where r.state = 'claimed' or (r.state = 'scheduled' and greatest(r.due_at, r.try_at) <= ${now}
          and (select stopped_at from sending) is null and (i.due_minor <= 0) = (r.step like 'thanks%')
          -- what a newer step takes out of the way waits for that one, which may be put off
          and (r.step like 'thanks%' or not exists (select from reminder n where n.customer_id = r.customer_id and n.invoice_id = r.invoice_id
            and n.state = 'scheduled' and n.due_at <= ${now} and n.try_at > ${now} and coalesce(n.ladder_at, n.due_at) > coalesce(r.ladder_at, r.due_at)))
          and (r.step like 'thanks%' or not exists (select from hold h where h.customer_id = r.customer_id and h.invoice_id = r.invoice_id
              and h.kind <> 'plan' -- only steps of its parts are there
              and h.released_at is null and (h.until is null or h.until > ${now}))
            and not exists (select from payment_allocation a join payment p using (customer_id, payment_no)
              where a.customer_id = r.customer_id and a.invoice_id = r.invoice_id and p.state = 'pending')))
        union all
        select customer_id, invoice_id, 'to be planned', '', '', null, null from invoice where needs_plan
        union all
        select 0, 0, 'planned through', through::text, '', null, null from planned where through < ((${now} at time zone 'UTC') + interval '14 hours')::date + 1`);
      return left.length === 0;
    }, { what: `all has gone by ${now}`, within: 40000, every: 25 }).catch((error) => {
      error.message += `: ${JSON.stringify(left.slice(0, 5))}\n${this.log.slice(-30).join('\n')}\n${this.nodes.map(({ log }) => log.slice(-2000)).join('\n')}`;
      throw error;
    });
  }

  // Everything that forbids for good is left as it is; what is on its way comes to its end.
  async finish() {
    if (this.stopped) await this.deeds.sees_the_red_switch();
    this.fake.clear();
    for (let i = 0; i < 3; ++i) {
      this.clock.advance(2 * DAY);
      await this.settle();
    }
  }
}
