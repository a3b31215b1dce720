// A plan as an agreement leaves it in the database (migration 0070), for tests of what follows.

// The statements of one transaction. `parts`: [{ due: '2026-05-12', amount: 5000 }], which sum to what is
// due; `at` is the time of business.
export function agreeSql({ customer, invoice, parts, graceDays = 3, missedMax = 1, at = 'now()' }) {
  const key = `customer_id = ${customer} and invoice_id = ${invoice}`, when = at === 'now()' ? at : `'${at}'::timestamptz`;
  const agreed = parts.reduce((sum, { amount }) => sum + amount, 0);
  const rows = parts.map(({ due, amount }, i) => `select ${i + 1}, '${due}'::date, ${amount}`).join(' union all ');
  return `begin;
    update customer set money_version = money_version + 1 where customer_id = ${customer};
    insert into plan (customer_id, invoice_id, plan_no, state, policy, debt_minor, fee_minor, grace_days, missed_max, first_part_no,
        part_count, entry_from, hold_no, language, asked_at, decided_at, decided_by)
      select customer_id, invoice_id, help_count + 1, 'active', 'test', due_minor, ${agreed} - due_minor, ${graceDays}, ${missedMax},
        (select coalesce(max(part_no), 0) + 1 from instalment where ${key}), ${parts.length}, entry_count + (${agreed} <> due_minor)::int,
        hold_count + 1, 'pl', ${when}, ${when}, 'customer'
      from invoice where ${key};
    insert into instalment (customer_id, invoice_id, part_no, due_date, amount_minor, agreed_minor, plan_no)
      select p.customer_id, p.invoice_id, p.first_part_no + r.n - 1, r.due, r.amount, r.amount, p.plan_no
      from plan p cross join (${rows}) r (n, due, amount)
      where p.${key.replace(' and ', ' and p.')} and p.state = 'active';
    insert into hold (customer_id, invoice_id, hold_no, kind, created_at)
      select customer_id, invoice_id, hold_count + 1, 'plan', ${when} from invoice where ${key};
    insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor, currency, at)
      select customer_id, invoice_id, entry_count + 1, 'fee', ${agreed} - due_minor, currency, ${when} from invoice
      where ${key} and due_minor <> ${agreed};
    update invoice set help_count = help_count + 1, hold_count = hold_count + 1, plan_no = help_count + 1, changed_at = ${when},
        entry_count = entry_count + (due_minor <> ${agreed})::int, due_minor = ${agreed}
      where ${key};
    commit;`;
}
