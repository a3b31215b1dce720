// Customers with an app who are due to be reminded: each with one debt of 100.00, its live link, a
// payment begun long ago (so that it holds nothing back), devices, and a ladder whose first step is
// due. Made by a few statements over whole sets: 100,000 take seconds. For tests and benchmarks.
export const APNS_APP = 'bank.example.app', FCM_APP = 'com.example.bank';
export const AMOUNT_MINOR = 10000;

// Which devices customer n has, by turns.
const devicesOf = {
  both: { apns: 'c.customer_id % 5 <> 4', fcm: 'c.customer_id % 5 >= 3' }, // 3 APNs, 1 both, 1 FCM
  apns: { apns: 'true', fcm: 'false' },
  fcm: { apns: 'false', fcm: 'true' },
  none: { apns: 'false', fcm: 'false' },
};

export const apnsToken = (customer) => customer.toString(16).padStart(64, '0');
export const fcmToken = (customer) => `fcm-${customer}:${'x'.repeat(100)}`;
export const customerOfToken = (token) =>
  (token.startsWith('fcm-') ? Number(token.slice(4, token.indexOf(':'))) : Number(`0x${token}`));

function deviceSql(condition, values) {
  const { app, service, token, installation } = values;
  return `
insert into device (customer_id, installation, app, service, environment, target_kind, token, state, reason,
    registered_at, seen_at)
  select c.customer_id, ${installation}, '${app}', '${service}', 'production', 'token', ${token}, 'live', 'registered',
    now() - interval '30 days', now() - interval '1 day'
  from seeded c where ${condition};
insert into device_token (token, app, service, customer_id, installation)
  select ${token}, '${app}', '${service}', c.customer_id, ${installation} from seeded c where ${condition};
insert into device_installation (installation, app, customer_id)
  select ${installation}, '${app}', c.customer_id from seeded c where ${condition};`;
}

// `count` customers from number `first` on; their invoices bear the same numbers. `devices`: a key of
// devicesOf; the first `payments` of them have one begun; `later`: after how many days the rest of the
// ladder comes. Neither foreign keys nor triggers run for each row (session_replication_role): who
// seeds owns the tables and writes what they would.
export function seedSql({ count, first = 1, devices = 'both', payments = count, later = [2, 9, 16] }) {
  const which = devicesOf[devices];
  return `begin;
set local session_replication_role = replica;
set local synchronous_commit = off;
create temporary table seeded on commit drop as
  select customer_id::bigint from generate_series(${first}, ${first + count - 1}) customer_id;
insert into customer (customer_id, reference, name, language, link_count, payment_count, created_at, changed_at)
  select customer_id, 'push-' || customer_id, 'Anna Kowalska', (array['pl', 'en', 'uk'])[1 + customer_id % 3], 1,
    (customer_id < ${first + payments})::integer, now(), now() from seeded;
insert into customer_registry select 'push-' || customer_id, customer_id from seeded;
insert into invoice (customer_id, invoice_id, number, kind, product, currency, amount_minor, due_minor, issue_date,
    due_date, entry_count, link_no, payer_name, payer_language, payer_time_zone, payer_has_payments, created_at, changed_at)
  select customer_id, customer_id, 'PUSH/' || customer_id, 'invoice', 'Kredyt', 'PLN', ${AMOUNT_MINOR}, ${AMOUNT_MINOR},
    current_date - 14, current_date, 1, 1, name, language, time_zone, payment_count > 0, now(), now()
  from seeded join customer using (customer_id);
insert into invoice_registry select 'PUSH/' || customer_id, customer_id, customer_id from seeded;
insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor, currency, at)
  select customer_id, customer_id, 1, 'charge', ${AMOUNT_MINOR}, 'PLN', now() from seeded;
insert into paylink (customer_id, link_no, invoice_id, state, created_at)
  select customer_id, 1, customer_id, 'active', now() from seeded;
${paymentSql(`seeded where customer_id < ${first + payments}`)}
${deviceSql(which.apns, { app: APNS_APP, service: 'apns', installation: "'apns-' || lpad(c.customer_id::text, 8, '0')",
    token: "lpad(to_hex(c.customer_id), 64, '0')" })}
${deviceSql(which.fcm, { app: FCM_APP, service: 'fcm', installation: "'fcm-' || lpad(c.customer_id::text, 8, '0')",
    token: "'fcm-' || c.customer_id || ':' || repeat('x', 100)" })}
insert into reminder (customer_id, invoice_id, step, due_at, state, reason)
  select customer_id, customer_id, 'due', now() - interval '1 minute', 'scheduled', 'planned' from seeded
  union all
  select customer_id, customer_id, 'after_' || day, now() + day * interval '1 day', 'scheduled', 'planned'
  from seeded, unnest(array[${later}]::int[]) day;
commit;`;
}

const paymentSql = (whose) => `insert into payment (customer_id, payment_no, link_no, provider, account, method, amount_minor,
    currency, state, provider_reference, form_nonce, created_at, changed_at)
  select customer_id, 1, 1, 'sandbox', 'default', 'redirect', ${AMOUNT_MINOR}, 'PLN', 'started',
    'push_' || customer_id, 'push', now() - interval '1 day', now() - interval '1 day' from ${whose};
insert into payment_allocation (customer_id, payment_no, invoice_id, amount_minor)
  select customer_id, 1, customer_id, ${AMOUNT_MINOR} from ${whose};
insert into provider_reference (provider, account, reference, customer_id, payment_no)
  select 'sandbox', 'default', 'push_' || customer_id, customer_id, 1 from ${whose};`;

// The payment of customer `n`, as tests/support/money.mjs tells them.
export const seededPayment = (n) =>
  ({ customer_id: n, invoice_id: n, payment_no: 1, amount_minor: AMOUNT_MINOR, currency: 'PLN', id: `push_${n}` });
