// What reminding brought in a year of a million debts, asked by the command as people do. The ceiling is
// the 40 seconds after which the report's session gives up.
import { readFileSync, writeFileSync } from 'node:fs';
import { build } from './bed.mjs';
import { createDatabase, inDatabase } from './import.mjs';
import { run } from './measure.mjs';

const debts = Number(process.env.BENCH_RESULTS_DEBTS ?? 1000000), ceiling = 40, allowed = 0.6;

// 0.3 customers a debt in two time zones, two scenarios that changed at midyear, five steps each. Nine
// debts in ten were paid, from a week before to seven weeks after; a message in five is about two debts.
const seed = `
set synchronous_commit = off;
set session_replication_role = replica; -- what triggers would fill in is given
select setseed(0.5);
insert into scenario (name, position, created_at) values ('private', 1, now()), ('firms', 2, now());
insert into scenario_version (scenario_id, version, source, catch_up_days, created_at, created_by)
    select s, v, '', 7, now(), 'bench' from generate_series(1, 2) s, generate_series(1, 2) v;
insert into scenario_step (scenario_id, version, step_no, name, anchor, offset_days, is_working_days, on_day_off,
        at_second, channels, wait_seconds, unless, template, tone)
    select s, v, n - 1, (array['before_7', 'before_2', 'due', 'late_3', 'late_10'])[n], 'due', (array[-7, -2, 0, 3, 10])[n],
        false, 'same', 36000, '{sms,email}', '{0,0}', '{"",""}', 'x', 'neutral'
    from generate_series(1, 2) s, generate_series(1, 2) v, generate_series(1, 5) n;
insert into customer (customer_id, reference, time_zone, created_at, changed_at)
    select n, 'c' || n, case n % 20 when 0 then 'Europe/Lisbon' else 'Europe/Warsaw' end, now(), now()
    from generate_series(1, ${debts} * 3 / 10) n;
insert into segment_change (customer_id, at, segment)
    select n, timestamptz '2025-01-01' + t * interval '200 days' + n % 300 * interval '1 day',
        (array['on_time', 'sometimes_late', 'chronically_late'])[1 + (n + t) % 3]
    from generate_series(1, ${debts} * 3 / 10) n, generate_series(0, 1) t where n % 2 = 0;
create temp table made as
    select n as invoice_id, 1 + n * 7919::bigint % (${debts} * 3 / 10) as customer_id, d as due_date, 10000 + n % 90000 as amount,
        case when random() < 0.9 then d + interval '12 hours' + (random() ^ 2 * 55 - 8) * interval '1 day' end as paid_at
    from (select n, date '2025-01-01' + n % 365 as d from generate_series(1, ${debts}) n) x;
insert into invoice (customer_id, invoice_id, number, kind, currency, amount_minor, due_minor, issue_date, due_date, paid_at,
        needs_plan, payer_language, payer_time_zone, payer_has_payments, created_at, changed_at)
    select customer_id, invoice_id, 'n' || invoice_id, 'invoice', 'PLN', amount, case when paid_at is null then amount else 0 end,
        due_date - 14, due_date, paid_at, false, 'pl', case customer_id % 20 when 0 then 'Europe/Lisbon' else 'Europe/Warsaw' end,
        false, now(), now()
    from made;
insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor, currency, payment_no, source_reference, at)
    select customer_id, invoice_id, 1, 'charge', amount, 'PLN', null::integer, '', due_date - interval '14 days' from made
    union all
    select customer_id, invoice_id, 2, 'payment', -amount, 'PLN', invoice_id, invoice_id::text, paid_at from made where paid_at is not null;
-- The ladder until it was paid; what came behind is cancelled.
insert into reminder (customer_id, invoice_id, step, due_at, state, reason, channel, claimed_at, finished_at, scenario_id,
        version, step_no, step_date, price_micro, message_no)
    select customer_id, invoice_id, name, at, case when is_sent then 'sent' else 'cancelled' end, '', case when is_sent then way end,
        case when is_sent then at end, at, scenario_id, version, step_no, at::date, case when is_sent then 80000 end,
        case when is_sent then no - (no % 10 = 0)::integer end
    from (select m.customer_id, m.invoice_id, s.name, a.at, s.scenario_id, s.version, s.step_no, coalesce(m.paid_at > a.at, true) as is_sent,
            case (m.invoice_id + s.step_no) % 3 when 0 then 'email' else 'sms' end as way,
            row_number() over (partition by m.customer_id order by a.at, m.invoice_id) as no
        from made m
        join scenario_step s on s.scenario_id = 1 + (m.invoice_id % 4 = 0)::integer and s.version = 1 + (m.due_date >= '2025-07-01')::integer
        cross join lateral (select m.due_date + s.offset_days + interval '9 hours' as at) a
        where s.step_no < 3 or coalesce(m.paid_at > m.due_date, true)) x;
insert into work_item (customer_id, invoice_id, step, list, queue, state, reason, created_at, changed_at)
    select customer_id, invoice_id, 'call', 'call', 'q', 'done', 'x', due_date, due_date + 20 from made where invoice_id % 50 = 0;
insert into hold (customer_id, invoice_id, hold_no, kind, created_at)
    select customer_id, invoice_id, 1, 'admin', due_date from made where invoice_id % 100 = 1;
insert into rating (customer_id, invoice_id, stars, at)
    select customer_id, invoice_id, 1 + invoice_id % 5, due_date from made where invoice_id % 20 = 3;
reset session_replication_role;
vacuum analyze;
checkpoint;
`;

export async function results(bed) {
    const name = 'results_bench', settings = bed.file(`${name}.yaml`), script = bed.file(`${name}.sql`);
    await createDatabase(bed, name);
    const owner = inDatabase(bed.ownerConninfo, name);
    writeFileSync(settings, `${readFileSync(bed.file('dunlin.yaml'), 'utf8')}database:\n  url: "${inDatabase(bed.appConninfo, name)}"\n  owner_url: "${owner}"\n`);
    await run(`${build}/dunlin`, ['migrate', '--settings', settings]);
    writeFileSync(script, seed);
    await bed.psql(['-f', script], owner);
    const messages = Number(await bed.psql(['-At', '-c', "select count(*) from reminder where state = 'sent'"], owner));
    const rows = [];
    for (const [from, to] of [['2025-06-01', '2025-06-30'], ['2025-01-01', '2025-12-31']]) for (const by of ['segment', 'step', 'version']) {
        const started = process.hrtime.bigint();
        const csv = await run(`${build}/dunlin`, ['results', '--from', from, '--to', to, '--by', by, '--csv', '--settings', settings]);
        const seconds = Number(process.hrtime.bigint() - started) / 1e9;
        rows.push({
            name: `results_${to === '2025-12-31' ? 'year' : 'month'}_${by}`, unit: 's', ours: seconds, ceiling, ratio: seconds / ceiling,
            wanted: `<= ${allowed}`, isMet: seconds <= allowed * ceiling,
            remark: `${debts.toLocaleString('en')} debts, ${messages.toLocaleString('en')} messages, ${csv.trim().split('\n').length - 1} groups`,
        });
    }
    await bed.psql(['-c', `drop database if exists ${name}`]);
    return rows;
}
