// Callbacks that are refused: counted by what is wrong with them, kept in a ring, shown to people without
// what they say of payers; and nothing else comes of them.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { StandardFake } from '../fake/standard.mjs';
import { startAtProvider } from '../support/at_provider.mjs';
import { dunlin, execute } from '../support/demo.mjs';
import { eventually } from '../support/eventually.mjs';
import { request } from '../support/https.mjs';

const at = await startAtProvider(StandardFake, 2);
const { fake, gateway, ca } = at, privateCa = readFileSync(gateway.settings.private.certificate);
const makeKey = (name, scope) => /dk_\S+/.exec(execFileSync(dunlin, ['key', 'api', 'make', name, scope, '--settings',
  path.join(gateway.dir, 'dunlin.yaml')], { encoding: 'utf8' }))[0];
const key = makeKey('reader', 'callbacks');
const call = (where, bearer = key) => request(`${gateway.settings.private.url}/api/v1${where}`, { ca: privateCa,
  headers: { authorization: `Bearer ${bearer}` } });
const list = async (query = '') => (await call(`/callbacks/refused${query}`)).json();
const post = (body, headers) => request(`${gateway.settings.public.url}/callbacks/standard`, { method: 'POST', ca, body, headers });
const counters = async () => {
  const text = (await request(`http://${gateway.settings.operators.listen}/metrics`)).text;
  return Object.fromEntries(['forged', 'stale', 'malformed', 'foreign'].map((verdict) =>
    [verdict, Number(new RegExp(`^dunlin_callbacks_${verdict}_total (\\d+)$`, 'm').exec(text)[1])]));
};
const payer = { name: 'Jan Nowak', email: 'jan@example.com' };
const event = (data, more = {}) => JSON.stringify({ type: 'payment.paid', timestamp: new Date().toISOString(), live: false, ...more,
  data: { id: 'x1', reference: 'nobody', movement: 'm1', amount_minor: 10000, currency: 'PLN', payer, ...data } });
const masked = (body) => body.replace(JSON.stringify(payer), '"***"');
const held = (body) => eventually(async () => (await list()).items.find((item) => item.body === masked(body)), { what: 'it is in the ring' });

test('each kind is counted, kept and shown, the payer masked, and no trace is on the ledger', async () => {
  const debt = await at.debt(), order = await at.start(debt), now = Math.floor(Date.now() / 1000);
  const data = { id: order.id, reference: order.reference };
  const rows = [
    ['forged', 401, event({ ...data, movement: 'a' }), (body) => new StandardFake({}).sign('msg_1', body)],
    ['stale', 401, event({ ...data, movement: 'b' }), (body) => fake.sign('msg_2', body, { at: now - 310 })],
    ['malformed', 400, event({ ...data, movement: 'c', amount_minor: '10000' }), (body) => fake.sign('msg_3', body)],
    ['foreign', 403, event({ ...data, movement: 'd' }, { live: true }), (body) => fake.sign('msg_4', body)],
  ];
  const before = await counters();
  for (const [verdict, status, body, sign] of rows) {
    const headers = sign(body);
    assert.equal((await post(body, headers)).status, status, verdict);
    const item = await held(body);
    assert.deepEqual({ ...item, received_at: null }, { verdict, provider: 'standard', account: verdict === 'forged' ? null : 'default',
      received_at: null, body_bytes: body.length, is_cut: false, body: masked(body),
      headers: { 'webhook-id': headers['webhook-id'], 'webhook-timestamp': headers['webhook-timestamp'], 'webhook-signature': headers['webhook-signature'] } });
    assert.equal((await list()).items[0].body, item.body, 'newest first');
  }
  const after = await counters();
  for (const [verdict] of rows) assert.equal(after[verdict] - before[verdict], 1, verdict);
  assert.deepEqual(await at.ledger(debt), ['charge 10000']);
  assert.deepEqual((await at.query('select count(*)::int as n from callback'))[0], { n: 0 });
  await at.books();
});

test('a long one is cut, and what is cut off in the middle of a payer shows no part of one', async () => {
  const body = event({ pad: 'x'.repeat(16000), payer: undefined, debtor: `Jan ${'N'.repeat(20000)}` });
  await post(body, new StandardFake({}).sign('msg_long', body));
  const item = await eventually(async () => (await list()).items.find((one) => one.is_cut));
  assert.equal(item.body_bytes, body.length);
  assert.equal(item.body, `${body.slice(0, body.indexOf('"debtor":'))}"debtor":"***"`);
});

test('bytes that are no text come in base64', async () => {
  const body = Buffer.from('{"a":"\xff"}', 'latin1');
  await post(body, new StandardFake({}).sign('msg_bytes', 'x'));
  const item = await eventually(async () => (await list()).items.find((one) => one.body_base64 !== undefined));
  assert.equal(item.body_base64, body.toString('base64'));
});

test('the list pages by cursor and refuses what it cannot read', async () => {
  const all = (await list()).items.map((item) => item.body), paged = [];
  for (let next = ''; next !== null;) {
    const page = await list(`?limit=1${next && `&cursor=${next}`}`);
    paged.push(...page.items.map((item) => item.body));
    ({ next } = page);
  }
  assert.equal(all.length, 6);
  assert.deepEqual(paged, all);
  const odd = Buffer.from('1.x').toString('base64url');
  for (const bad of ['limit=0', 'limit=101', 'cursor=%20', `cursor=${odd}`]) assert.equal((await call(`/callbacks/refused?${bad}`)).status, 400, bad);
  assert.equal((await call('/callbacks/refused', 'dk_none')).status, 401);
  assert.equal((await call('/callbacks/refused', makeKey('other', 'invoices'))).status, 403);
});

test('of a parked message the payer is masked too', async () => {
  const body = event({ movement: 'p' });
  assert.equal((await post(body, fake.sign('msg_parked', body))).status, 200);
  const { items } = (await call('/callbacks?state=parked')).json();
  assert.equal(items.find((item) => item.dedup_key === 'msg_parked').body, masked(body));
});

test('after thirty days they are gone', async () => {
  await execute(at.owner, `update refused_callback set received_at = received_at - interval '31 days' where verdict = 'forged'`);
  await gateway.stop();
  await gateway.start();
  await eventually(async () => (await at.query('select distinct verdict from refused_callback')).length === 3, { what: 'the old ones are gone' });
});
