// The API that the creditor's systems use: looking at invoices, holding reminders back, links.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { assertAccessible, assertFits, openBrowser, openPhone } from '../support/browser.mjs';
import { startDemo, temporaryFolder } from '../support/demo.mjs';
import { invoiceOf, invoicesFile } from '../support/payer.mjs';

const numbers = Array.from({ length: 7 }, (_, i) => `A/${i + 1}`);
const demo = await startDemo({ args: ['--import', invoicesFile(temporaryFolder(), numbers.map((number) => [number, '120,00', 10]))] });

const send = (where, body) => demo.call(where, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) });
const typeOf = (answer) => answer.json().type.replace('urn:dunlin:problem:', '');

test('wants a key, and a good one', async () => {
  for (const authorization of ['', 'Bearer dk_x_y', `Bearer ${demo.api_key}x`, `Basic ${demo.api_key}`]) {
    const answer = await demo.call('/invoices', { headers: { authorization } });
    assert.equal(answer.status, 401, authorization);
  }
});

test('lists page by page, each invoice once', async () => {
  const seen = [];
  let cursor = '';
  do {
    const { items, next_cursor: next } = (await demo.call(`/invoices?limit=3${cursor ? `&cursor=${cursor}` : ''}`)).json();
    assert.ok(items.length <= 3);
    seen.push(...items.map(({ number }) => number));
    cursor = next;
  } while (cursor);
  assert.deepEqual(seen.sort(), numbers);
});

test('finds by number and by customer, and what is not there is an empty list', async () => {
  const { items } = (await demo.call('/invoices?number=A%2F3')).json();
  assert.deepEqual(items.map(({ number }) => number), ['A/3']);
  const { customer } = items[0];
  assert.deepEqual((await demo.call(`/invoices?customer=${customer}`)).json().items, items);
  assert.deepEqual((await demo.call('/invoices?number=nope')).json(), { items: [], next_cursor: null });
});

test('refuses a query it cannot read', async () => {
  for (const query of ['limit=0', 'limit=201', 'limit=x', 'cursor=1', 'cursor=a-b', 'limit=9999999999999999999999'])
    assert.equal((await demo.call(`/invoices?${query}`)).status, 400, query);
});

test('shows one invoice with its ledger, reminders and reasons, and a chained timeline', async () => {
  const invoice = await invoiceOf(demo, 'A/1');
  assert.equal(invoice.amount_minor, 12000);
  assert.deepEqual(invoice.ledger.map(({ kind, amount_minor: amount }) => [kind, amount]), [['charge', 12000]]);
  assert.equal(invoice.customer.name, 'Jan Testowy 1');
  assert.ok(invoice.reminders.every(({ reason }) => reason.length > 0));
  assert.equal(invoice.timeline[0].kind, 'invoice.imported');
  assert.match(invoice.timeline[0].hash, /^[0-9a-f]{64}$/);
  assert.equal((await demo.get(invoice.link)).status, 200);
});

test('an invoice that is none is 404, whatever its id looks like', async () => {
  for (const id of ['9-9', '1', '1-', '-1', 'x-y', '1-1-1', '99999999999999999999-1', "1'--1"])
    assert.equal((await demo.call(`/invoices/${encodeURIComponent(id)}`)).status, 404, id);
});

test('a hold stands in the timeline until it is released, once', async () => {
  const { id } = await invoiceOf(demo, 'A/2');
  const made = await send(`/invoices/${id}/holds`, { kind: 'promise', reason: 'called', until: '2027-01-31' });
  assert.equal(made.status, 201);
  const { hold } = made.json();
  const held = await invoiceOf(demo, 'A/2');
  assert.deepEqual(held.holds.map(({ kind, reason, until, released_at: released }) => ({ kind, reason, until, released })),
    [{ kind: 'promise', reason: 'called', until: '2027-01-31T00:00:00Z', released: null }]);
  const ofHolds = ({ timeline }) => timeline.map(({ kind }) => kind).filter((kind) => kind.startsWith('hold.'));
  assert.deepEqual(ofHolds(held), ['hold.created']);
  assert.equal((await demo.call(`/invoices/${id}/holds/${hold}`, { method: 'DELETE' })).status, 204);
  const again = await demo.call(`/invoices/${id}/holds/${hold}`, { method: 'DELETE' });
  assert.equal(again.status, 404);
  assert.equal(typeOf(again), 'unknown-hold');
  assert.deepEqual(ofHolds(await invoiceOf(demo, 'A/2')), ['hold.created', 'hold.released']);
});

