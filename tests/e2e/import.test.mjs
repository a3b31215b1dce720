// Accounting exports, from the command line and by tus, good ones, hostile ones, and cut ones.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, ftruncateSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import * as tus from 'tus-js-client';

import { writeRows } from '../bench/import_rows.mjs';
import { dunlin, execute, findConninfo, query as queryAt } from '../support/demo.mjs';
import { eventually } from '../support/eventually.mjs';
import { connectTls, startGateway } from '../support/gateway.mjs';
import { keepAliveAgent, request } from '../support/https.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const vector = (name) => path.join(root, 'tests/vectors/import', name);
const head = 'Kod kontrahenta;Nazwa;Telefon;Numer faktury;Kwota;Waluta;Termin\n';

const gateway = await startGateway({ import: { part_rows: 50, bytes_max: 8 << 20 } });
const owner = findConninfo(gateway.dir)[1];
const ca = readFileSync(gateway.settings.private.certificate);
const secret = randomBytes(20).toString('hex');
const key = `dk_0123456789ab_${secret}`;
await execute(owner, `insert into api_key (key_id, name, secret_hash, scopes, created_at)
  values ('0123456789ab', 'test', '\\x${createHash('sha256').update(secret).digest('hex')}',
    '{imports}', now())`);
after(() => gateway.end());

const query = (sql) => queryAt(owner, sql);
const one = async (sql) => (await query(sql))[0];
const base = () => `https://localhost:${gateway.privatePort}/api/v1/imports`;

function file(name, content) {
  const where = path.join(gateway.dir, name);
  writeFileSync(where, content);
  return where;
}

// { code, stdout, stderr, json() }
function run(...args) {
  return new Promise((resolve) => {
    execFile(dunlin, ['import', '--settings', path.join(gateway.dir, 'dunlin.yaml'), ...args],
      { maxBuffer: 1 << 24 }, (error, stdout, stderr) => resolve({
        code: error === null ? 0 : error.code, stdout, stderr, json: () => JSON.parse(stdout) }));
  });
}

async function importText(name, text) {
  return (await run(file(name, text), '--json')).json();
}

function call(method, where, { headers = {}, ...options } = {}) {
  return request(where, { method, ca, ...options,
    headers: { authorization: `Bearer ${key}`, 'tus-resumable': '1.0.0', ...headers } });
}

const counts = async () => one(`select (select count(*) from customer) as customers,
  (select count(*) from invoice) as invoices, (select count(*) from ledger_entry) as entries,
  (select count(*) from event) as events, (select count(*) from reminder) as reminders,
  (select count(*) from paylink) as paylinks, (select count(*) from import_bad_row) as bad,
  (select count(*) from import_part) as parts`);

const invoice = (number) => one(`select i.*, c.name, c.phone, c.email, c.language from invoice i
  join customer c using (customer_id) where number = '${number}'`);
const entries = (number) => query(`select l.kind, l.amount_minor from ledger_entry l
  join invoice i using (customer_id, invoice_id) where number = '${number}' order by entry_no`);
const reminders = (number) => query(`select step, r.state, r.reason, due_at from reminder r
  join invoice i using (customer_id, invoice_id) where number = '${number}' order by due_at, step`);

const day = (n) => new Date(Date.now() + n * 86400000).toISOString().slice(0, 10);

// Planned, as far as the horizon goes: the planner works behind the import.
const allPlanned = () => eventually(async () => (await query('select 1 from invoice where needs_plan limit 1')).length === 0,
  { what: 'nothing waits to be planned' });

// Of a debt due tomorrow: planned already and not yet sent, at whatever hour this runs.
const dueStep = async (number) => {
  const { state, reason } = (await reminders(number)).find((r) => r.step === 'due');
  return { state, reason };
};

// Somebody forgives the debt: the invoice is settled without a provider.
const settle = (number) => execute(owner, `
  with settled as (
    update invoice set entry_count = entry_count + 1, due_minor = 0, paid_at = now()
    where number = '${number}' returning customer_id, invoice_id, entry_count, amount_minor, currency)
  , entered as (insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor, currency, at)
    select customer_id, invoice_id, entry_count, 'write_off', -amount_minor, currency, now() from settled)
  update reminder r set state = 'cancelled', reason = 'paid' from settled s
  where r.customer_id = s.customer_id and r.invoice_id = s.invoice_id and r.state = 'scheduled'`);

