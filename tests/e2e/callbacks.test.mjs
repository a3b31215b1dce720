// What providers call back: taken when genuine, refused when not, and booked once whatever the order
// and however often.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { message, send, sign } from '../support/callbacks.mjs';
import { eventually, request, startDemo } from '../support/demo.mjs';
import { keepAliveAgent } from '../support/https.mjs';
import { about, assertBooksBalance, inParallel, ledgerOf, makePayments, shuffled, stateOf } from '../support/money.mjs';

const demo = await startDemo();
const payments = await makePayments(demo, 40, 'cb');
const next = () => payments.pop();
const post = (headers, body, path = '/callbacks/sandbox') =>
  request(new URL(path, demo.url), { method: 'POST', headers, body, ca: demo.caText });
const kept = async (key) =>
  (await demo.query(`select state, reason from callback_outcome where dedup_key = '${key}'`))[0];
const count = async () => (await demo.query('select count(*)::int as n from callback'))[0].n;

test('a callback signed by the standard library is booked and answered with 200', async () => {
  const payment = next();
  const answer = await send(demo, message('paid', about(payment)));
  assert.equal(answer.status, 200);
  assert.deepEqual(await stateOf(demo, payment), { state: 'paid', reason: null, due_minor: 0 });
  assert.deepEqual(await ledgerOf(demo, payment), [`payment -${payment.amount_minor}`]);
});

test('one right signature among several is enough', async () => {
  const payment = next();
  const body = message('paid', about(payment));
  const headers = sign(demo.sandbox.secret, body);
  headers['webhook-signature'] = `v1,${'A'.repeat(43)}= v2,what ${headers['webhook-signature']}`;
  assert.equal((await post(headers, body)).status, 200);
  assert.equal((await stateOf(demo, payment)).state, 'paid');
});

test('whatever is not signed by the provider is refused and leaves no trace', async () => {
  const payment = next();
  const body = message('paid', about(payment));
  const good = sign(demo.sandbox.secret, body);
  const without = (name) => Object.fromEntries(Object.entries(good).filter(([key]) => key !== name));
  const other = new Webhook(`whsec_${Buffer.alloc(32, 7).toString('base64')}`);
  const at = (seconds) => sign(demo.sandbox.secret, body, { at: new Date(Date.now() + seconds * 1000) });
  const before = await count();
  const refused = [
    ['no headers', { 'content-type': 'application/json' }, body],
    ['no signature', without('webhook-signature'), body],
    ['no id', without('webhook-id'), body],
    ['no time', without('webhook-timestamp'), body],
    ['another secret', { ...good, 'webhook-signature': other.sign(good['webhook-id'], new Date(), body) }, body],
    ['another id', { ...good, 'webhook-id': 'msg_other' }, body],
    ['302 seconds old', at(-302), body],
    ['302 seconds ahead', at(302), body],
    ['a blank more', good, `${body} `],
    ['a blank less', good, body.replace('"type"', ' "type"')],
    ['signature without padding', { ...good, 'webhook-signature': good['webhook-signature'].replace(/=$/, '') }, body],
    ['letters behind the time', { ...good, 'webhook-timestamp': `${good['webhook-timestamp']}abc` }, body],
    ['the time twice', { ...good, 'webhook-timestamp': [good['webhook-timestamp'], good['webhook-timestamp']] }, body],
    ['the id twice', { ...good, 'webhook-id': [good['webhook-id'], 'msg_x'] }, body],
    ['the signature twice', { ...good, 'webhook-signature': [good['webhook-signature'], 'v1,x'] }, body],
  ];
  for (const [says, headers, bytes] of refused) {
    const answer = await post(headers, bytes);
    assert.ok(answer.status === 401 || answer.status === 400, `${says}: ${answer.status}`);
    assert.match(answer.headers['content-type'], /application\/problem\+json/, says);
  }
  assert.equal(await count(), before);
  assert.equal((await stateOf(demo, payment)).state, 'started');
  assert.equal((await post(good, body)).status, 200, 'the genuine one is still taken');
});

test('a genuine callback on another path is refused', async () => {
  const payment = next();
  const body = message('paid', about(payment));
  const headers = sign(demo.sandbox.secret, body);
  for (const path of ['/callbacks/payu', '/callbacks/Sandbox', '/callbacks/', '/callbacks', '/'])
    assert.ok([404, 405].includes((await post(headers, body, path)).status), path);
  assert.equal((await stateOf(demo, payment)).state, 'started');
});

