// Reminders from the table to a channel that accepts at once, and back: claimed, checked again, their
// words written, handed over, recorded (dispatch_run.c). Ceiling: the database alone with the same claims
// and records (reminder_claims.c), on the same cluster and a copy of the same rows.
import { writeFileSync } from 'node:fs';
import { seedSql } from '../support/push_seed.mjs';
import { build } from './bed.mjs';
import { createDatabase, inDatabase } from './import.mjs';
import { paired, run } from './measure.mjs';

const count = 100000, rounds = 3;

async function makeRows(bed) {
    await createDatabase(bed, 'dispatch_rows');
    const settings = bed.file('dispatch.yaml'), sql = bed.file('dispatch.sql');
    writeFileSync(settings, `data_dir: "${bed.file('dispatch')}"
database:
  url: "${inDatabase(bed.appConninfo, 'dispatch_rows')}"
  owner_url: "${inDatabase(bed.ownerConninfo, 'dispatch_rows')}"
creditor:
  name: "Bench"
`);
    await run(`${build}/dunlin`, ['migrate', '--settings', settings]);
    writeFileSync(sql, `${seedSql({ count, devices: 'none', payments: 0 })}
update customer set phone = '+48' || (500000000 + customer_id);
vacuum full customer;
vacuum analyze;
checkpoint;`);
    await bed.psql(['-f', sql], inDatabase(bed.ownerConninfo, 'dispatch_rows'));
}

async function side(bed, program, name, more) {
    await bed.psql(['-c', `drop database if exists ${name}`]);
    await bed.psql(['-c', `create database ${name} template dispatch_rows strategy file_copy`]);
    const out = await run(`${build}/tests/${program}`, [inDatabase(bed.appConninfo, name), String(count), ...more]);
    return { value: count / JSON.parse(out).seconds };
}

export async function dispatch(bed) {
    await makeRows(bed);
    const row = await paired({ name: 'dispatch', unit: '/s', wanted: '>= 0.50', limit: 0.5, rounds, isEitherFirst: true,
        ours: () => side(bed, 'bench_dispatch', 'dispatch_ours', []),
        ceiling: () => side(bed, 'bench_reminder_claims', 'dispatch_ceiling', ['sms']) });
    for (const name of ['dispatch_rows', 'dispatch_ours', 'dispatch_ceiling']) await bed.psql(['-c', `drop database if exists ${name}`]);
    return [row];
}