test('real exports in three encodings and with three delimiters say what they mean', async () => {
  for (const name of ['windows-1250.csv', 'iso-8859-2.csv', 'utf-8-english.csv']) {
    const result = await run(vector(name), '--json');
    assert.equal(result.code, 0, result.stdout);
  }
  const turtle = await invoice('FV 17/11/2026');
  assert.equal(turtle.name, 'Przedsiębiorstwo "Żółw" s.c.');
  assert.equal(turtle.phone, '+48600100200');
  assert.equal(turtle.amount_minor, 123456);
  assert.equal(turtle.due_minor, 123456);
  assert.equal(turtle.issue_date, '2026-11-03');
  assert.equal(turtle.due_date, '2026-11-17');
  assert.equal(turtle.account, 'PL61109010140000071219812874');
  assert.equal((await invoice('RATA 3/24')).kind, 'instalment');
  assert.equal((await invoice('FV 18/11/2026')).name, 'Śliwińska Łucja; gabinet');
  assert.equal((await invoice('POL/1/2026')).name, 'Wąsik Bożena');
  assert.equal((await invoice('POL/2/2026')).amount_minor, 105010);
  const lease = await invoice('INV-1001');
  assert.deepEqual([lease.amount_minor, lease.currency, lease.language, lease.product],
    [123456, 'EUR', 'en', 'Lease, car second line']);
  assert.equal((await invoice('INV-1002')).name, 'Олена Коваль');
});

test('the sample that is shipped goes in', async () => {
  const result = await run(path.join(root, 'examples/invoices.csv'));
  assert.equal(result.code, 0, result.stdout + result.stderr);
  assert.match(result.stdout, /6 new, 0 changed, 0 unchanged, 0 bad/);
});

test('every imported invoice has its charge, its link, its ladder and a whole chain of events', async () => {
  assert.deepEqual(await query(`select number from invoice i
    where (select sum(amount_minor) from ledger_entry l where l.customer_id = i.customer_id
        and l.invoice_id = i.invoice_id) is distinct from due_minor
      or not exists (select from paylink p where p.customer_id = i.customer_id
        and p.invoice_id = i.invoice_id and p.link_no = i.link_no and p.state = 'active')
      or chain_head is distinct from (select hash from event e where e.customer_id = i.customer_id
        and e.invoice_id = i.invoice_id order by event_no desc limit 1)
      or event_count <> (select count(*) from event e where e.customer_id = i.customer_id
        and e.invoice_id = i.invoice_id)`), []);
  assert.deepEqual(await query(`select event_no, kind from event
    where hash is distinct from event_hash(prev_hash, customer_id, invoice_id, event_no, at, kind, facts, personal_hash)`), []);
});

test('reminders follow the ladder; of what is past only the newest step goes out, at once', async () => {
  await importText('ladder.csv', head +
    `L1;Anna;;LADDER-NEW;10,00;;${day(10)}\n` +
    `L2;Anna;;LADDER-LATE;10,00;;${day(-5)}\n` +
    `L3;Anna;;LADDER-OVER;10,00;;${day(-60)}\n`);
  await allPlanned();
  assert.deepEqual((await reminders('LADDER-NEW')).map((r) => r.step), ['issue']);
  const late = await reminders('LADDER-LATE');
  assert.equal(late.filter((r) => r.reason === 'newest missed step' || r.state !== 'scheduled').length, 1);
  assert.ok(late.every((r) => !['issue', 'before_2'].includes(r.step)));
  assert.deepEqual(await reminders('LADDER-OVER'), []);
});

test('the same file again touches nothing', async () => {
  const rows = () => query(`select 'i' as t, xmin::text as x, invoice_id as id from invoice
    union all select 'c', xmin::text, customer_id from customer
    union all select 'r', xmin::text, invoice_id from reminder order by 1, 3, 2`);
  await allPlanned();
  const before = await rows(), numbers = await counts();
  for (const name of ['windows-1250.csv', 'iso-8859-2.csv', 'utf-8-english.csv']) {
    const { created, changed, bad, same } = (await run(vector(name), '--json')).json();
    assert.deepEqual([created, changed, bad], [0, 0, 0]);
    assert.ok(same > 0);
  }
  assert.deepEqual(await rows(), before);
  assert.deepEqual(await counts(), numbers);
});

