// The night's pass over a million customers of three debts each, by the job: the first one, which
// writes every customer, against a bare update of the same rows; the next one, which changes none;
// and how time and memory grow from half as many customers.
import { build } from './bed.mjs';
import { createDatabase, inDatabase } from './import.mjs';
import { paired, run } from './measure.mjs';
import { writeFileSync } from 'node:fs';

const customers = Number(process.env.BENCH_SEGMENT_CUSTOMERS ?? 1000000), rounds = 3;
const night = Date.parse('2026-11-22T02:00:00Z') / 1000;

// Every third customer still owes the newest debt; the others paid theirs up to eight days late.
const seed = (count) => `
set session_replication_role = replica;
truncate customer, invoice, segment_run cascade;
insert into customer (customer_id, reference, created_at, changed_at) overriding system value
    select n, 'c' || n, now(), now() from generate_series(1, ${count}) n;
insert into invoice (customer_id, invoice_id, number, kind, currency, amount_minor, due_minor, issue_date, due_date,
        paid_at, link_no, needs_plan, payer_language, payer_time_zone, payer_has_payments, created_at, changed_at)
    select n, 3 * n + k, 'n' || n || '/' || k, 'invoice', 'PLN', 10000, case when is_paid then 0 else 10000 end,
        d - 14, d, case when is_paid then d + (n * (k + 2) % 9) * interval '1 day' end, k + 1, false, 'pl', 'Europe/Warsaw',
        false, now(), now()
    from (select n, k, date '2026-11-15' - (n % 60 + 60 * k) as d, k > 0 or n % 3 > 0 as is_paid
        from generate_series(1, ${count}) n, generate_series(0, 2) k) x;
`;
// As the first night finds them: the room that earlier rounds took is given back.
const forget = `truncate segment_run;
update customer set segment = null, segment_facts = null, segment_at = null where segment is not null;
vacuum full customer;
vacuum analyze customer;
checkpoint`;

export async function segments(bed) {
    const name = 'segments_bench';
    await createDatabase(bed, name);
    const owner = inDatabase(bed.ownerConninfo, name), app = inDatabase(bed.appConninfo, name);
    const settings = bed.file(`${name}.yaml`);
    writeFileSync(settings, `data_dir: "${bed.file(name)}"\ndatabase:\n  url: "${app}"\n  owner_url: "${owner}"\ncreditor:\n  name: "Bench"\n`);
    await run(`${build}/dunlin`, ['migrate', '--settings', settings]);
    const script = async (text) => {
        writeFileSync(bed.file('segments.sql'), text);
        await bed.psql(['-q', '-f', bed.file('segments.sql')], owner);
    };
    const pass = async () => {
        const [seconds, kb] = (await run(`${build}/tests/bench_segments`, [app, String(night)])).trim().split(' ').map(Number);
        return { value: seconds, kb };
    };
    const first = async () => {
        await script(forget);
        return pass();
    };

    await script(`${seed(customers / 2)} vacuum analyze;`);
    const half = await first();
    await script(`${seed(customers)} vacuum analyze;`);
    await first();
    await script(`create table segment_rows as select customer_id, segment, segment_facts, segment_at from customer;
vacuum analyze;`);
    const groups = await bed.psql(['-At', '-c', `select string_agg(segment || ' ' || n, ', ' order by segment)
        from (select segment, count(*) as n from segment_rows group by segment) s`], owner);
    let kb = 0;
    const row = await paired({
        name: 'segments', unit: 's', wanted: '<= 4', limit: 4, isRate: false, rounds, isEitherFirst: true,
        ours: async () => {
            const whole = await first();
            kb = Math.max(kb, whole.kb);
            return { ...whole, remark: () => groups.trim() };
        },
        ceiling: async () => {
            await script(forget);
            const from = process.hrtime.bigint();
            await bed.psql(['-c', `update customer k set segment = s.segment, segment_facts = s.segment_facts,
                segment_at = s.segment_at from segment_rows s where s.customer_id = k.customer_id`], owner);
            return { value: Number(process.hrtime.bigint() - from) / 1e9 };
        },
    });
    await script('truncate segment_run; vacuum analyze customer; checkpoint;');
    const next = await pass();
    await bed.psql(['-c', `drop database if exists ${name}`]);
    return [row, {
        name: 'segments_next', unit: 's', ours: next.value, ceiling: row.ours, ratio: next.value / row.ours,
        remark: 'a night that changes nobody, against the first',
    }, {
        name: 'segments_growth', unit: 's', ours: row.ours, ceiling: half.value, ratio: row.ours / half.value,
        wanted: '<= 2.2', isMet: row.ours <= 2.2 * half.value, remark: 'twice the customers',
    }, {
        name: 'segments_memory', unit: 'MB', ours: kb / 1024, ceiling: half.kb / 1024, ratio: kb / half.kb,
        wanted: '<= 1.1', isMet: kb <= 1.1 * half.kb, remark: 'peak, twice the customers',
    }];
}
