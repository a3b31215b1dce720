// The command line beside a running gateway: links, keys, settings, checks.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { temporaryFolder } from '../support/cleanup.mjs';
import { run } from '../support/command.mjs';
import { eventually } from '../support/eventually.mjs';
import { startGateway } from '../support/gateway.mjs';
import { request } from '../support/https.mjs';

const root = new URL('../..', import.meta.url).pathname;
let gateway, settings, ca, number;

const withSettings = (...args) => run(...args, '--settings', settings);

async function good(...args) {
  const { code, out, err } = await withSettings(...args);
  assert.equal(code, 0, err);
  return out.trim();
}

const open = (url) => request(url, { ca });

before(async () => {
  gateway = await startGateway();
  settings = path.join(gateway.dir, 'dunlin.yaml');
  ca = [gateway.settings.public, gateway.settings.private].map((l) => readFileSync(l.certificate));
  await good('import', path.join(root, 'examples/invoices.csv'));
  const [heading, first] = readFileSync(path.join(root, 'examples/invoices.csv'), 'utf8').split('\n');
  const column = heading.split(';').findIndex((name) => /numer|number/i.test(name));
  number = first.split(';')[column].replaceAll('"', '');
});
after(() => gateway.end());

test('a link is shown, opens its page, and is the same the next time', async () => {
  const url = await good('link', 'show', number);
  assert.match(url, /^https:\/\/localhost:\d+\/[0-9A-Za-z]{18}$/);
  assert.equal((await open(url)).status, 200);
  assert.equal(await good('link', 'show', url), url);
});

test('a replaced link shows that it is, its successor the debt', async () => {
  const old = await good('link', 'show', number);
  const { url, active, changed } = JSON.parse(await good('link', 'replace', number, '--json'));
  assert.ok(active && changed && url !== old);
  assert.equal((await open(url)).status, 200);
  assert.notEqual((await open(old)).text, (await open(url)).text);
  assert.equal(await good('link', 'show', number), url);
});

test('a revoked link can be issued anew', async () => {
  await good('link', 'revoke', number);
  assert.equal((await withSettings('link', 'show', number)).code, 1);
  const url = await good('link', 'issue', number);
  assert.equal(await good('link', 'issue', number), url);
  assert.equal((await open(url)).status, 200);
});

test('what is no invoice and no link is refused', async () => {
  const { code, err } = await withSettings('link', 'show', 'NO/SUCH/1');
  assert.equal(code, 1);
  assert.match(err, /no such invoice/);
  assert.equal((await withSettings('link', 'paint', number)).code, 2);
});

test('an API key opens the API until it is revoked', async () => {
  const { id, key } = JSON.parse(await good('key', 'api', 'make', 'accounting', 'invoices', '--json'));
  const ask = () => request(`https://localhost:${gateway.privatePort}/api/v1/invoices?number=${encodeURIComponent(number)}`,
    { ca, headers: { authorization: `Bearer ${key}` } });
  assert.equal((await ask()).status, 200);
  const listed = JSON.parse(await good('key', 'api', 'list', '--json'));
  assert.deepEqual(listed.filter((k) => k.id === id).map((k) => [k.name, k.scopes, k.revoked]),
    [['accounting', 'invoices', false]]);
  assert.doesNotMatch(JSON.stringify(listed), new RegExp(key.split('_').at(-1)));
  await good('key', 'api', 'revoke', id);
  await eventually(async () => (await ask()).status === 401, { what: 'the key is dead', within: 3000 });
  assert.equal((await withSettings('key', 'api', 'revoke', id)).code, 1);
});

test('a key without the scope is let in but not to that', async () => {
  const key = await good('key', 'api', 'make', 'uploads', 'imports');
  const answer = await request(`https://localhost:${gateway.privatePort}/api/v1/invoices?number=x`,
    { ca, headers: { authorization: `Bearer ${key}` } });
  assert.equal(answer.status, 403);
  assert.equal((await withSettings('key', 'api', 'make', 'x', 'everything')).code, 1);
});

