// One command lets this user's browser trust the demo's authority, and one takes it back.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import { test } from 'node:test';

import { openBrowser } from '../support/browser.mjs';
import { atEnd, temporaryFolder } from '../support/cleanup.mjs';
import { request } from '../support/https.mjs';

const scripts = new URL('../../certs/', import.meta.url).pathname;
const home = temporaryFolder(), folder = path.join(home, 'certs');

function run(name, ...args) {
  return execFileSync(path.join(scripts, name), args, { env: { ...process.env, HOME: home }, encoding: 'utf8' });
}

async function serve() {
  const server = https.createServer({
    cert: readFileSync(path.join(folder, 'leaf.pem')),
    key: readFileSync(path.join(folder, 'leaf.key')),
  }, (request_, response) => response.end('<title>in</title>'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(() => server.close());
  return `https://localhost:${server.address().port}/`;
}

// What a browser that starts now says to the page.
async function open(url) {
  const browser = await openBrowser({ env: { ...process.env, HOME: home } });
  try {
    const page = await browser.newPage();
    await page.goto(url);
    return await page.title();
  } catch (error) {
    return /ERR_CERT_[A-Z_]+/.exec(error.message)?.[0] ?? error.message;
  } finally {
    await browser.close();
  }
}

test('certs/make makes an authority and a leaf that only their owner can read', async () => {
  run('make', folder);
  for (const key of ['ca.key', 'leaf.key'])
    assert.equal(statSync(path.join(folder, key)).mode & 0o077, 0, key);
  const answer = await request(await serve(), { ca: readFileSync(path.join(folder, 'ca.pem')) });
  assert.equal(answer.status, 200);
});

test('a browser warns, stops warning after certs/trust, and warns again after certs/untrust', async () => {
  run('make', folder);
  const url = await serve(), ca = path.join(folder, 'ca.pem');
  assert.equal(await open(url), 'ERR_CERT_AUTHORITY_INVALID');
  assert.match(run('trust', ca), /untrust/);
  assert.equal(await open(url), 'in');
  run('untrust', ca);
  assert.equal(await open(url), 'ERR_CERT_AUTHORITY_INVALID');
});