test('a changed amount is a correction in the ledger', async () => {
  const row = (amount) => `${head}C1;Anna Zmienna;;CORR-1;${amount};PLN;${day(20)}\n`;
  await importText('corr.csv', row('100,00'));
  assert.equal((await importText('corr.csv', row('120,00'))).changed, 1);
  assert.equal((await importText('corr.csv', row('90,00'))).changed, 1);
  assert.deepEqual(await entries('CORR-1'), [
    { kind: 'charge', amount_minor: 10000 }, { kind: 'correction', amount_minor: 2000 },
    { kind: 'correction', amount_minor: -3000 }]);
  const after = await invoice('CORR-1');
  assert.deepEqual([after.due_minor, after.paid_at], [9000, null]);
});

test('nothing un-pays an invoice but a real raise', async () => {
  const row = (amount) => `${head}P1;Anna Płatna;;PAID-1;${amount};PLN;${day(1)}\n`;
  const state = async () => {
    const { due_minor, paid_at } = await invoice('PAID-1');
    return [due_minor, paid_at !== null];
  };
  await importText('paid.csv', row('100,00'));
  await allPlanned();
  await settle('PAID-1');
  assert.equal((await importText('paid.csv', row('100,00'))).same, 1);
  assert.deepEqual(await state(), [0, true]);

  assert.equal((await importText('paid.csv', row('80,00'))).changed, 1);
  assert.deepEqual(await state(), [-2000, true], 'less is an over-payment');

  const old = await importText('paid.csv', row('100,00'));
  assert.equal(old.bad, 1);
  assert.match(old.bad_rows[0].reason, /amount it had before/);
  assert.deepEqual(await state(), [-2000, true], 'old data do not reopen it');
  assert.deepEqual(await dueStep('PAID-1'), { state: 'cancelled', reason: 'paid' });

  assert.equal((await importText('paid.csv', row('130,00'))).changed, 1);
  assert.deepEqual(await state(), [3000, false], 'the difference is owed');
  await allPlanned();
  assert.equal((await dueStep('PAID-1')).state, 'scheduled', 'reminders go on');
});

test('a lower amount that is covered already settles the invoice and stops its reminders', async () => {
  const row = (amount) => `${head}P2;Anna Płatna;;PAID-2;${amount};PLN;${day(1)}\n`;
  await importText('part.csv', row('100,00'));
  await execute(owner, `with i as (update invoice set due_minor = 4000, entry_count = 2 where number = 'PAID-2' returning *)
    insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor, currency, at)
    select customer_id, invoice_id, 2, 'write_off', -6000, 'PLN', now() from i`);
  await allPlanned();
  assert.equal((await dueStep('PAID-2')).state, 'scheduled');
  await importText('part.csv', row('60,00'));
  const { due_minor, paid_at } = await invoice('PAID-2');
  assert.equal(due_minor, 0);
  assert.ok(paid_at);
  assert.deepEqual(await dueStep('PAID-2'), { state: 'cancelled', reason: 'paid' });
  assert.ok((await reminders('PAID-2')).every((r) => r.state !== 'scheduled'));
});

test('another due date plans the reminders anew, what went out stays', async () => {
  const row = (due) => `${head}D1;Anna;;DUE-1;10,00;PLN;${due}\n`;
  await importText('due.csv', row(day(10)));
  await allPlanned();
  await execute(owner, `update reminder r set state = 'sent' from invoice i
    where number = 'DUE-1' and r.customer_id = i.customer_id and r.invoice_id = i.invoice_id and step = 'issue'`);
  await importText('due.csv', row(day(30)));
  await allPlanned();
  assert.deepEqual((await reminders('DUE-1')).map(({ step, state }) => [step, state]), [['issue', 'sent']]);
  assert.equal((await invoice('DUE-1')).due_date.slice(0, 10), day(30));
});

test('other contact data change the customer, and only their event names them, apart', async () => {
  await importText('name.csv', `${head}N1;Anna Stara;600100100;NAME-1;10,00;PLN;${day(10)}\n`);
  await importText('name.csv', `${head}N1;Anna Nowa;600100200;NAME-1;10,00;PLN;${day(10)}\n`);
  const changed = await invoice('NAME-1');
  assert.deepEqual([changed.name, changed.phone], ['Anna Nowa', '+48600100200']);
  const [event] = await query(`select e.facts, p.data, e.personal_hash = sha256(p.salt || convert_to(p.data, 'UTF8')) as is_bound
    from event e join event_personal p using (customer_id, invoice_id, event_no)
    join invoice i using (customer_id, invoice_id) where number = 'NAME-1'`);
  assert.equal(event.facts, '{"name":"changed","phone":"changed"}');
  assert.match(event.data, /Anna Stara.*Anna Nowa/);
  assert.equal(event.is_bound, true);
});

