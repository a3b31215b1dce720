// Debts that customers split on their page: a gateway with policies, its business time standing still,
// and what a browser does without JavaScript.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { temporaryFolder, atEnd } from './cleanup.mjs';
import { makeGateway } from './gateway.mjs';
import { postForm, request } from './https.mjs';
import { startOwed } from './owed.mjs';
import { TestClock } from './test_clock.mjs';

export const terms = {
  pl: 'Raty płać w terminie.\n\nSpóźnione trzy dni są spóźnione.', en: 'Pay the parts in time.', uk: 'Платіть частини вчасно.',
};

// By product, as imported; a debt without one fits none.
export const policies = [
  { name: 'plain', products: ['plain'], part_min: 2000, in_days: [7], plans_a_year: 2 },
  { name: 'costly', products: ['costly'], part_min: 1000, fee: 500, fee_permille: 10, interest_hundredths: 725 },
  { name: 'asked', products: ['asked'], part_min: 2000, approval: 'always', answer_days: 3 },
  { name: 'first', products: ['first'], part_min: 1000, first_percent: 25, spacing: 'week' },
];

// Monday; 1000 o'clock in Warsaw.
export const MONDAY = '2026-11-30T09:00:00Z';

export async function startPlans(debts) {
  const folder = temporaryFolder(), clock = new TestClock(path.join(folder, 'clock'), MONDAY);
  const plans = { policies };
  for (const [language, text] of Object.entries(terms)) {
    const file = path.join(folder, `terms.${language}.txt`);
    writeFileSync(file, `${text}\n`);
    plans[`terms_${language}_file`] = file;
  }
  Object.assign(process.env, { TEST_CLOCK: path.join(folder, 'clock'), TEST_CHANNELS: 'sandbox' });
  const owed = await startOwed(debts, { plans });
  return new Plans(owed, clock, plans);
}

const unescape = (text) => text.replaceAll('&amp;', '&').replaceAll('&quot;', '"').replaceAll('&#39;', "'");

export const fieldsOf = (html) => Object.fromEntries([...html.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)">/g)]
  .map(([, name, value]) => [name, unescape(value)]));

// As people read it, without its blanks that do not break.
export const textOf = (html) => html.replace(/<style>.*?<\/style>/s, '').replace(/<[^>]*>/g, ' ').replaceAll('&nbsp;', ' ').replace(/\s+/g, ' ');

class Plans {
  constructor(owed, clock, settings) {
    Object.assign(this, owed);
    this.clock = clock;
    this.settings = settings;
    this.next = 0;
    this.nodes = [this.gateway];
    this.ca = [this.gateway.settings.public.certificate].map((file) => readFileSync(file));
  }

  // Another node on the same database.
  async addNode() {
    const node = await makeGateway({ workers: 1, database: { url: this.app, owner_url: this.app.replace('dunlin_app', 'dunlin_owner') },
      link_keys_file: path.join(this.gateway.dir, 'data', 'link.keys'), plans: this.settings });
    node.settings.providers = this.gateway.settings.providers;
    await node.start();
    atEnd(() => node.end());
    this.nodes.push(node);
    return node;
  }

  get office() {
    this.key ??= this.gateway.makeKey('plans', 'invoices');
    return this.key;
  }

  async call(method, where, body) {
    const answer = await request(`${this.gateway.settings.private.url}/api/v1${where}`, { method,
      ca: readFileSync(this.gateway.settings.private.certificate), headers: { authorization: `Bearer ${this.office}` },
      body: body === undefined ? undefined : JSON.stringify(body) });
    return { status: answer.status, ...JSON.parse(answer.text || '{}') };
  }

