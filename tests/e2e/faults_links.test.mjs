// Links that nobody made: tens of thousands over HTTPS (a million are tried in the unit tests), next
// to each other and far apart. None opens, none costs a query, and none can be told from another.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { startCrowd } from '../support/crowd.mjs';
import { eventually, startDemo } from '../support/demo.mjs';
import { keepAliveAgent } from '../support/https.mjs';
import { inParallel } from '../support/money.mjs';
import { statementsOf } from '../support/statements.mjs';

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const FORGED = 10000, FLOOD = 100000;

const demo = await startDemo();
const { origin, pathname } = new URL(demo.links[0]);
const code = pathname.slice(1);

const random = () => Array.from({ length: 18 }, () => digits[Math.floor(Math.random() * 62)]).join('');
// The code `step` further on, as a number of base 62.
const neighbour = (step) => {
  let value = [...code].reduce((sum, digit) => sum * 62n + BigInt(digits.indexOf(digit)), 0n) + BigInt(step);
  let text = '';
  for (let i = 0; i < 18; ++i, value /= 62n) text = digits[Number(value % 62n)] + text;
  return text;
};

// What a stranger can see of an answer: all but the time and the request's id.
const seen = (answer) => {
  const { date, 'x-request-id': id, connection, ...headers } = answer.headers;
  assert.ok(id);
  return JSON.stringify([answer.status, headers, answer.text]);
};
const look = async (what, options) => seen(await demo.get(`${origin}/${what}`, options));
const forgedCount = async () =>
  Number(/^dunlin_codes_forged_total (\d+)$/m.exec((await demo.get(`${demo.operators}/metrics`)).text)[1]);

const ofPages = (statements) => statements.filter((text) => /page|paylink/.test(text.split('\n')[0]));

test('a genuine link is seen in the log of statements', async () => {
  const statements = await statementsOf(demo, async () => assert.equal((await demo.get(demo.links[0])).status, 200));
  assert.ok(ofPages(statements).length > 0, statements.join('\n'));
});

test(`of ${FORGED} forged links none opens, none costs a query, and all get one answer`, async () => {
  const forged = Array.from({ length: FORGED }, (_, i) => {
    const kinds = [random, () => neighbour(i + 1), () => neighbour(-i - 1),
      () => code.slice(0, i % 18) + digits[i % 62] + code.slice(i % 18 + 1)];
    return kinds[i % kinds.length]();
  }).filter((each) => each !== code);
  const agent = keepAliveAgent(demo.caText, { maxSockets: 8 });
  const before = await forgedCount();
  const answers = new Set();
  const statements = await statementsOf(demo, async () => {
    await inParallel(forged, 16, async (each) => answers.add(await look(each, { agent })));
  });
  agent.destroy();
  assert.equal(answers.size, 1, [...answers].slice(0, 3).join('\n'));
  assert.equal(JSON.parse([...answers][0])[0], 404);
  assert.deepEqual(ofPages(statements), []);
  assert.equal(await forgedCount() - before, forged.length);
  assert.equal((await demo.get(demo.links[0])).status, 200);
});

// Visits one after another over each of a few connections until `isOver`; how long each took in ms.
async function visitUntil(isOver) {
  const agent = keepAliveAgent(demo.caText, { maxSockets: 4 });
  const tookMs = [];
  await Promise.all(demo.links.slice(1, 5).map(async (link) => {
    while (!isOver()) {
      const startedAt = performance.now();
      assert.equal((await demo.get(link, { agent })).status, 200);
      tookMs.push(performance.now() - startedAt);
    }
  }));
  agent.destroy();
  return tookMs.sort((a, b) => a - b);
}

