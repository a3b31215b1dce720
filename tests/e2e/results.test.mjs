// Results over HTTP and from the command line: of a demo's debts, and what bad questions get.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { before, test } from 'node:test';
import { promisify } from 'node:util';

import { dunlin, startDemo, temporaryFolder } from '../support/demo.mjs';
import { decide, invoiceOf, invoiceWhen, invoicesFile, startPayment } from '../support/payer.mjs';

const run = promisify(execFile);
const day = (days) => new Date(Date.now() + days * 86400e3).toISOString().slice(0, 10);
const period = `from=${day(-60)}&to=${day(60)}`;
let demo;

const ask = (query) => demo.call(`/results?${query}`);
const command = (...args) => run(dunlin, ['results', ...args, '--settings', path.join(demo.dir, 'dunlin.yaml')]);

before(async () => {
  demo = await startDemo({ args: ['--import', invoicesFile(temporaryFolder(),
    [['A/1', '100,00', -40], ['A/2', '200,00', -40], ['A/3', '300,00', -5], ['A/4', '400,00', 5]], 60)] });
  await decide(await startPayment(demo, (await invoiceOf(demo, 'A/1')).link), 'pay');
  await invoiceWhen(demo, 'A/1', ({ state }) => state === 'paid');
});

test('the debts of a period by month, without those not due yet', async () => {
  const answer = (await ask(`${period}&by=month`)).json();
  assert.deepEqual([answer.from, answer.to, answer.by], [day(-60), day(60), 'month']);
  const sum = (name) => answer.items.reduce((total, item) => total + item[name], 0);
  assert.deepEqual({ debts: sum('debts'), late: sum('late'), settled: sum('settled'), overdue: sum('overdue_minor'), recovered: sum('recovered_minor') },
    { debts: 3, late: 3, settled: 2, overdue: 30000, recovered: 0 });
});

test('the command says the same as CSV, JSON and in words', async () => {
  const [from, to] = [day(-60), day(60)];
  const items = JSON.parse((await command('--from', from, '--to', to, '--by', 'segment', '--json')).stdout);
  assert.deepEqual(items, (await ask(`${period}&by=segment`)).json().items);
  const lines = (await command('--from', from, '--to', to, '--by', 'segment', '--csv')).stdout.trim().split('\r\n');
  assert.deepEqual(lines[0].split(','), Object.keys(items[0]));
  assert.equal(lines.length, items.length + 1);
  assert.match((await command('--from', from, '--to', to)).stdout, /on_time \(PLN\): 3 debts\n {2}late 100\.0 %/);
});

test('a question that cannot be read is refused with what is wrong', async () => {
  for (const [query, detail] of [[`to=${day(0)}&by=month`, /^from/], ['from=2028-02-30&to=2028-03-01&by=month', /^from/],
    [`from=${day(0)}&to=${day(-1)}&by=month`, /period/], [`${period}&by=weather`, /^by is/], [period, /^by is/]]) {
    const answer = await ask(query);
    assert.equal(answer.status, 400, query);
    assert.match(answer.json().detail, detail, query);
  }
  await assert.rejects(command('--from', 'x', '--to', day(0)), ({ code, stderr }) => code === 2 && /from is no day/.test(stderr));
  await assert.rejects(command('--by'), ({ code }) => code === 2);
});

test('a key without the scope gets nothing', async () => {
  const { stdout } = await run(dunlin, ['key', 'api', 'make', 'other', 'invoices', '--json', '--settings', path.join(demo.dir, 'dunlin.yaml')]);
  const answer = await demo.call(`/results?${period}&by=month`, { headers: { authorization: `Bearer ${JSON.parse(stdout).key}` } });
  assert.equal(answer.status, 403);
});