test('bad rows are told with line, column, value and reason; the others go in', async () => {
  const out = path.join(gateway.dir, 'bad.csv');
  const text = head +
    `B1;Anna;;BAD-0;10,00;PLN;${day(10)}\n` +
    `B1;Anna;;BAD-1;1,234;PLN;${day(10)}\n` + // thousands or a fraction?
    `B1;Anna;;BAD-2;10,00;PLN;31.02.2027\n` +
    `B1;;;BAD-3;10,00;PLN;${day(10)}\n` +
    `B1;Anna;;CORR-1;10,00;PLN;${day(10)}\n` + // somebody else's
    `B1;"Anna" x;;BAD-5;10,00;PLN;${day(10)}\n` +
    `B1;Anna;;BAD-6;10,00;PLN;${day(10)};surplus\n` +
    `B1;Anna;;BAD-0;11,00;PLN;${day(10)}\n` + // the number again, and another amount
    `B1;Anna;;BAD-0;10,00;PLN;${day(10)}\n` + // the first row again
    `B1;=HYPERLINK("http://x");;BAD-9;-5;PLN;${day(10)}\n` +
    `B1;Anna;;BAD-10;10,00;PLN;\n`;
  const result = await run(file('bad-in.csv', text), '--json', '--bad-rows', out);
  assert.equal(result.code, 1);
  const { created, same, bad, bad_rows: rows } = result.json();
  assert.deepEqual([created, same, bad], [1, 1, 9]);
  assert.deepEqual(rows.map((r) => [r.line, r.column]), [
    [3, 'amount'], [4, 'due date'], [5, 'name'], [6, 'invoice number'], [7, undefined],
    [8, undefined], [9, 'invoice number'], [11, 'amount'], [12, 'due date']]);
  assert.equal(rows[0].value, '1,234');
  assert.match(rows[3].reason, /belongs to another customer/);

  const csv = readFileSync(out, 'utf8');
  const lines = csv.split('\r\n');
  assert.ok(csv.startsWith('\ufeffKod kontrahenta;'));
  assert.equal(lines.length, 11);
  assert.match(lines[0], /;Termin;line;reason$/);
  assert.match(lines[1], /^B1;Anna;;BAD-1;1,234;PLN;[-0-9]+;3;amount: /);
  assert.match(lines[8], /^B1;"'=HYPERLINK\(""http:\/\/x""\)";;BAD-9;-5;PLN;/, 'a formula stays text');

  const words = await run(file('bad-in.csv', text));
  assert.match(words.stdout, /line 3: amount "1,234"/);
  assert.match(words.stdout, /--bad-rows/);

  // Mended in place and imported again, extra columns and all.
  writeFileSync(out, csv.replace('1,234;PLN', '1234;PLN'));
  const mended = (await run(out, '--json')).json();
  assert.equal(mended.created, 1);
  assert.equal((await invoice('BAD-1')).amount_minor, 123400);
});

test('values that look like formulas or markup stay text', async () => {
  const name = '<script>alert(1)</script>{{7*7}}';
  await importText('odd.csv', `${head}O1;${name};;ODD-1;10,00;PLN;${day(10)}\nO2;=cmd|' /C calc'!A0;;ODD-2;10,00;PLN;${day(10)}\n`);
  assert.equal((await invoice('ODD-1')).name, name);
  assert.equal((await invoice('ODD-2')).name, "=cmd|' /C calc'!A0");
});

const row = `X;Anna;;HOSTILE-1;10,00;PLN;${day(10)}\n`;
const hostile = {
  'an empty file': ['', 'csv-empty'],
  'no header': ['1;2;3\n4;5;6\n', 'csv-no-csv'],
  'a NUL': [head + row.replace('Anna', 'An\0na'), 'csv-no-csv'],
  'UTF-16': [Buffer.from('\ufeff' + head + row, 'utf16le'), 'csv-utf-16'],
  'UTF-16 without a mark': [Buffer.from(head + row, 'utf16le'), 'csv-no-csv'],
  'an open quote': [`${head}X;"Anna;;HOSTILE-1;10,00;PLN;x\n${row}`, 'csv-quote-open'],
  'an open quote and a long file': [`${head}X;"Anna${row.repeat(3000)}`, 'csv-quote-open'],
  'one long line': [head + 'x'.repeat(100000), 'csv-line-too-long'],
  'too many columns': [`${'a;'.repeat(200)}\n`, 'csv-too-many-columns'],
  'two amounts': [`Kod klienta;Nazwa;Numer;Kwota;Do zapłaty;Termin\n`, 'csv-header-twice'],
  'a missing column': [head.replace('Kwota', 'Netto') + row, 'csv-column-missing'],
  'a spreadsheet': [Buffer.from('PK\x03\x04\x14\x00'), 'csv-no-csv'],
};
for (const [what, [content, problem]] of Object.entries(hostile)) {
  test(`${what} is refused and changes nothing`, async () => {
    const before = await counts(), imports = await query('select count(*) from import');
    const result = await run(file('hostile.csv', content), '--json');
    assert.equal(result.code, 1);
    assert.equal(result.json().problem, problem);
    assert.deepEqual(await counts(), before);
    assert.deepEqual(await query('select count(*) from import'), imports);
  });
}