test(`a flood of ${FLOOD} forged links costs no query, and real ones are served beside it`, async (t) => {
  const before = await forgedCount();
  let seenByFlood, tookMs;
  const startedAt = Date.now();
  const statements = await statementsOf(demo, async () => {
    const flood = startCrowd('flood', FLOOD, demo.port).over.finally(() => { seenByFlood ??= null; });
    const visits = visitUntil(() => seenByFlood !== undefined);
    seenByFlood = await flood;
    tookMs = await visits;
  });
  const p99 = tookMs[Math.floor(tookMs.length * 0.99)];
  t.diagnostic(`${FLOOD} in ${Date.now() - startedAt} ms; ${tookMs.length} visits beside them, p99 ${p99.toFixed(1)} ms (250 wanted)`);
  assert.deepEqual(seenByFlood.answers, { 404: FLOOD });
  assert.equal(seenByFlood.failed, 0);
  assert.equal(await forgedCount() - before, FLOOD);
  assert.ok(tookMs.length > 100, `${tookMs.length}`);
  assert.ok(p99 < 1000, `${p99} ms`); // a sanitized build on a machine that may be busy
  assert.ok(ofPages(statements).length <= 2 * tookMs.length, `${ofPages(statements).length} statements for ${tookMs.length} visits`);
});

test('what is no code at all answers the same, byte for byte', async () => {
  const lookalikes = code.replace(/[A-Za-z]/, (letter) => `${letter}\u0301`);
  const variants = [
    code.slice(1), code.slice(0, -1), `${code}0`, `0${code}`, `${code}=`, `${code}==`, code.slice(0, 9), 'x',
    `${code}%20`, `%20${code}`, `${code}%00`, `${code}%0d%0aX-Evil:1`, `${code}%2f`, `${code}%2e`, `${code};x`, `${code}.html`,
    [...code].map((c) => (/[a-z]/.test(c) ? c.toUpperCase() : c.toLowerCase())).join(''),
    encodeURIComponent(lookalikes),
    encodeURIComponent([...code].map((c) => String.fromCodePoint(c.codePointAt(0) + 0xfee0)).join('')), // full width
    encodeURIComponent(code.replace(/[aceopxy]/, (c) => ({ a: 'а', c: 'с', e: 'е', o: 'о', p: 'р', x: 'х', y: 'у' })[c]) + '\u200b'),
    encodeURIComponent('٠'.repeat(18)), '%ff%fe', '-'.repeat(18), `${'z'.repeat(18)}`, '0'.repeat(18), 'A'.repeat(5000),
  ];
  const expected = await look(random());
  for (const variant of variants) assert.equal(await look(variant), expected, variant);
  // In the three ways in.
  const post = async (each) => seen(await demo.post(`${origin}/${each}/payments`, { method: 'redirect', amount: '100', token: 'x' }));
  const qr = await look(`${random()}/qr.svg`), payments = await post(random());
  for (const variant of variants.filter((each) => each.length < 100)) {
    assert.equal(await look(`${variant}/qr.svg`), qr, variant);
    assert.equal(await post(variant), payments, variant);
  }
});

test('every language and every reader gets the same refusal', async () => {
  for (const headers of [{ accept: 'application/json' }, { accept: '*/*' }, { 'accept-language': 'uk' }, { 'accept-language': 'en' }])
    assert.equal(await look(random(), { headers }), await look('x', { headers }), JSON.stringify(headers));
  for (const query of ['?lang=en', '?back=1', '?e=changed', '?again=1', `?code=${code}`])
    assert.equal(await look(`${random()}${query}`), await look(`x${query}`), query);
});

test('a link of a retired key is worth what a forged one is, and costs no query either', async () => {
  const keyFile = path.join(demo.dir, 'data', 'link.keys');
  const before = readFileSync(keyFile, 'utf8');
  const number = Math.max(...[...before.matchAll(/^(\d+) /gm)].map((match) => Number(match[1]))) + 1;
  writeFileSync(keyFile, `${before.replaceAll(' active', ' retired')}\n${number} ${'5e'.repeat(32)} active\n`);
  demo.child.kill('SIGHUP');
  await eventually(async () => (await demo.get(demo.links[0])).status === 404 && (await demo.get(demo.links[1])).status === 404);
  const expected = await look(random());
  const statements = await statementsOf(demo, async () => {
    for (let i = 0; i < 10; ++i) assert.equal(await look(code), expected);
  });
  assert.deepEqual(ofPages(statements), []);
  writeFileSync(keyFile, before);
  demo.child.kill('SIGHUP');
  await eventually(async () => (await demo.get(demo.links[0])).status === 200, { what: 'the old key is believed again' });
});
