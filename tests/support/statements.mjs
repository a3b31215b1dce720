// The statements that the database is sent while `work` runs, by its own log: what was prepared and
// executed, without the values.
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { eventually } from './eventually.mjs';

export async function statementsOf(demo, work) {
  const log = path.join(demo.dir, 'data', 'database', 'postgres.log');
  const set = async (value) => {
    await demo.execute(`alter system set log_statement = '${value}'`);
    await demo.execute('select pg_reload_conf()');
  };
  const marker = async (text) => {
    await demo.execute(`select '${text}'`);
    await eventually(() => readFileSync(log, 'utf8').includes(text), { what: `${text} in the log` });
  };
  const start = statSync(log).size;
  await set('all');
  await eventually(async () => (await demo.query("select current_setting('log_statement') as now"))[0].now === 'all');
  await marker(`begin_${start}`);
  await work();
  await marker(`end_${start}`);
  await set('none');
  const text = readFileSync(log).subarray(start).toString();
  return text.slice(text.indexOf(`begin_${start}`), text.indexOf(`end_${start}`))
    .split(/\n(?!\t)/) // what belongs to the line above is indented
    .filter((entry) => / execute | statement: /.test(entry.split('\n')[0]));
}