test('a gigabyte is refused by its size before it is read', async () => {
  const where = file('huge.csv', '');
  const fd = openSync(where, 'r+');
  ftruncateSync(fd, 1 << 30);
  closeSync(fd);
  const result = await run(where, '--json');
  assert.equal(result.json().problem, 'import-too-large');
});

test('a truncated last row is a bad row', async () => {
  const result = await importText('cut.csv', `${head}T1;Anna;;CUT-1;10,00;PLN;${day(10)}\nT1;Anna;;CUT-2;10,`);
  assert.deepEqual([result.created, result.bad], [1, 1]);
  assert.equal(result.bad_rows[0].line, 3);
});

test('broken letters spoil their own rows only', async () => {
  const good = (n) => `U${n};Zażółć gęślą jaźń;;UTF-${n};10,00;PLN;${day(10)}\n`;
  const text = Buffer.concat([Buffer.from(head + good(1) + good(2)), Buffer.from('U3;Zażół'),
    Buffer.from([0xc5]), Buffer.from(`;;UTF-3;10,00;PLN;${day(10)}\n${good(4)}`)]);
  const result = await run(file('broken.csv', text), '--json');
  assert.deepEqual([result.json().created, result.json().bad], [3, 1]);
  assert.equal((await invoice('UTF-4')).name, 'Zażółć gęślą jaźń');
});

test('wrong usage and missing files are told', async () => {
  assert.equal((await run()).code, 2);
  assert.equal((await run('--nonsense', 'x')).code, 2);
  const missing = await run(path.join(gateway.dir, 'not-there.csv'));
  assert.equal(missing.code, 1);
  assert.match(missing.stdout, /No such file/);
});

// ---- tus ----

const status = async (where) => (await call('GET', where)).json();
const finished = (where) => eventually(async () => {
  const s = await status(where);
  return ['done', 'refused'].includes(s.state) && s;
}, { what: 'the import is over', within: 60000, every: 100 });

function rowsFile(name, count, first) {
  const where = path.join(gateway.dir, name);
  writeRows(where, count, first);
  return where;
}

async function create(size, metadata = 'filename ' + Buffer.from('faktury.csv').toString('base64')) {
  const answer = await call('POST', base(), { headers: { 'upload-length': String(size), 'upload-metadata': metadata } });
  assert.equal(answer.status, 201);
  return new URL(answer.headers.location, base()).href;
}

const patch = (where, offset, body, headers = {}) => call('PATCH', where, { body, headers: {
  'content-type': 'application/offset+octet-stream', 'upload-offset': String(offset), ...headers } });

async function upload(bytes) {
  const where = await create(bytes.length);
  for (let at = 0; at < bytes.length; at += 1 << 20)
    assert.equal((await patch(where, at, bytes.subarray(at, at + (1 << 20)))).status, 204);
  return where;
}

test('tus tells what it can', async () => {
  const answer = await request(base(), { method: 'OPTIONS', ca });
  assert.equal(answer.status, 204);
  assert.equal(answer.headers['tus-version'], '1.0.0');
  assert.equal(answer.headers['tus-max-size'], String(8 << 20));
  assert.match(answer.headers['tus-extension'], /creation/);
});

