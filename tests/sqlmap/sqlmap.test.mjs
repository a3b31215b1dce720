// sqlmap against a running gateway: every parameter of every address that leads to the database, in
// paths, queries, forms, JSON, headers and CSV fields. `scripts/test --sqlmap` runs it; it takes
// minutes, so it is no part of scripts/test.
//
// sqlmap talks to a small front of ours on loopback, which speaks TLS to the gateway, adds the API's
// key, signs callbacks as their provider does and carries fields into a CSV: behind the checks of
// who is there is where a hole would be. The front has one hole itself, to see that sqlmap finds one.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { test } from 'node:test';

import { makeKey, startBank, tokenBy } from '../support/bank.mjs';
import { sign } from '../support/callbacks.mjs';
import { atEnd, temporaryFolder } from '../support/cleanup.mjs';
import { dunlin, eventually } from '../support/demo.mjs';
import { makeCertificate } from '../support/gateway.mjs';
import { keepAliveAgent, postForm, request } from '../support/https.mjs';
import { makePayments } from '../support/money.mjs';
import { startOwed } from '../support/owed.mjs';
import { startPayment } from '../support/payer.mjs';

const SECONDS_MAX = Number(process.env.SQLMAP_SECONDS ?? 600); // of one target
const output = temporaryFolder();

