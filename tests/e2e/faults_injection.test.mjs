// What strangers put into paths, queries, headers, forms and JSON to be taken for something else: line
// breaks, ways out of a folder, other hosts, SQL. While they try, the system calls of every process
// are watched: nothing but our own files is opened. Afterwards nothing of it, and nothing of anybody's
// data, stands in a log, a metric or an answer.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { message, send } from '../support/callbacks.mjs';
import { atEnd } from '../support/cleanup.mjs';
import { descendants, eventually, startDemo } from '../support/demo.mjs';
import { connectTls, exchangeOn } from '../support/gateway.mjs';
import { startPayment } from '../support/payer.mjs';
import { statementsOf } from '../support/statements.mjs';

const demo = await startDemo();
const link = demo.links[0], { origin } = new URL(link);
const code = new URL(link).pathname.slice(1);
const api = new URL(demo.api);
const answers = []; // all that strangers got

async function raw(port, bytes) {
  const exchange = await exchangeOn(await connectTls(port), bytes, { quietMs: 3000 });
  answers.push({ asked: bytes, text: exchange.text });
  return exchange;
}
const get = (target, headers = 'Host: localhost\r\n', port = demo.port) =>
  raw(port, `GET ${target} HTTP/1.1\r\n${headers}Connection: close\r\n\r\n`);
const getApi = (target) => get(target, `Host: localhost\r\nAuthorization: Bearer ${demo.api_key}\r\n`, Number(api.port));

// The names that our answers' headers have, and no others.
const known = new Set(['date', 'connection', 'content-length', 'content-type', 'x-request-id', 'location', 'retry-after',
  'allow', 'refresh', 'www-authenticate', 'content-disposition', 'x-content-type-options', 'strict-transport-security',
  'referrer-policy', 'x-frame-options', 'permissions-policy', 'cross-origin-opener-policy', 'cross-origin-resource-policy',
  'cross-origin-embedder-policy', 'x-robots-tag', 'cache-control', 'content-security-policy', 'tus-resumable', 'tus-version',
  'tus-max-size', 'tus-extension', 'tus-checksum-algorithm', 'upload-offset', 'upload-length', 'upload-metadata', 'vary']);

function assertOrdinary({ answers: got, text }, what) {
  assert.equal(got.length, 1, `${what}: ${text}`);
  const [{ status, headers }] = got;
  assert.deepEqual(Object.keys(headers).filter((name) => !known.has(name)), [], what);
  assert.ok(status < 500, `${what}: ${status}`);
  assert.doesNotMatch(text, /x-evil|evil\.example|root:.*:0:0:/i, what);
}

// ---- watched by strace ----

let tracer, traced = '';
const traceFile = path.join(demo.dir, 'opened.strace');
const nameOf = (pid) => { try { return readFileSync(`/proc/${pid}/comm`, 'utf8').trim(); } catch { return ''; } };
const ours = () => [demo.pid, ...descendants(demo.pid)].filter((pid) => !['', 'postgres'].includes(nameOf(pid)));

before(async () => {
  if (!existsSync('/usr/bin/strace')) return;
  const pids = ours();
  tracer = spawn('strace', ['-f', '-qq', '-e', 'trace=%file', '-o', traceFile, ...pids.flatMap((pid) => ['-p', String(pid)])],
    { stdio: ['ignore', 'ignore', 'pipe'] });
  tracer.stderr.on('data', (part) => { traced += part; });
  atEnd(() => tracer.kill('SIGKILL'));
  const isTraced = (pid) => /^TracerPid:\s+[1-9]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  await eventually(() => tracer.exitCode !== null || pids.every(isTraced), { what: 'strace watches' });
});

// ---- the attacks ----