test('what is signed but cannot be read is a problem, and leaves no trace', async () => {
  const payment = next();
  const data = about(payment);
  const raw = (text) => `{"type":"payment.paid","data":${text}}`;
  const json = JSON.stringify(data);
  const withAmount = (text) => raw(json.replace(/"amount_minor":\d+/, `"amount_minor":${text}`));
  const before = await count();
  const bodies = {
    empty: '', 'not JSON': 'paid', 'an array': '[]', 'no type': `{"data":${json}}`, 'no data': '{"type":"payment.paid"}',
    'a key twice': raw(json.replace('{', '{"amount_minor":1,')),
    'the type twice': `{"type":"payment.failed","type":"payment.paid","data":${json}}`,
    'a float': withAmount('100.0'), 'an exponent': withAmount('1e2'), 'text': withAmount('"100"'),
    'beyond 64 bits': withAmount('18446744073709551616'), 'beyond all floats': withAmount('1e400'),
    'more than a payment can be': withAmount('1000000000000001'), 'zero': withAmount('0'), 'negative': withAmount('-100'),
    'no movement': raw(JSON.stringify({ ...data, movement: undefined })),
    'lower-case currency': raw(JSON.stringify({ ...data, currency: 'pln' })),
    'deep nesting': `{"type":"x","data":${'['.repeat(20000)}${']'.repeat(20000)}}`,
    'a NUL': raw(json.replace('mv_', '\\u0000')), 'text behind it': `${raw(json)}{}`,
    'bad UTF-8': Buffer.concat([Buffer.from('{"type":"x'), Buffer.from([0xff]), Buffer.from('"}')]),
  };
  for (const [says, body] of Object.entries(bodies)) {
    const id = `msg_${Math.random().toString(36).slice(2)}`;
    const time = Math.floor(Date.now() / 1000);
    const { createHmac } = await import('node:crypto');
    const key = Buffer.from(demo.sandbox.secret.replace('whsec_', ''), 'base64');
    const mac = createHmac('sha256', key).update(`${id}.${time}.`).update(body).digest('base64');
    const answer = await post({ 'webhook-id': id, 'webhook-timestamp': String(time), 'webhook-signature': `v1,${mac}` }, body);
    assert.equal(answer.status, 400, says);
    assert.equal(answer.json().type, 'urn:dunlin:problem:callback-malformed', says);
  }
  assert.equal(await count(), before);
});

test('a body of 64 KiB is read and one byte more is too large', async () => {
  const fill = (size) => {
    const text = message('unheard_of', { pad: '' });
    return text.replace('"pad":""', `"pad":"${'x'.repeat(size - text.length)}"`);
  };
  assert.equal((await send(demo, fill(65536))).status, 200);
  const answer = await send(demo, fill(65537)).catch((error) => error);
  assert.ok(answer.status === 413 || ['EPIPE', 'ECONNRESET'].includes(answer.code), `${answer.status ?? answer}`);
});

test('an unknown type is acknowledged without effect', async () => {
  assert.equal((await send(demo, message('sneezed', { id: 'x' }), { id: 'msg_sneeze' })).status, 200);
  assert.deepEqual(await kept('msg_sneeze'), { state: 'ignored', reason: 'no_effect' });
});

test('the same callback a hundred times at once is one', async () => {
  const payment = next();
  const body = message('paid', about(payment));
  const agent = keepAliveAgent(demo.caText, { maxSockets: 50 });
  const answers = await Promise.all(Array.from({ length: 100 }, () => send(demo, body, { id: `msg_${payment.id}`, agent })));
  agent.destroy();
  assert.deepEqual([...new Set(answers.map((answer) => answer.status))], [200]);
  assert.deepEqual(await ledgerOf(demo, payment), [`payment -${payment.amount_minor}`]);
});

test('every callback three times in shuffled order gives the ledger that the provider means', async () => {
  const told = payments.splice(0, 20);
  const messages = told.flatMap((payment) => {
    const part = Math.floor(payment.amount_minor / 2);
    return [
      ['pending', { amount_minor: payment.amount_minor }],
      ['failed', { reason: 'closed' }],
      ['paid', {}],
      ['refunded', { movement: `rf_${payment.id}`, amount_minor: part }],
      ['charged_back', { movement: `cb_${payment.id}`, amount_minor: payment.amount_minor - part }],
      ['chargeback_reversed', { movement: `rv_${payment.id}`, amount_minor: payment.amount_minor - part }],
    ].map(([type, more]) => ({ id: `msg_${type}_${payment.id}`, body: message(type, about(payment, more)) }));
  });
  const agent = keepAliveAgent(demo.caText, { maxSockets: 32 });
  const statuses = await inParallel(shuffled([...messages, ...messages, ...messages]), 32, async ({ id, body }) =>
    (await send(demo, body, { id, agent })).status);
  agent.destroy();
  assert.deepEqual([...new Set(statuses)], [200]);
  await eventually(async () => (await demo.query(
    "select 1 from callback_outcome where state = 'parked' and reason = 'waits_for_payment'")).length === 0,
  { what: 'the parked refunds are booked' });
  for (const payment of told) {
    const part = Math.floor(payment.amount_minor / 2), rest = payment.amount_minor - part;
    assert.deepEqual(await ledgerOf(demo, payment),
      [`chargeback ${rest}`, `chargeback_reversal -${rest}`, `payment -${payment.amount_minor}`, `refund ${part}`]);
    assert.deepEqual(await stateOf(demo, payment), { state: 'paid', reason: null, due_minor: part });
  }
  await assertBooksBalance(demo);
});