test('link keys rotate while the gateway runs, and a retired one’s links are dead', async () => {
  const old = await good('link', 'show', number);
  await good('key', 'link', 'rotate');
  gateway.child.kill('SIGHUP');
  const fresh = await good('link', 'show', number);
  assert.notEqual(fresh, old);
  await eventually(async () => (await open(fresh)).status === 200, { what: 'the new key is known' });
  assert.equal((await open(old)).status, 200);
  await good('key', 'link', 'retire', '0');
  gateway.child.kill('SIGHUP');
  // Every process reads the file on its own time.
  await eventually(async () => {
    for (let i = 0; i < 8; ++i)
      if ((await open(old)).status !== 404) return false;
    return true;
  }, { what: 'the old key is forgotten' });
  assert.equal((await open(fresh)).status, 200);
  assert.equal((await withSettings('key', 'link', 'retire', '1')).code, 1);
  assert.equal(statSync(path.join(gateway.dir, 'data', 'link.keys')).mode & 0o777, 0o600);
});

test('the example that is shipped is what the program writes', async () => {
  const { code, out } = await run('settings');
  assert.equal(code, 0);
  assert.equal(out, readFileSync(path.join(root, 'dunlin.example.yaml'), 'utf8'));
});

test('check finds every mistake at once, each with its line', async () => {
  const folder = temporaryFolder(), file = path.join(folder, 'dunlin.yaml');
  const text = readFileSync(settings, 'utf8').replace(/workers: .*/, 'workers: many\ncolour: red');
  writeFileSync(file, text);
  const line = text.split('\n').indexOf('workers: many') + 1;
  const { code, out } = await run('check', '--json', '--settings', file);
  assert.equal(code, 1);
  const found = JSON.parse(out);
  assert.ok(found.some((f) => f.line === line && f.setting === 'workers'), out);
  assert.ok(found.some((f) => f.line === line + 1 && f.setting === 'colour'), out);
});

test('check refuses nothing of the gateway that runs', async () => {
  const { out } = await withSettings('check', '--json');
  const refused = JSON.parse(out).filter((f) => f.level === 'refusal');
  assert.deepEqual(refused, []);
});

test('serve says every mistake and does not start', async () => {
  const file = path.join(temporaryFolder(), 'dunlin.yaml');
  writeFileSync(file, 'colour: red\nworkers: many\n');
  const { code, err } = await run('serve', '--settings', file);
  assert.equal(code, 1);
  assert.match(err, /dunlin\.yaml:1: colour is no setting/);
  assert.match(err, /dunlin\.yaml:2: workers must be a whole number/);
  assert.match(err, /public\.url is needed/);
});

test('who asks a command for help is told, on standard output, and has made no mistake', async () => {
  for (const args of [['template', '--help'], ['template', 'list', '--help'], ['link', '--help'], ['sending', '--help'], ['check', '--help']]) {
    const { code, out, err } = await run(...args);
    assert.deepEqual([code, err], [0, ''], args.join(' '));
    assert.match(out, new RegExp(`^usage: dunlin ${args[0]} `), args.join(' '));
  }
});

test('texts are listed once each, and shown as they are in force', async () => {
  const folder = path.join(temporaryFolder(), 'pl'), file = path.join(folder, 'due.mustache'), shipped = (await run('template', 'show', 'pl/due')).out;
  assert.match(shipped, /^Dziś termin płatności/m);
  assert.equal(await good('template', 'show', 'pl/due'), shipped.trim());
  mkdirSync(folder);
  writeFileSync(file, shipped.replace('Dziś termin płatności', 'Dziś ostatni dzień'));
  assert.equal(await good('template', 'save', file), 'version 1 is in force');
  const lines = (await good('template', 'list')).split('\n').filter((line) => line.startsWith('pl/due.'));
  assert.equal(lines.length, 1, lines.join());
  assert.match(lines[0], /^pl\/due\.neutral version 1 of \S+ by command line$/);
  assert.match(await good('template', 'show', 'pl/due'), /^Dziś ostatni dzień/m);
  assert.equal(await good('template', 'show', '--shipped', 'pl/due'), shipped.trim());
});

test('texts that are shipped are listed without settings, and what is no text is told with the way to one', async () => {
  const { code, out, err } = await run('template', 'list');
  assert.equal(code, 0);
  assert.match(out, /^pl\/due\.neutral shipped$/m);
  assert.match(err, /known with --settings FILE/);
  assert.match((await run('template', 'show', 'due')).err, /names are as pl\/due or pl\/late\.firm, and `dunlin template list` has them all/);
  assert.match((await withSettings('template', 'show', 'pl/none')).err, /no text that is shipped/);
  assert.match((await run('template', 'preview', 'pl/due', 'fax')).err, /fax is no channel; there are .*sms/);
});
