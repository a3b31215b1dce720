// The test button: `dunlin check` and the API say whether each provider knows us, and if not what is wrong.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { PayuFake } from '../fake/payu.mjs';
import { Przelewy24Fake } from '../fake/przelewy24.mjs';
import { StandardFake } from '../fake/standard.mjs';
import { StripeFake } from '../fake/stripe.mjs';
import { startAtProvider } from '../support/at_provider.mjs';
import { dunlin } from '../support/demo.mjs';
import { makeCertificate } from '../support/gateway.mjs';
import { request } from '../support/https.mjs';

const creditor = { email: 'office@bank.example' };

// What check says about the provider, with these changes of its entry.
async function check({ gateway }, change = {}) {
  const before = gateway.settings, [entry] = before.providers;
  gateway.settings = { ...before, providers: [{ ...entry, ...change }] };
  gateway.writeSettings();
  const stdout = await new Promise((resolve) => execFile(dunlin, ['check', '--json', '--settings', gateway.settingsFile],
    (refused, out) => resolve(out)));
  gateway.settings = before;
  gateway.writeSettings();
  return JSON.parse(stdout).filter(({ setting }) => setting.startsWith('providers[')).filter(({ text }) => !/test account/.test(text));
}

const only = (found, level, says) => {
  assert.deepEqual(found.map((one) => one.level), [level], JSON.stringify(found));
  assert.match(found[0].text, says);
  assert.ok(found[0].line > 0);
};

function callsOf({ gateway }) {
  const ca = readFileSync(gateway.settings.private.certificate);
  const key = /dk_\S+/.exec(gateway.command('key', 'api', 'make', 'button', 'providers'))[0];
  return async (method, where, authorization = `Bearer ${key}`) => {
    const { status, text } = await request(`${gateway.settings.private.url}/api/v1${where}`, { method, ca, headers: { authorization } });
    return { status, ...JSON.parse(text) };
  };
}

const wrong = { stripe: /our key/, payu: /does not sign us in/, przelewy24: /posId and API key/, standard: /401|key/ };

// All before the first test: what is started between two would be taken for left over.
const all = [];
for (const Fake of [StripeFake, PayuFake, Przelewy24Fake, StandardFake])
  all.push(await startAtProvider(Fake, 1, { settings: { creditor, workers: 1 } }));
const nameless = await startAtProvider(Przelewy24Fake, 1);

for (const at of all) {
  const { gateway, fake } = at, [entry] = gateway.settings.providers, name = entry.provider;
  const call = callsOf(at), place = `/providers/${name}/default/check`;

  test(`${name}: good credentials are proved`, async () => {
    only(await check(at), 'good', /knows us/);
    assert.deepEqual(await call('POST', place), { status: 200, result: 'good', note: '' });
  });

  test(`${name}: a wrong key is refused, and named`, async () => {
    writeFileSync(path.join(gateway.dir, 'wrong.key'), 'another', { mode: 0o600 });
    only(await check(at, { api_key_file: 'wrong.key' }), 'refusal', wrong[name]);
    for (const { text } of await check(at, { api_key_file: 'wrong.key' })) assert.ok(!text.includes('another'));
  });

  test(`${name}: a certificate of somebody else, an unknown host and nobody there are told apart`, async () => {
    const { certificate } = makeCertificate(gateway.dir, 'stranger');
    only(await check(at, { ca_file: certificate }), 'warning', /certificate is not trusted/);
    only(await check(at, { api_url: 'https://nobody.invalid' }), 'warning', /host name is not known/);
    only(await check(at, { api_url: 'https://localhost:1' }), 'warning', /not reachable/);
  });

  test(`${name}: how it stands is listed, and being down makes it rest`, async () => {
    const listed = { provider: name, account: 'default', environment: 'test', order: 1, currencies: [], blik: name !== 'stripe',
      resting: false, callbacks_believed: true };
    assert.deepEqual(await call('GET', '/providers'), { status: 200, items: [listed] });
    fake.faults.down = true;
    await fake.dropConnections();
    for (let i = 0; i < 3; ++i) assert.equal((await call('POST', place)).result, 'unclear');
    assert.equal((await call('GET', '/providers')).items[0].resting, true);
    fake.faults.down = false;
  });
}

test('Przelewy24 wants an address of each payer', async () => {
  const found = (await check(nameless)).filter(({ level }) => level === 'refusal');
  only(found, 'refusal', /creditor\.email/);
});

test('whoever lacks the scope, and an account that there is not, are refused', async () => {
  const call = callsOf(nameless), other = /dk_\S+/.exec(nameless.gateway.command('key', 'api', 'make', 'other', 'invoices'))[0];
  assert.equal((await call('GET', '/providers', `Bearer ${other}`)).status, 403);
  assert.equal((await call('POST', '/providers/przelewy24/default/check', `Bearer ${other}`)).status, 403);
  assert.equal((await call('POST', '/providers/przelewy24/nobody/check')).status, 404);
});
