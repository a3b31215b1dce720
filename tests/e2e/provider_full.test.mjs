// A provider that takes calls and never answers, with all the calls that it may have at once taken: nobody
// else waits for it. The next provider starts payments at once, and pages are shown.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { StandardFake } from '../fake/standard.mjs';
import { StripeFake } from '../fake/stripe.mjs';
import { startAtProvider } from '../support/at_provider.mjs';
import { eventually } from '../support/eventually.mjs';
import { request } from '../support/https.mjs';

const STARTS_MAX = 64; // of one account in one process

const at = await startAtProvider(StandardFake, 4, { Spare: StripeFake,
  settings: { workers: 1, payments: { starts_per_10min: STARTS_MAX } } });
const { gateway, fake } = at;

async function shed() {
  const text = await (await fetch(`http://127.0.0.1:${gateway.operatorsPort}/metrics`)).text();
  return Number(/^dunlin_provider_calls_shed_total (\d+)$/m.exec(text)[1]);
}

test('a provider that never answers takes its own calls and no others', async () => {
  const [busy, next, read] = [await at.debt(), await at.debt(), await at.debt()];
  const forms = [];
  for (let i = 0; i < STARTS_MAX; ++i) forms.push(await at.form(busy));
  const form = await at.form(next);
  fake.faults.mute = true;
  let ended = 0;
  const waiting = forms.map((send) => send().finally(() => { ++ended; }));
  await eventually(() => fake.requests.length === STARTS_MAX, { what: 'all its calls are taken', within: 7000 });

  const answer = await form();
  assert.equal(answer.status, 303);
  assert.ok(answer.headers.location.startsWith(at.spare.url), answer.headers.location);
  assert.deepEqual((await at.payments(next)).map(({ provider, state }) => [provider, state]), [['stripe', 'started']]);
  assert.equal((await at.get(read.link)).status, 200);
  assert.equal(ended, 0, 'the others wait still');
  assert.equal(fake.requests.length, STARTS_MAX);
  assert.equal(await shed(), 1);

  for (const { status } of await Promise.all(waiting)) assert.equal(status, 502);
});

// The check ends its rest.
test('when those calls have ended it takes payments again', async () => {
  fake.faults.mute = false;
  const key = /dk_\S+/.exec(gateway.command('key', 'api', 'make', 'button', 'providers'))[0];
  const { text } = await request(`${gateway.settings.private.url}/api/v1/providers/standard/default/check`,
    { method: 'POST', ca: readFileSync(gateway.settings.private.certificate), headers: { authorization: `Bearer ${key}` } });
  assert.equal(JSON.parse(text).result, 'good');
  await at.start(await at.debt()); // throws where the fake has no order of it
  assert.equal(await shed(), 1);
});
