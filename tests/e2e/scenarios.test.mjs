// Scenarios over the API and from the command line: drafts, versions that take over, what is refused.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { run as runDunlin } from '../support/command.mjs';
import { eventually } from '../support/eventually.mjs';
import { startGateway } from '../support/gateway.mjs';
import { request } from '../support/https.mjs';

let gateway, settings, key, ca;

const run = (...args) => runDunlin('scenario', ...args, '--settings', settings);

async function call(where, { method = 'GET', body, headers = {}, as = key } = {}) {
  const answer = await request(`${gateway.settings.private.url}/api/v1${where}`, { ca, method, headers: { authorization: `Bearer ${as}`, ...headers },
    body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body) });
  const text = answer.body.toString();
  return { status: answer.status, headers: answer.headers, text, json: () => JSON.parse(text) };
}

const post = (where, body) => call(where, { method: 'POST', body });
const typeOf = (answer) => answer.json().type.replace('urn:dunlin:problem:', '');
const shown = async (name) => (await call(`/scenarios/${name}`)).json();
const listed = async (name) => (await call('/scenarios')).json().items.find((item) => item.name === name);
const makeKey = (scope) => gateway.makeKey(scope);

const yaml = (name, { day = 0, title = 'Of a test' } = {}) => `scenario: ${name}
title: "${title}"
for: {products: ["Nobody's*"]}
steps:
  - name: due
    anchor: due
    days: ${day}
    channels: [sms, email]
    template: due
`;

before(async () => {
  gateway = await startGateway();
  settings = path.join(gateway.dir, 'dunlin.yaml');
  ca = [readFileSync(gateway.settings.private.certificate)];
  key = makeKey('scenarios');
});
after(() => gateway.end());

test('a new installation has the standard scenario in force, once', async () => {
  const standard = await eventually(() => listed('standard'));
  assert.equal(standard.version, 1);
  assert.equal(standard.in_force_from, '1970-01-01T00:00:00Z');
  const { content, versions } = await shown('standard');
  assert.deepEqual(content.steps.map(({ name }) => name), ['issue', 'before_2', 'due', 'after_2', 'after_9', 'after_16', 'part_before', 'part_due', 'part_missed']);
  assert.equal(versions.length, 1);
  await gateway.stop();
  await gateway.start();
  assert.equal((await call('/scenarios')).json().items.length, 1);
  assert.equal((await shown('standard')).versions.length, 1);
});

test('wants its own scope', async () => {
  const answer = await call('/scenarios', { as: makeKey('invoices') });
  assert.equal(answer.status, 403);
});

test('a draft changes nothing until it is put in force, and the next version takes over at its time', async () => {
  const saved = await post('/scenarios', yaml('take'));
  assert.equal(saved.status, 201);
  assert.equal(saved.json().version, 1);
  assert.equal((await listed('take')).version, null);
  assert.equal((await post('/scenarios', yaml('take'))).status, 200); // the same again is no new one
  assert.equal((await post('/scenarios/take/activate')).status, 200);
  assert.equal((await post('/scenarios', yaml('take', { day: 1 }))).json().version, 2);
  const at = new Date(Math.floor(Date.now() / 1000) * 1000 + 3600_000).toISOString().replace('.000Z', 'Z');
  const activated = await post('/scenarios/take/activate', { version: 2, from: at });
  assert.equal(activated.json().in_force_from, at);
  const item = await listed('take');
  assert.deepEqual([item.version, item.in_force_until, item.next_version, item.next_from], [1, at, 2, at]);
  const { versions } = await shown('take');
  assert.deepEqual(versions.map(({ version, state }) => [version, state]), [[2, 'to_come'], [1, 'in_force']]);
  assert.equal(versions[0].in_force_from, versions[1].in_force_until);
});

test('the source comes back as it was written, as YAML where that is asked for', async () => {
  const text = `# My own words.\n${yaml('source')}`;
  assert.equal((await post('/scenarios', text)).status, 201);
  const answer = await call('/scenarios/source?version=1', { headers: { accept: 'text/yaml' } });
  assert.equal(answer.text, text);
  assert.match(answer.headers['content-type'], /^text\/yaml/);
  assert.equal((await shown('source')).source, text);
});