  // A customer's debt of 100.00 that no other test has.
  async debt(product, { language = 'pl', amount = 10000 } = {}) {
    const number = `FV/${this.next++}`;
    const [row] = await this.query(`select customer_id, invoice_id from invoice where number = '${number}'`);
    assert.ok(row, `the bed has no ${number}: start it with more`);
    const these = `customer_id = ${row.customer_id} and invoice_id = ${row.invoice_id}`;
    await this.execute(`
      update invoice set product = ${product === null ? 'null' : `'${product}'`}, amount_minor = ${amount}, due_minor = ${amount},
        payer_language = '${language}' where ${these};
      update ledger_entry set amount_minor = ${amount} where ${these};
      update customer set language = '${language}' where customer_id = ${row.customer_id}`);
    return { ...row, these, number, link: this.gateway.linkOf(number) };
  }

  at(debt, node = this.gateway) {
    return `${node.settings.public.url}/${new URL(debt.link).pathname.slice(1)}`;
  }

  get(debt, query = '', node = this.gateway) {
    return request(`${this.at(debt, node)}/plan${query}`, { ca: readFileSync(node.settings.public.certificate) });
  }

  // The form of one plan, as the page shows it.
  async form(debt, { parts = 3, first = '2026-12-10', lang, node } = {}) {
    const { text, status } = await this.get(debt, `?parts=${parts}&first=${first}${lang ? `&lang=${lang}` : ''}`, node);
    assert.equal(status, 200);
    const fields = fieldsOf(text);
    assert.ok(fields.token, `no form: ${textOf(text)}`);
    return { ...fields, accept: '1' };
  }

  post(debt, fields, node = this.gateway) {
    return postForm(`${this.at(debt, node)}/plan`, fields, { ca: readFileSync(node.settings.public.certificate) });
  }

  // Where a form leads, and what stands there.
  async accept(debt, fields, node = this.gateway) {
    const answer = await this.post(debt, fields, node);
    if (answer.status !== 303) return { status: answer.status, text: textOf(answer.text) };
    const { location } = answer.headers, query = location.includes('?') ? location.slice(location.indexOf('?')) : '';
    assert.ok(location.startsWith(`/${new URL(debt.link).pathname.slice(1)}/plan`), location);
    return { status: 303, query, text: textOf((await this.get(debt, query, node)).text) };
  }

  plans(debt) { return this.query(`select * from plan where ${debt.these} order by plan_no`); }
  parts(debt) { return this.query(`select * from instalment where ${debt.these} order by part_no`); }
  ledger(debt) { return this.query(`select kind, amount_minor from ledger_entry where ${debt.these} order by entry_no`); }
  events(debt) {
    return this.query(`select kind, facts::json as facts from event where ${debt.these} and kind like 'plan.%' order by event_no`);
  }
  async invoice(debt) { return (await this.query(`select * from invoice where ${debt.these}`))[0]; }

  // All that must hold of each debt, whatever was done to it.
  async assertWhole() {
    const broken = await this.query(`
      select i.number from invoice i
      where i.due_minor <> (select sum(e.amount_minor) from ledger_entry e
          where e.customer_id = i.customer_id and e.invoice_id = i.invoice_id)
        or i.entry_count <> (select count(*) from ledger_entry e where e.customer_id = i.customer_id and e.invoice_id = i.invoice_id)
        or i.hold_count <> (select count(*) from hold h where h.customer_id = i.customer_id and h.invoice_id = i.invoice_id)
        or exists (select from plan p where p.customer_id = i.customer_id and p.invoice_id = i.invoice_id
          and p.state in ('asked', 'active') and p.debt_minor + p.fee_minor + p.interest_minor <> (
            select sum(n.agreed_minor) from instalment n where n.customer_id = p.customer_id and n.invoice_id = p.invoice_id
              and n.plan_no = p.plan_no))
        or 1 < (select count(*) from plan p where p.customer_id = i.customer_id and p.invoice_id = i.invoice_id
          and p.state in ('asked', 'active'))
        or exists (select from event v where v.customer_id = i.customer_id and v.invoice_id = i.invoice_id
          and v.hash <> event_hash(v.prev_hash, v.customer_id, v.invoice_id, v.event_no, v.at, v.kind, v.facts, v.personal_hash))
        or i.event_count <> (select count(*) from event v where v.customer_id = i.customer_id and v.invoice_id = i.invoice_id)`);
    assert.deepEqual(broken, []);
  }
}