test('tus-js-client uploads in parts, is cut, finds its place and goes on', async () => {
  const bytes = readFileSync(rowsFile('tus.csv', 3000, 1000000));
  const agent = keepAliveAgent(ca);
  const httpStack = new tus.DefaultHttpStack({ agent });
  const options = { endpoint: base(), chunkSize: 64 * 1024, headers: { Authorization: `Bearer ${key}` },
    metadata: { filename: 'zażółć.csv' }, httpStack, retryDelays: null };
  const url = await new Promise((resolve, reject) => {
    const first = new tus.Upload(bytes, { ...options, onError: reject, onSuccess: () => reject(new Error('was not cut')),
      onChunkComplete: (size, accepted) => {
        if (accepted < 128 * 1024) return;
        first.abort();
        resolve(first.url);
      } });
    first.start();
  });
  // Cut in the middle of a part: what did not come whole does not count.
  const { headers } = await call('HEAD', url);
  const offset = Number(headers['upload-offset']);
  assert.match(headers['upload-metadata'], /^filename [A-Za-z0-9+/]+=*$/, 'what was told at creation');
  assert.equal((await request(url, { method: 'HEAD', ca, headers: { authorization: `Bearer ${key}` } })).status, 412,
    'every request says which version it speaks');
  const socket = await connectTls(gateway.privatePort);
  socket.write(`PATCH ${new URL(url).pathname} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${key}\r\n` +
    'tus-resumable: 1.0.0\r\ncontent-type: application/offset+octet-stream\r\n' +
    `upload-offset: ${offset}\r\ncontent-length: 60000\r\n\r\n`);
  socket.write(bytes.subarray(offset, offset + 30000));
  socket.destroy();

  let resumedAt = null;
  await new Promise((resolve, reject) => {
    const second = new tus.Upload(bytes, { ...options, uploadUrl: url, onError: reject, onSuccess: resolve,
      onProgress: (sent) => { resumedAt ??= sent; } });
    second.start();
  });
  agent.destroy();
  assert.ok(resumedAt >= 128 * 1024, `went on at ${resumedAt}`);
  const done = await finished(url);
  assert.deepEqual([done.state, done.created, done.bad, done.rows, done.progress, done.name],
    ['done', 3000, 0, 3000, 1, 'zażółć.csv']);
  assert.deepEqual(await one(`select count(*) from import_part`), { count: 0 });
});

test('tus refuses what the protocol does not allow, by stable problems', async () => {
  const problem = (answer) => [answer.status, answer.json().type.replace(/.*[:/]/, '')];
  const where = await create(100);
  assert.deepEqual(problem(await call('POST', base(), { headers: { 'upload-length': String((8 << 20) + 1) } })),
    [413, 'import-too-large']);
  assert.deepEqual(problem(await call('POST', base())), [400, 'upload-length']);
  assert.deepEqual(problem(await call('POST', base(), { headers: { 'upload-length': '-1' } })), [400, 'upload-length']);
  assert.deepEqual(problem(await call('POST', base(), { headers: { 'upload-length': '5', 'upload-metadata': 'filename ???' } })),
    [400, 'upload-metadata']);
  assert.deepEqual(problem(await patch(where, 5, 'abc')), [409, 'upload-offset']);
  assert.deepEqual(problem(await patch(where, 0, 'abc', { 'content-type': 'text/csv' })), [415, 'upload-type']);
  assert.deepEqual(problem(await patch(where, 'x', 'abc')), [400, 'upload-offset']);
  assert.deepEqual(problem(await patch(where, 0, 'x'.repeat(101))), [413, 'upload-too-long']);
  assert.deepEqual(problem(await call('PATCH', where, { headers: { 'tus-resumable': '0.2.0' } })), [412, 'tus-version']);
  assert.deepEqual(problem(await call('GET', base() + '/nonsense')), [404, 'import-unknown']);
  assert.deepEqual(problem(await call('GET', base() + '/00000000-0000-4000-8000-000000000000')), [404, 'import-unknown']);
  assert.equal((await request(base(), { method: 'POST', ca, headers: { 'upload-length': '5' } })).status, 401);
  assert.equal((await patch(where, 0, '')).status, 204, 'an empty part is fine');
  assert.equal((await patch(where, 0, 'abc')).headers['upload-offset'], '3');
  assert.equal((await call('DELETE', where)).status, 204);
  assert.deepEqual(problem(await call('DELETE', where)), [404, 'import-unknown']);
  assert.equal((await call('HEAD', where)).status, 404);
});

