// A day's reminders of a million open debts on a ladder of five steps, by the planner, against a bare
// insert of the same rows into the same table; and how time and memory grow with twice the debts.
import { build } from './bed.mjs';
import { createDatabase, inDatabase } from './import.mjs';
import { median, paired, run } from './measure.mjs';
import { writeFileSync } from 'node:fs';

const debts = Number(process.env.BENCH_PLAN_DEBTS ?? 1000000), rounds = 5;
const today = 20779; // 2026-11-22: planned through the 23rd, so that the 24th is the day

const seed = (count) => `
truncate customer, invoice, reminder, planned, scenario, scenario_version, scenario_step restart identity cascade;
insert into customer (customer_id, reference, created_at, changed_at)
    select n, 'c' || n, now(), now() from generate_series(1, ${count}) n;
insert into invoice (customer_id, invoice_id, number, kind, currency, amount_minor, due_minor, issue_date, due_date,
        link_no, needs_plan, created_at, changed_at)
    select n, n, 'n' || n, 'invoice', 'PLN', 10000, 10000, d - 14, d, 1, false, now(), now()
    from (select n, date '2026-11-23' + (n % 30 - 15) as d from generate_series(1, ${count}) n) x;
insert into scenario (name, position, created_at) values ('s', 1, now());
insert into scenario_version (scenario_id, version, source, catch_up_days, created_at, created_by, in_force_from)
    values (1, 1, '', 7, now(), 'bench', '2026-01-01');
insert into scenario_step (scenario_id, version, step_no, name, anchor, offset_days, is_working_days, on_day_off,
        at_second, channels, wait_seconds, unless, template, tone)
    select 1, 1, row_number() over () - 1, name, 'due', days, false, 'same', 36000, '{sms}', '{0}', '{""}', 'late', 'firm'
    from (values ('before_2', -2), ('due', 0), ('late_2', 2), ('late_9', 9), ('late_14', 14)) v (name, days);
`;
const rewind = `truncate reminder;
delete from planned;
insert into planned (through, scenarios, at) select '2026-11-23', md5(string_agg(v.scenario_id || '.' || v.version
        || '@' || n.position || ':' || extract(epoch from v.in_force_from) || '-'
        || coalesce(extract(epoch from v.in_force_until)::text, ''), ' ' order by v.scenario_id, v.version)), now()
    from scenario_version v join scenario n using (scenario_id) where v.in_force_from is not null;
checkpoint`;

export async function plan(bed) {
    const name = 'plan_bench';
    await createDatabase(bed, name);
    const owner = inDatabase(bed.ownerConninfo, name), app = inDatabase(bed.appConninfo, name);
    const settings = bed.file(`${name}.yaml`);
    writeFileSync(settings, `data_dir: "${bed.file(name)}"\ndatabase:\n  url: "${app}"\n  owner_url: "${owner}"\ncreditor:\n  name: "Bench"\n`);
    await run(`${build}/dunlin`, ['migrate', '--settings', settings]);
    const sql = (text) => bed.psql(['-At', '-c', text], owner);
    const script = async (text) => {
        writeFileSync(bed.file('plan.sql'), text);
        await bed.psql(['-q', '-f', bed.file('plan.sql')], owner);
    };
    const planDay = async () => {
        await script(rewind);
        const [seconds, kb] = (await run(`${build}/tests/bench_plan`, [app, String(today)])).trim().split(' ').map(Number);
        return { value: seconds, kb };
    };
    const several = async () => {
        const runs = [];
        for (let i = 0; i < 3; ++i)
            runs.push(await planDay());
        return { seconds: median(runs.map((r) => r.value)), kb: Math.max(...runs.map((r) => r.kb)) };
    };

    await script(`${seed(debts)} vacuum analyze;`);
    await planDay();
    await script('drop table if exists planned_rows; create table planned_rows as select * from reminder; vacuum analyze;');
    const count = Number(await sql('select count(*) from planned_rows'));
    const rows = [await paired({
        name: 'plan', unit: 's', wanted: '<= 2', limit: 2, isRate: false, rounds, isEitherFirst: true,
        ours: async () => ({ ...await planDay(), remark: () => `${count.toLocaleString('en')} reminders` }),
        ceiling: async () => {
            await script(rewind);
            const from = process.hrtime.bigint();
            await sql('insert into reminder select * from planned_rows');
            return { value: Number(process.hrtime.bigint() - from) / 1e9 };
        },
    })];
    const one = await several();
    await script(`${seed(2 * debts)} vacuum analyze;`);
    const two = await several();
    rows.push({
        name: 'plan_growth', unit: 's', ours: two.seconds, ceiling: one.seconds, ratio: two.seconds / one.seconds,
        wanted: '<= 2.2', isMet: two.seconds <= 2.2 * one.seconds, remark: 'twice the debts',
    }, {
        name: 'plan_memory', unit: 'MB', ours: two.kb / 1024, ceiling: one.kb / 1024, ratio: two.kb / one.kb,
        wanted: '<= 1.1', isMet: two.kb <= 1.1 * one.kb, remark: 'peak, twice the debts',
    });
    await bed.psql(['-c', `drop database if exists ${name}`]);
    return rows;
}