test('an unknown reference is parked with its raw message, and booked when it becomes known', async () => {
  const payment = next();
  const body = message('paid', about(payment, { id: `late_${payment.id}`, reference: 'neverheardof' }));
  assert.equal((await send(demo, body, { id: 'msg_late' })).status, 200);
  assert.deepEqual(await kept('msg_late'), { state: 'parked', reason: 'unknown_reference' });
  const list = (await demo.call('/callbacks?state=parked')).json();
  const item = list.items.find((entry) => entry.dedup_key === 'msg_late');
  assert.equal(item.body, body);
  assert.equal(item.reason, 'unknown_reference');
  assert.equal(item.headers['webhook-id'], 'msg_late');
  await demo.execute(`insert into provider_reference values ('sandbox', 'default', 'late_${payment.id}',
    ${payment.customer_id}, ${payment.payment_no})`);
  await eventually(async () => (await kept('msg_late')).state === 'applied', { within: 20000 });
  assert.equal((await stateOf(demo, payment)).due_minor, 0);
});

test('money in the wrong currency is parked and pays nothing', async () => {
  const payment = next();
  assert.equal((await send(demo, message('paid', about(payment, { currency: 'EUR' })), { id: 'msg_eur' })).status, 200);
  assert.deepEqual(await kept('msg_eur'), { state: 'parked', reason: 'wrong_currency' });
  assert.deepEqual(await stateOf(demo, payment), { state: 'started', reason: null, due_minor: payment.amount_minor });
  assert.ok((await demo.call('/callbacks?state=parked')).json().items.some((entry) => entry.dedup_key === 'msg_eur'));
});

test('a part leaves the rest due, an over-payment stays visible', async () => {
  const [part, over] = [next(), next()];
  await send(demo, message('paid', about(part, { amount_minor: 100 })));
  assert.equal((await stateOf(demo, part)).due_minor, part.amount_minor - 100);
  await send(demo, message('paid', about(over, { amount_minor: over.amount_minor + 100 })));
  assert.equal((await stateOf(demo, over)).due_minor, -100);
});

test('payment stops the reminders in its own transaction, a charge-back resumes them', async () => {
  const payment = next();
  const reminders = (state) => demo.query(`select step, reason from reminder where customer_id = ${payment.customer_id}
    and invoice_id = ${payment.invoice_id} and state = '${state}' and step not like 'thanks%' order by due_at`);
  await demo.execute(`insert into reminder (customer_id, invoice_id, step, due_at, state, reason) select
    ${payment.customer_id}, ${payment.invoice_id}, 'after_99', max(changed_at) + interval '99 days', 'scheduled', 'planned' from customer`);
  await send(demo, message('paid', about(payment)));
  assert.deepEqual(await reminders('scheduled'), []);
  assert.ok((await reminders('cancelled')).some((row) => row.step === 'after_99' && row.reason === 'paid'));
  assert.equal((await demo.query(`select 1 from reminder where customer_id = ${payment.customer_id}
    and step = 'thanks_${payment.payment_no}'`)).length, 1);
  await send(demo, message('charged_back', about(payment, { movement: `cb_${payment.id}` })));
  await eventually(async () => (await demo.query('select 1 from invoice where needs_plan')).length === 0, { what: 'it is planned again' });
  assert.ok((await reminders('cancelled')).some((row) => row.step === 'after_99'), 'what no scenario has stays away');
  assert.deepEqual(await stateOf(demo, payment), { state: 'charged_back', reason: null, due_minor: payment.amount_minor });
  await assertBooksBalance(demo);
});

test('the list of parked callbacks pages by cursor and refuses what it cannot read', async () => {
  for (const id of ['msg_p1', 'msg_p2'])
    await send(demo, message('paid', { id, movement: 'm', amount_minor: 1, currency: 'PLN' }), { id });
  const all = (await demo.call('/callbacks?state=parked')).json().items.map((item) => item.dedup_key);
  const paged = [];
  for (let next = ''; next !== null;) {
    const page = (await demo.call(`/callbacks?state=parked&limit=1${next && `&cursor=${next}`}`)).json();
    paged.push(...page.items.map((item) => item.dedup_key));
    ({ next } = page);
  }
  assert.ok(all.length >= 3);
  assert.deepEqual(new Set(paged), new Set(all));
  for (const bad of ['state=all', 'state=parked&limit=0', 'state=parked&limit=101', 'state=parked&cursor=%20', ''])
    assert.equal((await demo.call(`/callbacks?${bad}`)).status, 400, bad);
  assert.equal((await request(new URL('/api/v1/callbacks?state=parked', demo.api), { ca: demo.caText })).status, 401);
  assert.equal((await demo.get(new URL('/api/v1/callbacks?state=parked', demo.url))).status, 404);
});