test('a hold that cannot be read changes nothing and says what is wrong', async () => {
  const { id } = await invoiceOf(demo, 'A/3');
  for (const body of ['', '{', '[]', '{"kind":"plan","kind":"admin"}', { kind: 'whim' }, { kind: 'plan', until: '2026-02-30' },
    { kind: 'plan', until: 'soon' }, { reason: 'x' }, { kind: 'plan', reason: 'x'.repeat(201) }]) {
    const answer = await send(`/invoices/${id}/holds`, body);
    assert.equal(answer.status, 400, JSON.stringify(body));
    assert.equal(typeOf(answer), 'malformed-json');
  }
  assert.deepEqual((await invoiceOf(demo, 'A/3')).holds, []);
});

test('a link is shown, replaced and revoked; the old one no longer takes money', async () => {
  const shown = (await send('/paylinks', { number: 'A/4', action: 'show' })).json();
  assert.equal(shown.state, 'active');
  const replaced = await send('/paylinks', { number: 'A/4', action: 'replace' });
  assert.equal(replaced.status, 201);
  assert.notEqual(replaced.json().code, shown.code);
  assert.doesNotMatch((await demo.get(shown.url)).text, /value="redirect"/);
  assert.match((await demo.get(replaced.json().url)).text, /value="redirect"/);
  assert.equal((await send('/paylinks', { number: 'A/4', action: 'revoke' })).json().state, 'revoked');
  assert.equal((await send('/paylinks', { number: 'A/4', action: 'revoke' })).status, 409);
  assert.equal((await send('/paylinks', { number: 'none', action: 'show' })).status, 404);
  assert.equal((await send('/paylinks', { code: 'AAAAAAAAAAAAAAAAAA', action: 'show' })).status, 404);
  assert.equal((await send('/paylinks', { number: 'A/4', code: shown.code, action: 'show' })).status, 400);
  assert.equal((await send('/paylinks', { number: 'A/4', action: 'steal' })).status, 400);
});

test('the API reads well, without a key', async () => {
  const browser = await openBrowser();
  const page = await openPhone(browser, { width: 390, height: 844 });
  await page.goto(demo.console);
  await assertAccessible(page);
  await assertFits(page);
  assert.deepEqual(page.complaints, []);
});

test('every address of the private listener stands on its page, with the scope that it asks for', async () => {
  const source = readFileSync(new URL('../../server/http/routes.c', import.meta.url), 'utf8');
  const [, table] = /private_routes\[\] = \{([^]*?)\n\};/.exec(source);
  const routes = [...table.matchAll(/\{"(\w+)", "(\/api\/[^"]+)", \w+, (?:"(\w+)"|NULL),/g)];
  assert.ok(routes.length > 50);
  assert.equal(routes.length, table.match(/"\/api\//g).length, 'each row is read');
  const sections = (await demo.get(new URL('/', demo.api).href)).text.split('<section>').slice(1).map((html) => ({
    scope: /Scope <code>(\w+)<\/code>/.exec(html)[1],
    addresses: [...html.matchAll(/<code>([A-Z]+ \/[^<?]*)/g)].map(([, address]) => address),
  }));
  for (const [, method, path, scope] of routes) {
    const found = sections.filter(({ addresses }) => addresses.includes(`${method} ${path}`));
    assert.ok(found.length > 0, `${method} ${path} is not on the page`);
    if (scope) assert.ok(found.every((section) => section.scope === scope), `${method} ${path} asks for ${scope}`);
  }
});
