// A gateway (`dunlin serve`) that is owed something, with a provider that calls back.
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { atEnd } from './cleanup.mjs';
import { execute, findConninfo, query } from './demo.mjs';
import { eventually } from './eventually.mjs';
import { makeGateway } from './gateway.mjs';

function csvOf(debts) {
  const day = new Date(Date.now() + 7 * 86400e3).toISOString().slice(0, 10);
  const rows = Array.from({ length: debts }, (_, i) => `K${i},Jan Nowak,FV/${i},100.00,PLN,${day}\n`);
  return `customer id,name,invoice number,amount,currency,due date\n${rows.join('')}`;
}

// The planner works beside the tests: who lost against it tries again.
async function patiently(job, tries = 5) {
  try {
    return await job();
  } catch (error) {
    if (tries === 0 || !/deadlock detected/.test(error.stderr)) throw error;
    return patiently(job, tries - 1);
  }
}

// `debts` customers who owe 100.00 PLN each; `settings` over the usual ones; `under` as the gateway's;
// `bank` is the origin of the provider's API and pages (by default nobody is there).
export async function startOwed(debts, settings = {}, under = [], bank = 'http://127.0.0.1:9') {
  const gateway = await makeGateway(settings);
  gateway.under = under;
  const secret = `whsec_${randomBytes(32).toString('base64')}`, secretFile = path.join(gateway.dir, 'bank.secret');
  writeFileSync(secretFile, secret, { mode: 0o600 });
  gateway.settings.providers = [{ provider: 'sandbox', api_url: bank, start_origin: bank,
    secret_files: [secretFile] }];
  await gateway.start();
  atEnd(() => gateway.end());
  const csv = path.join(gateway.dir, 'export.csv');
  writeFileSync(csv, csvOf(debts));
  gateway.command('import', csv);
  const { url, owner_url: ownerUrl } = gateway.settings.database ?? {};
  const [app, owner] = url === undefined ? findConninfo(gateway.dir) : [url, ownerUrl];
  const ask = (sql) => query(owner, sql), change = (sql) => patiently(() => execute(owner, sql));
  return {
    gateway, app, caText: readFileSync(gateway.settings.public.certificate),
    sandbox: { callback: `${gateway.settings.public.url}/callbacks/sandbox`, secret },
    ownerConninfo: owner,
    // All debts have their reminders, so that a test can cancel them.
    planned: () => eventually(async () => (await ask('select from invoice where needs_plan')).length === 0,
      { what: 'the plan', within: 30000 }),
    query: ask, execute: change,
    // This step of customers with these numbers is due now.
    remind(numbers, step = 'due') {
      return change(`insert into reminder (customer_id, invoice_id, step, due_at, state, reason)
        select customer_id, invoice_id, '${step}', now(), 'scheduled', 'test' from invoice
        where number in (${numbers.map((n) => `'FV/${n}'`)})
        on conflict (customer_id, invoice_id, step) do update
          set due_at = now(), try_at = null, state = 'scheduled', reason = 'test';
        notify dunlin_reminder`);
    },
    async reminder(n, step = 'due') {
      const [row] = await ask(`select r.* from reminder r join invoice i using (customer_id, invoice_id)
        where i.number = 'FV/${n}' and r.step = '${step}'`);
      return row;
    },
  };
}