describe('line breaks and NUL', () => {
  const breaks = ['%0d%0aX-Evil:%201', '%0aX-Evil:1', '%0dX-Evil:1', '%00X-Evil:1', '%0d%0a%0d%0a<h1>x-evil</h1>', '%E5%98%8A%E5%98%8DX-Evil:1',
    '%250d%250aX-Evil:1', '\\r\\nX-Evil:1'];
  for (const each of breaks)
    test(`${each} in path, query and form stays out of every header`, async () => {
      for (const target of [`/${each}`, `/${code}${each}`, `/${code}?lang=en${each}`, `/${code}?e=${each}`, `/${code}?${each}=1`,
        `/back/${each}`, `/${code}/qr.svg${each}`, `/callbacks/${each}`])
        assertOrdinary(await get(target), target);
      for (const target of [`/api/v1/invoices?number=${each}`, `/api/v1/invoices?cursor=${each}`, `/api/v1/imports/${each}`])
        assertOrdinary(await getApi(target), target);
      const form = `method=blik&blik=1&amount=1&token=${each}&lang=en${each}`;
      assertOrdinary(await raw(demo.port, `POST /${code}/payments HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n` +
        `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${form.length}\r\n\r\n${form}`), 'form');
    });
  for (const [what, line] of Object.entries({ 'a bare CR': 'X: a\rX-Evil: 1', 'a NUL': 'X: a\0X-Evil: 1', 'a bare LF': 'X: a\nX-Evil: 1',
    'a CR in the name': 'X\rX-Evil: 1', 'an escaped break': 'X: a%0d%0aX-Evil: 1', 'a break in Accept-Language': 'Accept-Language: en\r\n X-Evil: 1' }))
    test(`${what} in a header does the same`, async () => {
      const exchange = await get(`/${code}`, `Host: localhost\r\n${line}\r\n`);
      assertOrdinary(exchange, what);
    });
});

