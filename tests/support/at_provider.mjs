// A gateway that is owed something and sends its customers to the fake of a payment provider.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { atEnd } from './cleanup.mjs';
import { dunlin, execute, findConninfo, query } from './demo.mjs';
import { eventually } from './eventually.mjs';
import { makeCertificate, makeGateway } from './gateway.mjs';
import { postForm, request } from './https.mjs';
import { assertBooksBalance } from './money.mjs';

const formOf = (html, method) => {
  const form = (html.match(/<form\b[^]*?<\/form>/g) ?? []).find((text) => text.includes(`value="${method}"`));
  if (!form) throw new Error(`the page has no form for ${method}`);
  const fields = [...form.matchAll(/<input[^>]*name="(\w+)"[^>]*value="([^"]*)"/g)].map(([, name, value]) => [name, value]);
  return { action: /action="([^"]+)"/.exec(form)[1], fields: { ...Object.fromEntries(fields), method } };
};

function csvOf(debts) {
  const day = new Date(Date.now() + 7 * 86400e3).toISOString().slice(0, 10);
  const rows = Array.from({ length: debts }, (_, i) => `K${i},Jan Nowak,FV/${i},100.00,PLN,${day}\n`);
  return `customer id,name,invoice number,amount,currency,due date\n${rows.join('')}`;
}

class AtProvider {
  constructor(gateway, fake, owner) {
    Object.assign(this, { gateway, fake, owner });
    this.ca = readFileSync(gateway.settings.public.certificate);
    this.taken = 0;
  }

  query(sql) { return query(this.owner, sql); }
  books() { return assertBooksBalance(this); }

  // The next invoice that nobody has touched, with its link.
  async debt() {
    const number = `FV/${this.taken++}`;
    const told = execFileSync(dunlin, ['link', 'show', number, '--json', '--settings', path.join(this.gateway.dir, 'dunlin.yaml')]);
    const [row] = await this.query(`select customer_id, invoice_id from invoice where number = '${number}'`);
    if (!row) throw new Error('there are too few debts');
    return { number, link: JSON.parse(told).url, ...row };
  }

  get(url) { return request(url, { ca: this.ca }); }
  post(url, fields) { return postForm(url, fields, { ca: this.ca }); }

  // A form of the page, to be sent once or more, with more fields. `wish` is what the page is asked for.
  async form(debt, method = 'redirect', wish = '') {
    const { action, fields } = formOf((await this.get(`${debt.link}${wish}`)).text, method);
    return (more = {}) => postForm(new URL(action, debt.link).href, { ...fields, ...more },
      { ca: this.ca, headers: { 'user-agent': 'Mozilla/5.0 (test)' } });
  }

  // Starts a payment; its order at the provider.
  async start(debt) {
    const answer = await (await this.form(debt))();
    if (answer.status !== 303) throw new Error(`starting a payment: ${answer.status} ${answer.text.slice(0, 300)}`);
    debt.redirect = answer.headers.location;
    const [payment] = (await this.payments(debt)).slice(-1);
    const order = [...this.fake.orders.values()].find((one) => one.id === payment.provider_reference);
    if (!order) throw new Error(`the provider has no order ${payment.provider_reference}`);
    return order;
  }

  // What the browser shows that the provider sends back.
  async back(order) {
    const answer = await this.get(order.returnUrl);
    if (answer.status !== 303) throw new Error(`coming back: ${answer.status}`);
    return (await this.get(new URL(answer.headers.location, order.returnUrl).href)).text;
  }

  payments(debt) {
    return this.query(`select p.payment_no, p.state, p.provider, p.reason, p.method, p.provider_reference, p.amount_minor, p.paid_minor
      from payment p join payment_allocation a using (customer_id, payment_no)
      where a.customer_id = ${debt.customer_id} and a.invoice_id = ${debt.invoice_id} order by 1`);
  }

  // What is booked, in short: ['charge 10000', 'payment -10000'].
  async ledger(debt) {
    const rows = await this.query(`select kind, amount_minor from ledger_entry
      where customer_id = ${debt.customer_id} and invoice_id = ${debt.invoice_id} order by entry_no`);
    return rows.map((row) => `${row.kind} ${row.amount_minor}`);
  }

  async due(debt) {
    return (await this.query(`select due_minor from invoice
      where customer_id = ${debt.customer_id} and invoice_id = ${debt.invoice_id}`))[0].due_minor;
  }

  dueIs(debt, minor) {
    return eventually(async () => (await this.due(debt)) === minor, { what: `${debt.number} owes ${minor}`, within: 30000 });
  }

  stateIs(debt, state) {
    return eventually(async () => (await this.payments(debt)).at(-1).state === state,
      { what: `the payment of ${debt.number} is ${state}`, within: 30000 });
  }

