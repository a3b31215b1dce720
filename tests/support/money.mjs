// Payments to call back about, and the books that must balance afterwards.
import assert from 'node:assert/strict';

// Makes one more payment, `started` at the sandbox bank under the id `prefix_<customer>`, for up to
// `count` invoices that owe something and have had no payment yet.
// Returns [{ customer_id, invoice_id, payment_no, amount_minor, currency, id }].
export async function makePayments(demo, count, prefix) {
  await demo.execute(`
    create temporary table fresh as
    select i.customer_id, i.invoice_id, i.due_minor, i.currency, k.payment_count + 1 as payment_no, i.link_no
    from invoice i
    join customer k using (customer_id)
    where i.link_no is not null and i.due_minor > 0 and k.payment_count = 0
      and i.invoice_id = (select min(x.invoice_id) from invoice x where x.customer_id = i.customer_id)
    order by i.customer_id
    limit ${count};
    update customer k set payment_count = f.payment_no from fresh f where f.customer_id = k.customer_id;
    insert into payment (customer_id, payment_no, link_no, provider, account, method, amount_minor, currency,
      state, provider_reference, form_nonce, created_at, changed_at)
    select customer_id, payment_no, link_no, 'sandbox', 'default', 'redirect', due_minor, currency, 'started',
      '${prefix}_' || customer_id, '${prefix}', now(), now() from fresh;
    insert into payment_allocation select customer_id, payment_no, invoice_id, due_minor from fresh;
    insert into provider_reference select 'sandbox', 'default', '${prefix}_' || customer_id, customer_id,
      payment_no from fresh;`);
  const payments = await demo.query(`
    select p.customer_id, a.invoice_id, p.payment_no, p.amount_minor, p.currency, p.provider_reference as id
    from payment p join payment_allocation a using (customer_id, payment_no)
    where p.form_nonce = '${prefix}' order by 1`);
  assert.equal(payments.length, count, 'the demo has not enough debtors who never paid');
  return payments;
}

// data of a callback about a payment.
export function about(payment, more = {}) {
  return {
    id: payment.id, movement: `mv_${payment.id}`, amount_minor: payment.amount_minor,
    currency: payment.currency, ...more,
  };
}

// Sums, counters and chains agree with what they count, for every invoice.
export async function assertBooksBalance(demo) {
  const broken = await demo.query(`
    select i.customer_id, i.invoice_id from invoice i
    where i.due_minor <> (select coalesce(sum(amount_minor), 0) from ledger_entry e
        where e.customer_id = i.customer_id and e.invoice_id = i.invoice_id)
      or i.entry_count <> (select count(*) from ledger_entry e
        where e.customer_id = i.customer_id and e.invoice_id = i.invoice_id)
      or i.event_count <> (select count(*) from event e
        where e.customer_id = i.customer_id and e.invoice_id = i.invoice_id)
      or (i.paid_at is not null) <> (i.due_minor <= 0)
      or i.chain_head <> coalesce((select hash from event e where e.customer_id = i.customer_id
        and e.invoice_id = i.invoice_id order by event_no desc limit 1), '\\x')
      or exists (select from event e left join event p on p.customer_id = e.customer_id
          and p.invoice_id = e.invoice_id and p.event_no = e.event_no - 1
        where e.customer_id = i.customer_id and e.invoice_id = i.invoice_id
          and (e.prev_hash <> coalesce(p.hash, '\\x') or e.hash <> event_hash(e.prev_hash, e.customer_id,
            e.invoice_id, e.event_no, e.at, e.kind, e.facts, e.personal_hash)))`);
  assert.deepEqual(broken, []);
}

// The ledger of a payment in short: ['payment -100', 'refund 30'].
export async function ledgerOf(demo, payment) {
  const rows = await demo.query(`select kind, amount_minor from ledger_entry
    where customer_id = ${payment.customer_id} and payment_no = ${payment.payment_no} order by kind, entry_no`);
  return rows.map((row) => `${row.kind} ${row.amount_minor}`);
}

export async function stateOf(demo, payment) {
  const [row] = await demo.query(`select p.state, p.reason, i.due_minor from payment p, invoice i
    where p.customer_id = ${payment.customer_id} and p.payment_no = ${payment.payment_no}
      and i.customer_id = p.customer_id and i.invoice_id = ${payment.invoice_id}`);
  return row;
}

export function shuffled(items) {
  const out = [...items];
  for (let i = out.length - 1; i > 0; --i) {
    const j = Math.floor(Math.random() * (i + 1));
    [out[i], out[j]] = [out[j], out[i]];
  }
  return out;
}

// Runs `task` over all items, `width` at a time.
export async function inParallel(items, width, task) {
  const queue = [...items];
  const results = [];
  await Promise.all(Array.from({ length: width }, async () => {
    while (queue.length > 0) results.push(await task(queue.shift()));
  }));
  return results;
}