async function serve(handle) {
  const server = createServer(async (incoming, answer) => {
    const body = Buffer.concat(await incoming.toArray());
    const { status, headers = {}, text } = await handle(incoming, body).catch((error) =>
      ({ status: 599, text: String(error) }));
    answer.writeHead(status, headers).end(text);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(() => server.close());
  return `http://127.0.0.1:${server.address().port}`;
}

let order; // the last one that the bank was given
const bank = await serve(async (incoming, body) => {
  if (incoming.method === 'POST') order = JSON.parse(body);
  return {
    status: 200, headers: { 'content-type': 'application/json' }, text: JSON.stringify({ id: 'B1', redirect_url: `${bank}/pay` }),
  };
});
const folder = temporaryFolder(), appKey = makeKey('ES256', 'app');
const issuer = await startBank(makeCertificate(folder, 'issuer')); // of the app's tokens
issuer.keys = [appKey];
atEnd(() => issuer.stop());
const owed = await startOwed(20, {
  payments: { starts_per_10min: 1000, blik_per_10min: 1000 },
  app: { issuer: 'https://bank.example', audience: 'dunlin', algorithm: 'ES256', jwks_url: issuer.url, ca_file: path.join(folder, 'issuer.pem') },
}, [], bank);
const { gateway } = owed;
const settings = ['--settings', path.join(gateway.dir, 'dunlin.yaml')];
const say = (...args) => execFileSync(dunlin, [...args, ...settings], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
const apiKey = /dk_\S+/.exec(say('key', 'api', 'make', 'sqlmap', 'callbacks', 'devices', 'imports', 'invoices', 'paylinks'))[0];
const ca = [gateway.settings.public, gateway.settings.private].map((l) => readFileSync(l.certificate));
const agent = keepAliveAgent(ca, { maxSockets: 16 });
const origins = { public: gateway.settings.public.url, private: gateway.settings.private.url };

// ---- the front ----

const kept = (headers) => Object.fromEntries(Object.entries(headers).filter(([name]) =>
  !['host', 'connection', 'content-length', 'transfer-encoding', 'accept-encoding'].includes(name)));

async function forward(origin, where, incoming, body, more = {}) {
  const { status, headers, text } = await request(origin, {
    method: incoming.method, path: where, agent, ca, body, headers: { ...kept(incoming.headers), ...more },
  });
  return { status, headers: { 'content-type': headers['content-type'] ?? 'text/plain' }, text };
}

// Uploads a file of one row whose fields are those of the query, and waits for its end.
async function importRow(query) {
  const row = { 'customer id': 'S1', name: 'Jan', 'invoice number': 'S/1', amount: '10.00', currency: 'PLN',
    'due date': '2030-01-01', ...Object.fromEntries(query) };
  const csv = [Object.keys(row), Object.values(row)].map((line) =>
    `${line.map((field) => `"${field.replaceAll('"', '""')}"`).join(',')}\n`).join('');
  const authorization = `Bearer ${apiKey}`, tus = { authorization, 'tus-resumable': '1.0.0' };
  const made = await request(`${origins.private}/api/v1/imports`, { method: 'POST', agent, ca,
    headers: { ...tus, 'upload-length': String(Buffer.byteLength(csv)) } });
  const where = new URL(made.headers.location, origins.private).href;
  await request(where, { method: 'PATCH', agent, ca, body: csv,
    headers: { ...tus, 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' } });
  return eventually(async () => {
    const { text } = await request(where, { agent, ca, headers: { authorization } });
    const { state } = JSON.parse(text);
    return ['done', 'refused'].includes(state) && { status: 200, text: text.replace(/\d{4}-\d\d-\d\dT[^"]*|"id":[^,]*,/g, '') };
  }, { what: 'the import is over', every: 20 });
}

async function answerHole(url) {
  const number = url.searchParams.get('number');
  return owed.query(`select amount_minor from invoice where number = '${number}'`)
    .then((rows) => ({ status: 200, text: JSON.stringify(rows) }))
    .catch((error) => ({ status: 500, text: error.message }));
}

const front = await serve(async (incoming, body) => {
  const url = new URL(incoming.url, 'http://front');
  if (url.pathname === '/hole') return answerHole(url);
  if (url.pathname === '/import') return importRow(url.searchParams);
  if (url.pathname.startsWith('/callbacks/'))
    return forward(origins.public, incoming.url, incoming, body, sign(owed.sandbox.secret, body.toString()));
  if (url.pathname.startsWith('/unsigned/')) return forward(origins.public, incoming.url.slice(9), incoming, body);
  if (url.pathname.startsWith('/app/'))
    return forward(origins.public, incoming.url, incoming, body, { authorization: `Bearer ${tokenBy(appKey, { sub: 'K1' })}` });
  if (url.pathname.startsWith('/api/'))
    return forward(origins.private, incoming.url, incoming, body, { authorization: `Bearer ${apiKey}` });
  if (url.pathname.startsWith('/keyless/')) return forward(origins.private, incoming.url.slice(8), incoming, body);
  return forward(origins.public, incoming.url, incoming, body);
});

// ---- sqlmap ----

// What sqlmap says of a target: { holes: [lines], text }.
async function probe(name, where, ...args) {
  const dir = path.join(output, name.replaceAll(/\W+/g, '-'));
  const { stdout } = await new Promise((resolve) => {
    execFile('sqlmap', ['-u', `${front}${where}`, '--batch', '--disable-coloring', '--flush-session', '--output-dir', dir,
      '--dbms', 'PostgreSQL', '--level', '3', '--risk', '3', '--threads', '4', '--time-sec', '2', '--timeout', '30',
      '--ignore-code', '*', '--skip-waf', ...args],
    { maxBuffer: 1 << 28, timeout: SECONDS_MAX * 1000 }, (error, out) => resolve({ stdout: out }));
  });
  const isOver = /\[\*\] ending @/.test(stdout);
  assert.ok(isOver, `${name}: sqlmap did not end within ${SECONDS_MAX} s:\n${stdout.slice(-2000)}`);
  assert.match(stdout, /testing '|injection point/, `${name}: sqlmap tested nothing:\n${stdout.slice(-2000)}`);
  return { stdout, isFound: /identified the following injection point/.test(stdout), tested: new Set([...stdout.matchAll(/^\S+ \[\w+\] (\S+ parameter .*?|.*?) (?:does not seem to be injectable)/gm)].map((m) => m[1])).size };
}

async function assertTight(t, name, where, ...args) {
  const { stdout, isFound, tested } = await probe(name, where, ...args);
  assert.ok(!isFound, stdout.slice(stdout.indexOf('identified the following')));
  assert.ok(tested > 0, stdout.slice(-2000));
  t.diagnostic(`${tested} places tried, none injectable`);
}

const json = ['--headers', 'Content-Type: application/json'];
const link = say('link', 'show', 'FV/0'), code = new URL(link).pathname.slice(1);
const [payment] = await makePayments(owed, 1, 'sqlmap');
const device = { app: 'com.bank.app', service: 'fcm', platform: 'android', token: 'fcm-token-1', language: 'pl', environment: 'production' };
const callback = (type, data) => JSON.stringify({ type: `payment.${type}`, timestamp: new Date().toISOString(), data });
const page = (await request(link, { ca })).text;
const token = /name="token" value="([^"]*)"/.exec(page)[1];
const askedAbout = say('link', 'show', 'FV/2');
await startPayment({ url: origins.public, get: (url) => request(url, { ca }), post: (url, fields) => postForm(url, fields, { ca }) }, askedAbout);
const { items: [invoice] } = (await request(`${origins.private}/api/v1/invoices?number=FV/1`, { ca, headers: { authorization: `Bearer ${apiKey}` } })).json();

const readDatabaseLog = () => readFileSync(path.join(gateway.dir, 'data', 'database', 'postgres.log'), 'utf8');
let saidAtTheHole;

test('sqlmap finds a hole that is there', async () => {
  const { isFound, stdout } = await probe('hole', '/hole?number=FV/1');
  assert.ok(isFound, stdout.slice(-3000));
  saidAtTheHole = readDatabaseLog().length;
});

const targets = {
  'the page': [`/${code}?lang=pl&back=1&again=1&wait=off&e=blik`],
  'a code': [`/${code}*`],
  'a transfer code': [`/${code}*/qr.svg`],
  'a payment reference': [`/back/${order.reference}*`],
  'a form by redirect': [`/${code}/payments`, '--data', `token=${token}&amount=10000&method=redirect&lang=pl&again=1`],
  'a form with a code': [`/${code}/payments`, '--data', `token=${token}&amount=10000&method=blik&blik=777123&lang=pl`],
  'a signed callback': ['/callbacks/sandbox', '--data', callback('paid', { id: payment.id, reference: 'x', movement: 'mv_1', amount_minor: 100, currency: 'PLN', reason: 'none' }), ...json],
  'an unsigned callback': ['/unsigned/callbacks/sandbox*', '--data', callback('failed', { id: payment.id }), '--headers',
    'Content-Type: application/json\nWebhook-Id: msg_1*\nWebhook-Timestamp: 1*\nWebhook-Signature: v1,AAAA*'],
  'a search of invoices': ['/api/v1/invoices?number=FV/1&customer=K1&limit=5&cursor=1'],
  'an invoice': [`/api/v1/invoices/${invoice.id}*`],
  'a hold': [`/api/v1/invoices/${invoice.id}/holds`, '--data', JSON.stringify({ kind: 'admin', reason: 'asked', until: '2030-01-01' }), ...json],
  'a hold to release': [`/api/v1/invoices/${invoice.id}*/holds/1*`, '--method', 'DELETE'],
  'a link to manage': ['/api/v1/paylinks', '--data', JSON.stringify({ action: 'issue', number: 'FV/1' }), ...json],
  'a link to manage by its code': ['/api/v1/paylinks', '--data', JSON.stringify({ action: 'revoke', code: code.replace(/.$/, '0') }), ...json],
  'devices by the API': ['/api/v1/devices?customer=K1'],
  'a device by the API': ['/api/v1/devices/phone-1*', '--method', 'PUT', '--data', JSON.stringify({ customer: 'K1', ...device }), ...json],
  'a device to remove by the API': ['/api/v1/devices/phone-1*?customer=K1', '--method', 'DELETE'],
  'a device by the app': ['/app/v1/devices/phone-2*', '--method', 'PUT', '--data', JSON.stringify(device), ...json],
  'a device to remove by the app': ['/app/v1/devices/phone-2*', '--method', 'DELETE'],
  'a push that was opened': ['/app/v1/opened', '--data', JSON.stringify({ push: 'aB3dE6gH9jK2mN5pQ8', at: '2030-01-01T00:00:00Z' }), ...json],
  'parked callbacks': ['/api/v1/callbacks?state=parked&limit=5&cursor=1'],
  imports: ['/api/v1/imports?limit=5&cursor=1'],
  'an import': ['/api/v1/imports/1*'],
  'bad rows': ['/api/v1/imports/1*/bad-rows.csv?after=1'],
  'a new import': ['/api/v1/imports', '--method', 'POST', '--headers', 'Tus-Resumable: 1.0.0\nUpload-Length: 5*\nUpload-Metadata: filename YQ==*'],
  campaigns: ['/api/v1/campaigns?limit=5&cursor=1'],
  'a campaign': ['/api/v1/campaigns/1*'],
  'its call list': ['/api/v1/campaigns/1/call-list.csv?after=1'],
  'a new campaign': ['/api/v1/campaigns', '--method', 'POST', '--data',
    JSON.stringify({ name: 'a', template: '{{amount}} {{link}}', send_at: '2030-01-01 10:00', queue: 'q' }), ...json],
  'an API key': ['/keyless/api/v1/invoices?number=FV/1', '-p', 'authorization', '--headers', 'Authorization: Bearer dk_1_aaaa*'],
  'a row of a file': ['/import?customer+id=S1&name=Jan&invoice+number=S/1&phone=48123123123&email=a@b.example&product=x', '--level', '1'],
};

for (const [name, [where, ...args]] of Object.entries(targets))
  test(name, (t) => assertTight(t, name, where, ...args));

test('the database was sent nothing that it could not read', () => {
  const said = readDatabaseLog().slice(saidAtTheHole);
  assert.deepEqual(said.split('\n').filter((line) => line.includes('ERROR:')), []);
});