test('a version that is or was in force takes over no second time and cannot be edited', async () => {
  await post('/scenarios', yaml('once'));
  await post('/scenarios/once/activate');
  const again = await post('/scenarios/once/activate', { version: 1 });
  assert.equal(again.status, 409);
  assert.equal(typeOf(again), 'version-over');
  for (const method of ['PUT', 'PATCH'])
    assert.equal((await call('/scenarios/once', { method, body: yaml('once', { day: 3 }) })).status, 405);
  assert.equal((await post('/scenarios', yaml('once', { day: 3 }))).json().version, 2);
  const { source } = (await call('/scenarios/once?version=1')).json();
  assert.equal(source, yaml('once'));
});

test('nothing takes over in the past, and what is not there is 404', async () => {
  await post('/scenarios', yaml('past'));
  assert.equal(typeOf(await post('/scenarios/past/activate', { from: '2020-01-01T00:00:00Z' })), 'in-the-past');
  for (const where of ['/scenarios/none', '/scenarios/past?version=9', '/scenarios/Past', '/scenarios/%ff'])
    assert.equal((await call(where)).status, 404, where);
  assert.equal((await post('/scenarios/past/activate', { version: 9 })).status, 404);
  assert.equal((await post('/scenario-presets/none')).status, 404);
  for (const body of [{ from: 'tomorrow' }, { version: 0 }, { version: 'one' }, '[1]', '{'])
    assert.equal((await post('/scenarios/past/activate', body)).status, 400, JSON.stringify(body));
  assert.equal((await call('/scenarios/past?version=x')).status, 400);
});

test('is switched off, and can be put in again', async () => {
  await post('/scenarios', yaml('off'));
  assert.equal(typeOf(await call('/scenarios/off', { method: 'DELETE' })), 'not-in-force');
  await post('/scenarios/off/activate');
  assert.equal((await call('/scenarios/off', { method: 'DELETE' })).status, 200);
  assert.equal((await listed('off')).version, null);
  assert.equal((await post('/scenarios', yaml('off'))).json().version, 2);
  assert.equal((await post('/scenarios/off/activate')).status, 200);
});

test('each mistake is told with its line', async () => {
  const answer = await post('/scenarios', `scenario: wrong
steps:
  - name: due
    anchor: due
    days: soon
    channels: [sms, fax]
    template: nothing
  - name: due
    anchor: due
    days: 3
    channels: [sms]
    template: due
`);
  assert.equal(answer.status, 422);
  assert.match(answer.headers['content-type'], /^application\/problem\+json/);
  assert.equal(typeOf(answer), 'scenario-mistakes');
  assert.deepEqual(answer.json().mistakes.map(({ line, column, path: where }) => [line, column, where]), [
    [5, 11, 'steps[0].days'], [6, 21, 'steps[0].channels[1]'], [7, 15, 'steps[0].template'], [8, 11, 'steps[1].name']]);
  assert.equal(await listed('wrong'), undefined);
  assert.equal((await post('/scenarios', '')).status, 422);
});

test('a new scenario stands before the others, and can be moved', async () => {
  await post('/scenarios', yaml('first'));
  assert.equal((await listed('first')).position, 1);
  assert.equal((await post('/scenarios/first/position', { position: 2 })).status, 200);
  assert.equal((await listed('first')).position, 2);
  assert.equal((await call('/scenarios')).json().items.at(-1).name, 'standard');
});

test('two that put versions in force at once do it one behind the other', async () => {
  await post('/scenarios', yaml('race'));
  for (let turn = 0; turn < 10; ++turn) {
    const { version: one } = (await post('/scenarios', yaml('race', { title: `${turn} a` }))).json();
    const { version: two } = (await post('/scenarios', yaml('race', { title: `${turn} b` }))).json();
    const answers = await Promise.all([one, two].map((version) => post('/scenarios/race/activate', { version })));
    assert.deepEqual(answers.map(({ status }) => status), [200, 200]);
    // The same one twice: it takes over once. Who looked at the clock first but came second moves it to
    // that moment, which is still to come from there; otherwise it is told that it was late.
    const { version } = (await post('/scenarios', yaml('race', { title: `${turn} c` }))).json();
    const both = await Promise.all([1, 2].map(() => post('/scenarios/race/activate', { version })));
    const statuses = both.map(({ status }) => status).sort();
    assert.ok(statuses[0] === 200 && [200, 409].includes(statuses[1]), statuses.join());
    assert.equal((await listed('race')).version, version);
  }
  const spans = (await shown('race')).versions.filter(({ in_force_from: from }) => from !== null)
    .sort((a, b) => a.in_force_from.localeCompare(b.in_force_from) || (a.in_force_until ?? '9').localeCompare(b.in_force_until ?? '9'));
  for (let i = 1; i < spans.length; ++i) assert.equal(spans[i - 1].in_force_until, spans[i].in_force_from);
  assert.equal(spans.at(-1).in_force_until, null);
});