test('a method that a proxy does not let through comes in a header of tus', async () => {
  const where = await create(6);
  const post = (method, options = {}) => call('POST', where, { ...options,
    headers: { 'x-http-method-override': method, ...options.headers } });
  const bytes = { body: 'abc', headers: { 'content-type': 'application/offset+octet-stream', 'upload-offset': '0' } };
  assert.equal((await post('PATCH', bytes)).headers['upload-offset'], '3');
  const head = await post('HEAD');
  assert.deepEqual([head.status, head.headers['upload-offset'], head.headers['upload-length']], [200, '3', '6']);
  assert.equal((await post('BREW')).status, 405);
  assert.equal((await post(['PATCH', 'DELETE'])).status, 400);
  assert.equal((await post('DELETE')).status, 204);
  assert.equal((await call('HEAD', where)).status, 404);
  // Nothing but uploads listens to it.
  assert.equal((await call('GET', new URL('/', base()), { headers: { 'x-http-method-override': 'DELETE' } })).status, 200);
});

test('whatever answers an upload says which tus it speaks', async () => {
  const where = await create(6);
  const version = (answer) => [answer.status, answer.headers['tus-resumable']];
  assert.deepEqual(version(await request(where, { method: 'HEAD', ca })), [401, '1.0.0']);
  assert.deepEqual(version(await call('PUT', where)), [405, '1.0.0']);
  assert.deepEqual(version(await call('GET', `${base()}/nonsense`)), [404, '1.0.0']);
  assert.deepEqual(version(await patch(where, 0, Buffer.alloc((1 << 20) + 1))), [413, '1.0.0']);
  assert.deepEqual(version(await call('GET', new URL('/', base()))), [200, undefined]);
});

// Digests by coreutils' sha1sum and sha256sum.
test('a part that came through damaged is not taken', async () => {
  const where = await create(6);
  const { headers } = await request(where, { method: 'OPTIONS', ca });
  assert.match(headers['tus-extension'], /\bchecksum\b/);
  assert.equal(headers['tus-checksum-algorithm'], 'sha1,sha256');
  const sums = { sha1: 'qZk+NkcGgWq6PiVxeFDCbJzQ2J0=', sha256: 'ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=' };
  const send = async (offset, sum, body = 'abc') => {
    const answer = await patch(where, offset, body, { 'upload-checksum': sum });
    return answer.status === 204 ? answer.headers['upload-offset'] : [answer.status, answer.json().type.replace(/.*:/, '')];
  };
  assert.deepEqual(await send(0, `sha1 ${sums.sha1}`, 'abd'), [460, 'upload-checksum-wrong']);
  assert.deepEqual(await send(0, `sha256 ${sums.sha256}`, ''), [460, 'upload-checksum-wrong']);
  assert.deepEqual(await send(0, `md5 ${sums.sha1}`), [400, 'upload-checksum']);
  assert.deepEqual(await send(0, `sha1 ${sums.sha256}`), [400, 'upload-checksum']);
  assert.deepEqual(await send(0, [`sha1 ${sums.sha1}`, `sha1 ${sums.sha1}`]), [400, 'upload-checksum']);
  assert.equal((await call('HEAD', where)).headers['upload-offset'], '0');
  assert.equal(await send(0, `sha1 ${sums.sha1}`), '3');
  assert.equal(await send(3, `sha256 ${sums.sha256}`), '6');
});

test('an upload that is no import is refused and its bytes are forgotten', async () => {
  const done = await finished(await upload(Buffer.from('not;a;csv\n1;2;3\n')));
  assert.deepEqual([done.state, done.problem], ['refused', 'csv-no-csv']);
  assert.deepEqual(await one('select count(*) from import_part'), { count: 0 });
});

test('bad rows of an upload are told over the API', async () => {
  const where = await upload(Buffer.from(`${head}A1;Anna;;API-1;10,00;PLN;${day(10)}\nA1;Anna;;API-2;x;PLN;${day(10)}\n`));
  const done = await finished(where);
  assert.deepEqual([done.state, done.created, done.bad], ['done', 1, 1]);
  const csv = await call('GET', `${where}/bad-rows.csv`);
  assert.equal(csv.status, 200);
  assert.match(csv.headers['content-type'], /^text\/csv/);
  assert.match(csv.text, /A1;Anna;;API-2;x;PLN;[-0-9]+;3;amount: this is not an amount\r\n$/);
  assert.equal((await call('DELETE', where)).status, 409);
});

test('imports are listed, newest first, by pages', async () => {
  const first = (await call('GET', `${base()}?limit=2`)).json();
  assert.equal(first.items.length, 2);
  const second = (await call('GET', `${base()}?limit=2&cursor=${first.next}`)).json();
  assert.equal(new Set([...first.items, ...second.items].map((i) => i.id)).size, 4);
  assert.ok(first.items[0].created_at >= second.items[1].created_at);
  assert.equal((await call('GET', `${base()}?limit=0`)).status, 400);
});