describe('ways out of a folder', () => {
  const ups = ['../', '..%2f', '%2e%2e/', '%2e%2e%2f', '..%5c', '..\\', '%252e%252e%252f', '%c0%ae%c0%ae/', '%u002e%u002e/', '....//', '..;/',
    '%ef%bc%8e%ef%bc%8e/', '..%00/', '%2e%2e%c0%af', '.%0d./'];
  for (const up of ups)
    test(`${up} leads nowhere`, async () => {
      for (const file of ['etc/passwd', 'proc/self/environ', 'link.keys']) {
        for (const target of [`/${up.repeat(8)}${file}`, `/${code}/${up.repeat(8)}${file}`, `/back/${up.repeat(8)}${file}`, `/.well-known/${up}${file}`]) {
          const exchange = await get(target);
          assertOrdinary(exchange, target);
          assert.ok([400, 404].includes(exchange.answers[0].status), `${target}: ${exchange.answers[0].status}`);
        }
        assertOrdinary(await get(`/${code}?lang=${up.repeat(8)}${file}`), file);
        assertOrdinary(await getApi(`/api/v1/imports/${up.repeat(8)}${file}`), file);
        assertOrdinary(await getApi(`/api/v1/imports/x/${up.repeat(8)}${file}/bad-rows.csv`), file);
      }
    });
  test('an upload named like a file elsewhere is written nowhere else', async () => {
    for (const name of ['../../../../etc/cron.d/x', '/etc/passwd', '..\\..\\x', 'x\0.csv', 'CON', '.']) {
      const made = await demo.call('/imports', { method: 'POST', headers: { 'tus-resumable': '1.0.0', 'upload-length': '5',
        'upload-metadata': `filename ${Buffer.from(name).toString('base64')}` } });
      assert.ok([201, 400, 422].includes(made.status), made.text);
      if (made.status !== 201) continue;
      const sent = await demo.call(new URL(made.headers.location, demo.api).pathname.replace('/api/v1', ''), { method: 'PATCH', body: 'a;b\n1',
        headers: { 'tus-resumable': '1.0.0', 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' } });
      assert.equal(sent.status, 204, sent.text);
    }
  });
});

describe('other hosts', () => {
  const same = async (headers) => {
    const { answers: [{ status, headers: got, body }] } = await get(`/${code}`, headers);
    return JSON.stringify([status, got.location, body.length]);
  };
  test('Host and its relatives neither route nor come back', async () => {
    const expected = await same('Host: localhost\r\n');
    for (const headers of ['Host: evil.example\r\n', 'Host: localhost:1@evil.example\r\n', 'Host: localhost\r\nX-Forwarded-Host: evil.example\r\n',
      'Host: localhost\r\nX-Host: evil.example\r\n', 'Host: localhost\r\nForwarded: host=evil.example\r\n', 'Host: localhost\r\nX-Original-URL: /favicon.svg\r\n',
      'Host: localhost\r\nX-Rewrite-URL: /favicon.svg\r\n', 'Host: localhost\r\nX-Forwarded-Proto: http\r\n', 'Host: localhost\r\nX-Forwarded-Prefix: //evil.example\r\n',
      'Host: localhost\r\nReferer: https://evil.example/\r\n', 'Host: localhost\r\nX-HTTP-Method-Override: POST\r\n'])
      assert.equal(await same(headers), expected, headers);
    for (const { text } of answers) assert.ok(!/evil\.example/.test(text));
  });
  test('no parameter sends a visitor elsewhere', async () => {
    const elsewhere = ['https://evil.example/', '//evil.example/', '/\\evil.example', 'https:evil.example', 'javascript:alert(1)', '%2f%2fevil.example'];
    for (const target of elsewhere) {
      for (const name of ['next', 'url', 'return', 'return_url', 'redirect', 'back', 'lang', 'e']) {
        const exchange = await get(`/${code}?${name}=${encodeURIComponent(target)}`);
        assertOrdinary(exchange, name);
        assert.equal(exchange.answers[0].headers.location, undefined);
      }
      assertOrdinary(await get(target.startsWith('/') ? target : `/${target}`), target);
    }
  });
  test('a payment goes to the bank that is configured and comes back to us, whatever its form says', async () => {
    const page = await demo.get(demo.links[1]);
    const token = /name="token" value="([^"]+)"/.exec(page.text)[1], amount = /name="amount" value="(\d+)"/.exec(page.text)[1];
    const started = await demo.post(`${demo.links[1]}/payments`, { token, amount, method: 'redirect', return_url: 'https://evil.example/',
      callback_url: 'https://evil.example/', url: '//evil.example', provider: 'evil' }, { headers: { 'x-forwarded-host': 'evil.example' } });
    assert.equal(started.status, 303, started.text);
    assert.equal(new URL(started.headers.location).origin, new URL(demo.panes).origin);
    const books = await demo.get(`${demo.panes}/bank/payments.json`);
    assert.doesNotMatch(books.text, /evil/);
    const back = [...books.text.matchAll(/"(?:return|callback)_url":"([^"]+)"/g)].map(([, url]) => new URL(url).origin);
    assert.ok(back.every((each) => each === origin), back.join());
  });
});

describe('SQL', () => {
  const mark = 'zzinject';
  const payloads = [`'`, `''`, `"`, `\\`, `\\'`, `$1`, `$$`, `;`, `--`, `/*`, `' or '1'='1`, `'; select pg_sleep(10); --`, `1; drop table customer; --`,
    `' union select null, ${mark} --`, `"; select '${mark}' --`, `%' or ${mark} like '%`, `1) or (1=1`, `E'\\x27'`, `\u02bc or 1=1`, `{${mark}}`, `(${mark})`];
  const look = () => demo.query(`select (select count(*) from customer) as customers, (select count(*) from invoice) as invoices,
    (select count(*) from paylink where state = 'active') as links, (select count(*) from hold) as holds, (select count(*) from payment) as payments,
    (select count(*) from ledger_entry) as entries`);
  const errors = async () => Number(/^dunlin_database_errors_total (\d+)$/m.exec((await demo.get(`${demo.operators}/metrics`)).text)[1]);

  test('its metacharacters are data in every parameter, and never part of a statement', async () => {
    const before = await look(), errorsBefore = await errors();
    const { items: [{ id }] } = (await demo.call('/invoices?limit=1')).json();
    const statements = await statementsOf(demo, async () => {
      for (const payload of payloads) {
        const q = encodeURIComponent(payload), text = JSON.stringify(`${payload}`);
        const startedAt = Date.now();
        const got = [
          ...await Promise.all([`/invoices?number=${q}`, `/invoices?customer=${q}`, `/invoices?limit=${q}`, `/invoices?cursor=${q}`, `/invoices?state=${q}`,
            `/invoices/${q}`, `/imports/${q}`, `/imports/${q}/bad-rows.csv`, `/callbacks?state=${q}`, `/callbacks?cursor=${q}`].map((where) => demo.call(where))),
          ...await Promise.all([['/paylinks', `{"action": "issue", "invoice": ${text}}`], ['/paylinks', `{"action": ${text}, "invoice": "${id}"}`],
            ['/paylinks', `{"action": "revoke", "link": ${text}}`], [`/invoices/${id}/holds`, `{"kind": ${text}, "until": ${text}}`],
            [`/invoices/${q}/holds`, '{"kind": "dispute"}']].map(([where, body]) => demo.call(where, { method: 'POST', body, headers: { 'content-type': 'application/json' } }))),
          ...await Promise.all([`/${q}`, `/${code}?lang=${q}`, `/${code}?e=${q}`, `/back/${q}`, `/callbacks/${q}`].map((where) => demo.get(origin + where, {
            headers: { cookie: `a=${q}`, 'user-agent': payload.replace(/[^\x20-\x7e]/g, ''), 'accept-language': payload.replace(/[^\x20-\x7e]/g, '') } }))),
          ...await Promise.all(['token', 'amount', 'method', 'blik', 'lang'].map((name) => demo.post(`${link}/payments`,
            { token: 'x', amount: '100', method: 'blik', blik: '777000', lang: 'en', [name]: payload }))),
          await demo.get(demo.api, { headers: { authorization: `Bearer dk_${payload.replace(/[^\x20-\x7e]/g, '')}_x` } }),
          await demo.get(`${demo.api}/api/v1/invoices`, { headers: { authorization: `Bearer dk_${payload.replace(/[^\x21-\x7e]/g, '')}_x` } }),
          ...await Promise.all(['id', 'reference', 'movement', 'currency', 'reason'].map((name) => send(demo, message('paid',
            { id: 'zz', reference: 'zz', movement: 'zz', amount_minor: 100, currency: 'PLN', reason: 'zz', [name]: payload })))),
        ];
        for (const { status, text: said } of got) assert.ok(status < 500, `${payload}: ${status} ${said.slice(0, 300)}`);
        assert.ok(Date.now() - startedAt < 9000, `${payload} made the database sleep`);
      }
    });
    assert.deepEqual(await look(), before);
    assert.equal(await errors(), errorsBefore);
    assert.deepEqual(statements.filter((line) => line.includes(mark)), []);
    assert.ok(statements.length > payloads.length, 'statements were seen at all');
  });
});

// ---- what is left of it ----

test('the processes opened nothing but their own files while this went on', async (t) => {
  if (tracer === undefined || tracer.exitCode !== null) {
    console.error(`SKIPPED: strace is not there or may not watch here: ${traced}`);
    t.skip('strace is not there or may not watch here');
    return;
  }
  // Told to read its certificates again it opens them: that the watching works.
  demo.child.kill('SIGHUP');
  await eventually(() => /open.*\.pem/.test(readFileSync(traceFile, 'utf8')), { what: 'strace sees a file opened' });
  tracer.kill('SIGINT');
  await once(tracer, 'exit');
  const calls = readFileSync(traceFile, 'utf8').split('\n');
  const opened = calls.map((call) => /\b(?:open|openat|creat|execve|unlink|unlinkat|rename|renameat2?|mkdir|link|symlink)\(.*?"((?:[^"\\]|\\.)*)"/.exec(call)?.[1]).filter((name) => name !== undefined);
  t.diagnostic(`${calls.length} calls, ${new Set(opened).size} files: ${[...new Set(opened)].slice(0, 8).join(' ')}`);
  const allowed = [demo.dir, '/proc/', '/sys/', '/dev/', '/usr/share/zoneinfo', '/etc/localtime', '/etc/ssl', '/usr/lib/ssl', '/etc/hosts', '/etc/resolv.conf', '/etc/nsswitch.conf', '/etc/host.conf', '/etc/gai.conf'];
  assert.deepEqual([...new Set(opened)].filter((name) => !allowed.some((start) => name.startsWith(start))), []);
  assert.deepEqual(calls.filter((call) => /passwd|environ|cron\.d|\.\.\//.test(call)), []);
});

test('no code, key, name or number stands in a log, a metric, an error or the bank’s address', async () => {
  const [person] = await demo.query(`select c.name, c.phone, c.email from customer c where phone is not null and email is not null limit 1`);
  await demo.get(link);
  await startPayment(demo, demo.links[2]).then((bank) => assert.ok(!demo.links.some((each) => bank.includes(new URL(each).pathname.slice(1)))));
  const codes = demo.links.map((each) => new URL(each).pathname.slice(1));
  const secrets = [...codes, demo.api_key, demo.api_key.split('_')[2], demo.sandbox.secret, person.name, person.phone, person.email, 'evil.example'];
  const metrics = (await demo.get(`${demo.operators}/metrics`)).text;
  const errors = answers.filter(({ text }) => /^HTTP\/1.1 (400|404|405|413|431)/.test(text)).map(({ text }) => text).join('\n');
  assert.ok(errors.length > 10000);
  const books = (await demo.get(`${demo.panes}/bank/payments.json`)).text;
  for (const secret of secrets) {
    assert.ok(!demo.log.some((line) => line.includes(secret)), `${secret} in the log`);
    assert.ok(!metrics.includes(secret), `${secret} in the metrics`);
    assert.ok(!errors.includes(secret), `${secret} in an error`);
  }
  for (const each of codes) assert.ok(!books.includes(each), 'a code in the bank’s books');
});
