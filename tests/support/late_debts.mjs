// An installation with a clock that stands still until it is moved, and debts that are late by it: what
// the tests of offers and of demands begin with.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { Bed } from './bed.mjs';
import { temporaryFolder } from './cleanup.mjs';
import { startCluster } from './cluster.mjs';
import { eventually } from './eventually.mjs';
import { makeGateway } from './gateway.mjs';
import { postForm, request } from './https.mjs';
import { Psql } from './psql.mjs';
import { TestClock } from './test_clock.mjs';

export const TERMS = 'Przyjmuję nowe warunki.\nRaty płacę w terminie.\n';

export class LateDebts {
  imported = 0;

  // A clock at `iso`; rules of offers; `settings` beside those of a gateway; so many nodes on one database.
  static async start({ iso, rules, settings = {}, nodes = 1 }) {
    const it = new LateDebts();
    it.folder = temporaryFolder();
    it.clock = new TestClock(path.join(it.folder, 'clock'), iso);
    it.crashFile = path.join(it.folder, 'crash');
    Object.assign(process.env, { TEST_CLOCK: path.join(it.folder, 'clock'), TEST_CHANNELS: 'sandbox', TEST_CRASH_FILE: it.crashFile });
    it.bed = new Bed();
    it.bed.cluster = await startCluster();
    writeFileSync(path.join(it.folder, 'terms.pl.txt'), TERMS);
    for (let n = 0; n < nodes; ++n)
      await it.bed.add(await makeGateway({ workers: 1, database: { url: it.bed.cluster.app, owner_url: it.bed.cluster.owner },
        link_keys_file: path.join(it.folder, 'link.keys'), offers: { terms_pl_file: path.join(it.folder, 'terms.pl.txt'), ...(rules === undefined ? {} : { rules }) }, ...settings }));
    [it.node] = it.bed.nodes;
    it.db = new Psql(it.bed.cluster.owner);
    return it;
  }

  get now() { return `'${this.clock.now.toISOString()}'::timestamptz`; }

  // Who owes `amount` since `due`: their ids and the address of their page.
  async owe(number, amount, due) {
    const file = path.join(this.folder, `${++this.imported}.csv`);
    const phone = `+4899${String(this.imported).padStart(7, '0')}`;
    writeFileSync(file, `customer id,name,phone,preferred channel,language,invoice number,amount,currency,issue date,due date\nK-${number},Jan Nowak,${
      phone},sms,pl,${number},${amount},PLN,2026-01-03,${due}\n`);
    this.node.command('import', file);
    const [debt] = await this.db.query(`select customer_id as customer, invoice_id as invoice from invoice where number = '${number}'`);
    return { ...debt, number, url: this.node.linkOf(number) };
  }

  // The clock moves, and everybody hears of it.
  async moveTo(iso) {
    this.clock.set(Date.parse(iso));
    await this.wake();
  }

  wake() { return this.db.run('notify dunlin_plan; notify dunlin_reminder'); }

  // Waits for what the query says to be true.
  until(sql, what = sql, within = 30000) {
    return eventually(async () => {
      await this.wake();
      return (await this.db.query(`select (${sql}) as is_so`))[0].is_so;
    }, { what, within, every: 100 });
  }

  // Waits until all that is due by the clock has come to its end: planned, sent or dropped.
  async settled() {
    let left;
    await eventually(async () => {
      await this.wake();
      left = await this.db.query(`select r.customer_id, r.step, r.state, r.due_at from reminder r join invoice i using (customer_id, invoice_id)
        where r.state = 'claimed' or (r.state = 'scheduled' and greatest(r.due_at, r.try_at) <= ${this.now} and i.due_minor > 0
          and not exists (select from hold h where h.customer_id = r.customer_id and h.released_at is null and h.kind <> 'plan')
          and not exists (select from payment p where p.customer_id = r.customer_id and p.state = 'pending'))
        union all select customer_id, 'to be planned', '', null from invoice where needs_plan
        union all select 0, 'horizon', '', null from planned where through < ((${this.now} at time zone 'UTC') + interval '14 hours')::date + 1`);
      return left.length === 0;
    }, { what: `all has gone by ${this.now}`, within: 30000, every: 20 }).catch((error) => {
      error.message += JSON.stringify(left.slice(0, 5));
      throw error;
    });
  }

  get(url, options = {}) { return request(url, { ca: this.bed.owedBy(this.node).caText, ...options }); }

  // The form of a page that has this button, filled in; where it leads.
  async submit(page, button, fields = {}) {
    const form = page.text.split('<form').find((one) => one.includes(button));
    assert.ok(form, `a form with ${button}`);
    const values = Object.fromEntries([...form.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)].map(([, name, value]) => [name, value]));
    const [, where] = /action="([^"]+)"/.exec(form);
    return this.post(where, { ...values, ...fields });
  }

  async post(where, fields) {
    const answer = await postForm(new URL(where, this.node.settings.public.url), fields, { ca: this.bed.owedBy(this.node).caText });
    return { ...answer, where, fields, to: answer.headers.location };
  }

  follow(answer) {
    assert.equal(answer.status, 303, answer.text);
    return this.get(new URL(answer.to, this.node.settings.public.url));
  }

  // The API with a key of these scopes.
  api(...scopes) {
    const key = this.node.makeKey(...scopes), { certificate, url } = this.node.settings.private;
    return (method, where, body, headers = {}) => request(new URL(`/api/v1${where}`, url), {
      method, ca: readFileSync(certificate),
      headers: { authorization: `Bearer ${key}`, ...(typeof body === 'string' ? {} : { 'content-type': 'application/json' }), ...headers },
      body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
    });
  }

  async events(debt, like) {
    return (await this.db.query(`select kind from event where customer_id = ${debt.customer} and kind ~ '${like}' order by event_no`))
      .map(({ kind }) => kind);
  }

  // Debts are the sums of their entries, and every chain is whole.
  async assertWhole() {
    assert.deepEqual(await this.db.query(`select i.number from invoice i where i.due_minor <> (select sum(e.amount_minor) from ledger_entry e
      where e.customer_id = i.customer_id and e.invoice_id = i.invoice_id)
      or i.event_count <> (select count(*) from event e where e.customer_id = i.customer_id and e.invoice_id = i.invoice_id)`), []);
  }
}