test('presets are listed and put in by name', async () => {
  const { items } = (await call('/scenario-presets')).json();
  assert.deepEqual(items.map(({ name }) => name), ['bank', 'consumer_lender', 'crm', 'service_firm', 'standard']);
  const used = await post('/scenario-presets/crm');
  assert.equal(used.status, 201);
  assert.equal((await listed('crm')).version, 1);
  const again = await post('/scenario-presets/crm');
  assert.equal(again.status, 200);
  assert.equal(again.json().changed, false);
  assert.equal((await shown('crm')).created_by.slice(0, 8), 'API key ');
});

test('from the command line: presets, check, save, activate, show, list, move, off', async () => {
  const file = path.join(gateway.dir, 'mine.yaml'), bad = path.join(gateway.dir, 'bad.yaml');
  writeFileSync(file, yaml('mine'));
  writeFileSync(bad, yaml('mine').replace('due\n    days: 0', 'due\n    days: never').replace('template: due', 'template: nothing'));
  assert.match((await run('presets')).out, /^bank +Bank\n/);
  assert.equal((await run('check', file)).out, 'mine is good\n');
  const wrong = await run('save', bad);
  assert.equal(wrong.code, 1);
  assert.equal(wrong.err, `${bad}:7:11: steps[0].days is not a whole number of days\n${bad}:9:15: steps[0].template is no template that exists: nothing, neutral\n`);
  assert.deepEqual(JSON.parse((await run('check', bad, '--json')).out).mistakes.map(({ line }) => line), [7, 9]);
  assert.match((await run('save', file)).out, /^mine is saved as version 1; /);
  assert.match((await run('save', file)).out, /^mine is the same as version 1 already\n$/);
  assert.match((await run('activate', 'mine')).out, /^mine, version 1, is in force from 20\d\d-/);
  const { code, err } = await run('activate', 'mine');
  assert.deepEqual([code, err], [1, 'dunlin: mine: this version is or was in force already, and takes over only once: save it again as a new version\n']);
  assert.equal((await run('show', 'mine')).out, yaml('mine'));
  assert.match((await run('list')).out, /^ 1\. mine +version 1 in force since 20/);
  assert.equal((await run('move', 'mine', '--position', '2')).code, 0);
  assert.equal((await run('off', 'mine')).out, 'mine is switched off\n');
  assert.match((await run('list')).out, /^ 2\. mine +not in force; newest version 1$/m);
  const used = JSON.parse((await run('use', 'bank', '--json')).out);
  assert.deepEqual([used.name, used.version, used.changed], ['bank', 1, true]);
  assert.match((await run('use', 'bank')).out, /^bank, version 1, is already in force from /);
});

test('dunlin check says which steps in force reach nobody, as no channel of theirs is set up', async () => {
  await run('use', 'crm');
  const { out: stdout } = await runDunlin('check', '--json', '--settings', settings);
  const { level, text } = JSON.parse(stdout).find(({ setting }) => setting === 'scenario');
  assert.equal(level, 'warning');
  assert.match(text, /^\d+ steps in force reach nobody, as none of their channels is set up \(in .*crm.*; .* is one\)$/);
  assert.doesNotMatch(text, /handover/);
});

test('what cannot be done from the command line says why', async () => {
  for (const args of [[], ['list', 'x'], ['show'], ['show', 'a', '--version', '0'], ['activate', 'a', '--from', 'tomorrow'], ['use', 'bank', '--version', '2'], ['fly']])
    assert.equal((await run(...args)).code, 2, args.join(' '));
  assert.match((await run('show', 'none')).err, /there is no scenario none/);
  assert.match((await run('use', 'none')).err, /there is no preset none: dunlin scenario presets/);
  assert.match((await run('check', '/nonexistent')).err, /nonexistent: No such file/);
  assert.equal((await run('move', 'standard')).code, 1);
});
