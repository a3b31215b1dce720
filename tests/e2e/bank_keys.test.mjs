// The server that publishes the bank's keys is away, slow, lies, rotates: whose key is known is let in
// all the while, and nobody else is.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { makeKey, startBank, tokenBy } from '../support/bank.mjs';
import { eventually } from '../support/eventually.mjs';
import { makeCertificate, startGateway } from '../support/gateway.mjs';
import { request } from '../support/https.mjs';

const folder = mkdtempSync(path.join(os.tmpdir(), 'dunlin-test-'));
const bank = await startBank(makeCertificate(folder, 'bank'));
const first = makeKey('PS256', 'first'), stranger = makeKey('ES256', 'first');
let gateway;

before(async () => {
  bank.keys = [first];
  bank.answer = (_, response) => response.destroy(); // away when we begin
  gateway = await startGateway({ workers: 1, app: { issuer: 'https://bank.example', audience: 'dunlin', algorithm: 'PS256',
    customer_claim: 'ref', jwks_url: bank.url, ca_file: path.join(folder, 'bank.pem'), refresh_seconds: 1 } });
});

after(async () => {
  await Promise.all([gateway?.end(), bank.stop()]);
  rmSync(folder, { recursive: true });
});

const typeOf = (answer) => answer.json().type.replace('urn:dunlin:problem:', '');
const address = () => new URL('/app/v1/devices', gateway.settings.public.url);
const headersOf = (key) => ({ authorization: `Bearer ${tokenBy(key, { ref: 'R-1' })}` });
const ref = (key = first) => request(address(), { headers: headersOf(key), agent: new https.Agent({ rejectUnauthorized: false }) });

test('before the first keys have come a token is neither good nor bad', async () => {
  const answer = await ref();
  assert.deepEqual([answer.status, typeOf(answer), answer.headers['retry-after']], [503, 'keys-away', '5']);
  bank.answer = bank.publish;
  await eventually(async () => (await ref()).status === 200, { what: 'the bank is heard' });
});

// What else such a document can be is in the unit tests of the key set.
const lies = {
  'an error': (_, response) => response.writeHead(500).end(JSON.stringify({ keys: [stranger.jwk] })),
  'a redirect': (_, response) => response.writeHead(302, { location: 'https://localhost:1/' }).end(),
  'keys of another kind': (_, response) => response.end(JSON.stringify({ keys: [stranger.jwk, { kty: 'oct', k: 'AAAA', alg: 'HS256' }] })),
  'half an answer': (_, response) => { response.writeHead(200, { 'content-length': 5000 }); response.write('{"keys":['); response.destroy(); },
  'ten megabytes': (_, response) => response.end(`{"keys":[${JSON.stringify(first.jwk)}],"x":"${'x'.repeat(10 << 20)}"}`),
};

for (const [what, answer] of Object.entries(lies))
  test(`a server that says ${what} changes no keys`, async () => {
    const asked = bank.asked;
    bank.answer = answer;
    try {
      await eventually(() => bank.asked >= asked + 1, { what: 'it is asked' });
      assert.equal((await ref()).status, 200);
    } finally {
      bank.answer = bank.publish;
    }
    await eventually(() => bank.asked >= asked + 2, { what: 'it is asked again' });
    assert.equal((await ref()).status, 200);
  });

test('a slow server holds up nobody whose key is known, and a stranger\'s key not for long', async () => {
  const asked = bank.asked;
  bank.answer = () => {};
  await eventually(() => bank.asked > asked, { what: 'it is asked' });
  const started = Date.now();
  assert.equal((await ref()).status, 200);
  assert.ok(Date.now() - started < 1500);
  const left = https.request(address(), { rejectUnauthorized: false, headers: headersOf(makeKey('PS256', 'left')) });
  left.on('error', () => {}).end();
  const waited = ref(makeKey('PS256', 'unheard'));
  await once(left, 'finish');
  left.destroy(); // it waits for the same answer, and goes
  assert.equal((await waited).status, 401);
  assert.ok(Date.now() - started < 7000);
  bank.answer = bank.publish;
});

test('a key that the bank takes back is dead with the next fetch', async () => {
  const next = makeKey('PS256', 'second');
  bank.keys = [next];
  await eventually(async () => (await ref(next)).status === 200, { what: 'the new key is good' });
  assert.equal((await ref()).status, 401);
});

test('a server with a certificate we do not trust is not believed', async () => {
  const evil = await startBank(makeCertificate(mkdtempSync(path.join(folder, 'evil-')), 'evil'));
  const key = makeKey('PS256', 'evil');
  evil.keys = [key];
  try {
    await bank.stop();
    const port = bank.port;
    await evil.stop();
    evil.port = port;
    await evil.start();
    await eventually(() => evil.asked > 0, { what: 'it is asked' });
    assert.equal((await ref(key)).status, 401);
  } finally {
    await evil.stop();
    await bank.start();
  }
});

test('what went wrong is logged, and nothing of tokens and customers', () => {
  assert.doesNotMatch(gateway.log, /eyJ|R-1/);
  assert.match(gateway.log, /event="bank keys not fetched"/);
});

test('keys that cannot be fetched any more end, those of files do not; too many are told of', async () => {
  const held = makeKey('ES256'), many = Array.from({ length: 64 }, (_, i) => makeKey('ES256', `key-${i}`));
  const place = mkdtempSync(path.join(folder, 'other-')), other = await startBank(makeCertificate(place, 'other'));
  const file = path.join(folder, 'held.pem');
  writeFileSync(file, held.pem);
  other.keys = many;
  const own = await startGateway({ workers: 1, app: { issuer: 'https://bank.example', audience: 'dunlin', algorithm: 'ES256', customer_claim: 'ref',
    key_files: [file], jwks_url: other.url, ca_file: path.join(place, 'other.pem'), refresh_seconds: 1, keep_seconds: 1 } });
  const statusOf = async (key) => (await request(new URL('/app/v1/devices', own.settings.public.url),
    { headers: headersOf(key), agent: new https.Agent({ rejectUnauthorized: false }) })).status;
  try {
    await eventually(async () => (await statusOf(many[0])) === 200, { what: 'the keys are fetched' });
    await eventually(() => /event="bank keys left out" .*count=1 keys=64/.test(own.log), { what: 'one too many is told' });
    other.answer = (_, response) => response.destroy();
    await eventually(async () => (await statusOf(many[0])) === 401, { what: 'the keys end', every: 100 });
    assert.match(own.log, /event="bank keys dropped"/);
    assert.equal(await statusOf(held), 200);
    other.answer = other.publish;
    await eventually(async () => (await statusOf(many[0])) === 200, { what: 'they come again', every: 100 });
  } finally {
    await Promise.all([own.end(), other.stop()]);
  }
});