  // The provider is asked about what it is silent about.
  ask() { return execute(this.owner, 'update payment set ask_at = now() where ask_at is not null'); }

  // So long that whatever is to be asked or tried again about the debt's payments is, now.
  async periodPasses({ customer_id: customer }) {
    await execute(this.owner, `
      update payment set ask_at = now() where customer_id = ${customer} and ask_at is not null;
      update callback_outcome set next_try_at = now() where customer_id = ${customer} and state = 'parked' and next_try_at is not null;
      update refund set next_try_at = now() where customer_id = ${customer} and next_try_at is not null`);
  }

  // The customer's time is over, and the provider's.
  async timePasses({ customer_id: customer }) {
    await execute(this.owner, `update payment set asked_at = asked_at - interval '3 hours', ask_at = now()
      where customer_id = ${customer} and state in ('created', 'started', 'pending')`);
  }

  // One that goes out unless it is paid.
  remindInAWeek(debt) {
    return execute(this.owner, `insert into reminder (customer_id, invoice_id, step, due_at, state, reason)
      values (${debt.customer_id}, ${debt.invoice_id}, 'after_99', now() + interval '7 days', 'scheduled', 'planned')`);
  }

  // [step, state, reason] of each of the debt's reminders.
  async reminders(debt) {
    const rows = await this.query(`select step, state, reason from reminder
      where customer_id = ${debt.customer_id} and invoice_id = ${debt.invoice_id} order by step`);
    return rows.map(({ step, state, reason }) => [step, state, reason]);
  }

  // What `lose` held back comes after all.
  async deliverLate() {
    for (const message of this.fake.unsent.splice(0))
      if (!await this.fake.deliver(message)) throw new Error('a late message is not taken');
  }

  // Kills the process of this name that comes by the place (server/base/crash_point.h) in what `deed`
  // sets going, and waits until another is in its place. Wants the option `crashes`.
  async crash(where, name, deed) {
    const before = this.gateway.processes(name), file = this.crashFile;
    writeFileSync(`${file}.new`, where);
    renameSync(`${file}.new`, file);
    await deed();
    await eventually(() => !existsSync(file), { what: `a process comes by ${where}`, within: 20000 });
    await eventually(async () => {
      const now = this.gateway.processes(name);
      return now.length === before.length && before.some((pid) => !now.includes(pid))
        && (await fetch(`http://127.0.0.1:${this.gateway.operatorsPort}/readyz`)).status === 200;
    }, { what: `${name} is there again`, within: 20000 });
  }

  // Everything that was kept of callbacks: [{ dedup_key, state, reason }].
  callbacks() {
    return this.query('select dedup_key, state, reason from callback_outcome order by dedup_key');
  }
}

async function addProvider(gateway, Fake, name, options) {
  const fake = await new Fake({ ...makeCertificate(gateway.dir, name),
    callbackCa: readFileSync(gateway.settings.public.certificate), ...options }).listen();
  atEnd(() => fake.stop());
  const { entry, files } = fake.settings();
  for (const [file, content] of Object.entries(files))
    writeFileSync(path.join(gateway.dir, file), content, { mode: 0o600 });
  gateway.settings.providers = [...gateway.settings.providers ?? [], entry];
  return fake;
}

// `debts` customers who owe 100.00 PLN each, and a fake of the class at which they pay. `settings` are
// the gateway's, over the usual ones; `csv` is imported instead of those debts; `Spare` is the class of another provider, behind it in the
// settings; with `crashes` the gateway can be killed at named places; all other options are the fake's.
export async function startAtProvider(Fake, debts, { settings, Spare, csv: text = csvOf(debts), crashes = false, ...options } = {}) {
  const gateway = await makeGateway(settings), crashFile = path.join(gateway.dir, 'crash');
  const fake = await addProvider(gateway, Fake, 'provider', options);
  const spare = Spare && await addProvider(gateway, Spare, 'spare');
  if (crashes) gateway.under = ['env', `TEST_CRASH_FILE=${crashFile}`];
  await gateway.start();
  atEnd(() => gateway.end());
  const csv = path.join(gateway.dir, 'export.csv');
  writeFileSync(csv, text);
  execFileSync(dunlin, ['import', csv, '--settings', path.join(gateway.dir, 'dunlin.yaml')], { stdio: 'pipe' });
  const { url, owner_url: ownerUrl } = gateway.settings.database ?? {};
  const [, owner] = url === undefined ? findConninfo(gateway.dir) : [url, ownerUrl];
  return Object.assign(new AtProvider(gateway, fake, owner), { spare, crashFile });
}