test('one file uploaded twice at once is imported once', async () => {
  const bytes = readFileSync(rowsFile('twice.csv', 2000, 2000000));
  const both = await Promise.all([upload(bytes), upload(bytes)]);
  const done = await Promise.all(both.map(finished));
  assert.equal(done[0].created + done[1].created, 2000);
  assert.equal(done[0].same + done[1].same, 2000);
});

test('kill -9 of the work process in the middle loses and doubles nothing', async () => {
  const count = 8000;
  const where = await upload(readFileSync(rowsFile('kill.csv', count, 3000000)));
  for (const share of [0.1, 0.4]) {
    await eventually(async () => {
      const s = await status(where);
      return s.state === 'done' || s.created >= share * count;
    }, { what: `${share} of the rows are in`, within: 60000, every: 5 });
    for (const pid of gateway.processes('work')) process.kill(pid, 'SIGKILL');
  }
  const done = await finished(where);
  assert.deepEqual([done.state, done.created, done.changed, done.same, done.bad], ['done', count, 0, 0, 0]);
  assert.deepEqual(await one(`select count(distinct invoice_id) as invoices, count(distinct number) as numbers,
      count(event_no) as events from invoice left join event using (customer_id, invoice_id)
    where number like 'FV/300%/2026' and length(number) = 15 and event.kind = 'invoice.imported'`),
  { invoices: count, numbers: count, events: count });
});

test('the command killed in the middle goes on where it stood', async () => {
  const where = rowsFile('command.csv', 6000, 4000000);
  const child = execFile(dunlin, ['import', where, '--settings', path.join(gateway.dir, 'dunlin.yaml')]);
  const gone = new Promise((resolve) => { child.once('exit', resolve); });
  const state = () => one(`select state, created_count, committed_bytes from import where name = 'command.csv'`);
  await eventually(async () => (await state())?.created_count >= 1000, { within: 60000, every: 5 });
  child.kill('SIGKILL');
  await gone;
  const stood = await state();
  assert.equal(stood.state, 'running');
  const again = await eventually(async () => {
    const result = (await run(where, '--json')).json();
    return result.state === 'done' && result; // the dead session's lock goes in a moment
  }, { within: 30000 });
  assert.deepEqual([again.changed, again.bad, again.same], [0, 0, 0]);
  assert.ok(again.created < 6000, 'only the rest was read');
  assert.deepEqual(await one(`select created_count, (select count(*) from import where name = 'command.csv') as imports
    from import where name = 'command.csv'`), { created_count: 6000, imports: 1 });
});

test('corrections and payments of the same customers at the same time lose nothing', async () => {
  const count = 600;
  const rows = (amount) => head + Array.from({ length: count },
    (_, i) => `RACE-${i % 40};Anna;;RACE-${i};${amount};PLN;${day(20)}\n`).join('');
  assert.equal((await importText('race.csv', rows('100,00'))).created, count);
  // As a callback does it: lock in order, move the version on, take from the debt.
  const pay = `with c as (select customer_id from customer where reference like 'RACE-%' and random() < 0.2
        order by customer_id for no key update),
      moved as (update customer set money_version = money_version + 1 where customer_id in (select customer_id from c)),
      paid as (update invoice i set due_minor = due_minor - 1, entry_count = entry_count + 1
        where customer_id in (select customer_id from c) returning customer_id, invoice_id, entry_count)
    insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor, currency, at)
    select customer_id, invoice_id, entry_count, 'write_off', -1, 'PLN', now() from paid`;
  let isOver = false, payments = 0;
  const paying = (async () => {
    while (!isOver) {
      await execute(owner, pay);
      ++payments;
    }
  })();
  const result = await importText('race2.csv', rows('101,00')).finally(() => { isOver = true; });
  await paying;
  assert.deepEqual([result.state, result.changed, result.bad], ['done', count, 0]);
  assert.ok(payments > 1);
  assert.deepEqual(await one(`select count(*) filter (where due_minor is distinct from
      (select sum(amount_minor) from ledger_entry l where l.customer_id = i.customer_id and l.invoice_id = i.invoice_id))
      as wrong, count(*) filter (where (select count(*) from ledger_entry l where l.customer_id = i.customer_id
      and l.invoice_id = i.invoice_id and l.kind = 'correction') = 1) as corrected
    from invoice i where number like 'RACE-%'`), { wrong: 0, corrected: count });
});
