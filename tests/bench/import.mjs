// 200,000 rows with links and reminders against a bare COPY of the rows they became, into the same
// tables with their indexes, on the same cluster. Then how much memory a larger file takes.
import { writeFileSync } from 'node:fs';
import { postgresPrograms } from '../support/local.mjs';
import { build } from './bed.mjs';
import { writeRows } from './import_rows.mjs';
import { paired, run } from './measure.mjs';

const rowCount = 200000, rounds = 3;
const small = 20000, large = 1000000;

export const inDatabase = (conninfo, name) => conninfo.replace(/dbname=\S+/, `dbname=${name}`);

export async function createDatabase(bed, name) {
    await bed.psql(['-c', `drop database if exists ${name}`]);
    await bed.psql(['-c', `create database ${name}`]);
}

function writeSettings(bed, name) {
    const file = bed.file(`${name}.yaml`);
    writeFileSync(file, `data_dir: "${bed.file(name)}"
database:
  url: "${inDatabase(bed.appConninfo, name)}"
  owner_url: "${inDatabase(bed.ownerConninfo, name)}"
creditor:
  name: "Bench"
`);
    return file;
}

// Seconds and the peak of resident memory in kB.
async function importFile(bed, file, name) {
    await createDatabase(bed, name);
    const settings = writeSettings(bed, name);
    await run(`${build}/dunlin`, ['migrate', '--settings', settings]);
    const from = process.hrtime.bigint();
    const times = bed.file('times');
    await run('/usr/bin/time', ['-f', '%M', '-o', times, `${build}/dunlin`, 'import', file, '--settings', settings]);
    const seconds = Number(process.hrtime.bigint() - from) / 1e9;
    return { seconds, kb: Number(await run('cat', [times])) };
}

async function tablesOf(bed, name) {
    const rows = await bed.psql(['-At', '-c', `select c.relname from pg_class c
        where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and c.relname <> 'schema_migration'
        order by case c.relname when 'customer' then 0 when 'import' then 1 else 2 end, 1`],
    inDatabase(bed.ownerConninfo, name));
    return rows.trim().split('\n');
}

// The same rows by bare COPY: one command a table, in one session.
async function copyRows(bed, from, to) {
    const tables = await tablesOf(bed, from);
    const source = inDatabase(bed.ownerConninfo, from), target = inDatabase(bed.ownerConninfo, to);
    for (const table of tables)
        await bed.psql(['-c', `\\copy ${table} to '${bed.file(table)}.copy' (format binary)`], source);
    await createDatabase(bed, to);
    writeFileSync(bed.file('schema.sql'), await run(`${postgresPrograms()}/pg_dump`, ['--schema-only', '-d', source]));
    await bed.psql(['-f', bed.file('schema.sql')], target);
    const commands = bed.file('copy.sql');
    writeFileSync(commands, tables.map((t) => `\\copy ${t} from '${bed.file(t)}.copy' (format binary)\n`).join(''));
    const started = process.hrtime.bigint();
    await bed.psql(['-f', commands], target);
    return Number(process.hrtime.bigint() - started) / 1e9;
}

export async function importRows(bed) {
    const file = bed.file('import.csv');
    writeRows(file, rowCount, 1);
    const rows = [await paired({
        name: 'import', unit: 's', wanted: '<= 3', limit: 3, isRate: false, rounds,
        ours: async () => ({ value: (await importFile(bed, file, 'import_ours')).seconds }),
        ceiling: async () => ({ value: await copyRows(bed, 'import_ours', 'import_ceiling') }),
    })];
    const peaks = {};
    for (const count of [small, large]) {
        writeRows(file, count, 1);
        peaks[count] = (await importFile(bed, file, 'import_ours')).kb / 1024;
    }
    rows.push({
        name: 'import_memory', unit: 'MB', ours: peaks[large], ceiling: peaks[small],
        ratio: peaks[large] / peaks[small], wanted: '<= 1.1', isMet: peaks[large] <= 1.1 * peaks[small],
        remark: `peak at ${large.toLocaleString('en')} rows against ${small.toLocaleString('en')}`,
    });
    for (const name of ['import_ours', 'import_ceiling'])
        await bed.psql(['-c', `drop database if exists ${name}`]);
    return rows;
}
