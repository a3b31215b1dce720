// Few descriptors: what is too much waits or is closed, nothing dies of it, and when the crowd has
// gone all is as before.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { atEnd } from '../support/cleanup.mjs';
import { descendants, dunlin, eventually } from '../support/demo.mjs';
import { connectTls, makeGateway } from '../support/gateway.mjs';
import { keepAliveAgent, request } from '../support/https.mjs';
import { makePayments } from '../support/money.mjs';
import { startOwed } from '../support/owed.mjs';
import { Provider } from '../support/provider.mjs';

const DESCRIPTORS = 256, CROWD = 700, CLEAR_MS_MAX = 5000;

test('with 256 descriptors a crowd of 700 connections is shed, and all is as before when it has gone', async (t) => {
  const owed = await startOwed(40, {}, ['prlimit', `--nofile=${DESCRIPTORS}`]);
  const { gateway } = owed;
  const link = gateway.linkOf('FV/0');
  const agent = keepAliveAgent(owed.caText, { maxSockets: 1 });
  const page = async () => (await request(link, { ca: owed.caText, agent })).status;
  const operators = async (where) => (await fetch(`http://127.0.0.1:${gateway.operatorsPort}${where}`)).status;
  const mostFiles = () => Math.max(...descendants(gateway.pid).map((pid) => readdirSync(`/proc/${pid}/fd`).length));
  const family = gateway.processes('');
  const payments = await makePayments(owed, 40, 'few');
  assert.equal(await page(), 200);

  let isOver = false;
  const crowd = { open: new Set(), refused: 0 };
  const comers = Array.from({ length: CROWD }, (_, i) => (async () => {
    const socket = await connectTls(gateway.publicPort, { localAddress: `127.0.1.${1 + i % 32}` });
    if (isOver) return socket.destroy();
    crowd.open.add(socket);
    return undefined;
  })().catch(() => ++crowd.refused));
  await eventually(() => crowd.open.size > 90, { what: 'the crowd is there' });
  const provider = new Provider(owed, payments, { perSecond: 50, width: 8 }).start();
  for (let i = 0; i < 20; ++i) {
    assert.equal(await page(), 200, 'who has a connection is served');
    assert.equal(await operators('/readyz'), 200);
    assert.equal(await operators('/metrics'), 200);
    assert.equal((await request(`https://localhost:${gateway.privatePort}/api/v1/invoices?number=x`, { ca: readFileSync(gateway.settings.private.certificate) })).status, 401);
  }
  t.diagnostic(`${crowd.open.size} of ${CROWD} inside, ${mostFiles()} of ${DESCRIPTORS} descriptors`);
  assert.ok(crowd.open.size < DESCRIPTORS);

  isOver = true;
  const left = performance.now();
  crowd.open.forEach((socket) => socket.destroy());
  await eventually(async () => (await request(link, { ca: owed.caText })).status === 200, { what: 'newcomers are served' });
  assert.ok(performance.now() - left < CLEAR_MS_MAX, `${Math.round(performance.now() - left)} ms`);
  await Promise.all(comers);
  await provider.finish();
  agent.destroy();
  await provider.assertBooked();
  assert.deepEqual(gateway.processes(''), family, 'no process was started again');
});

test('fewer descriptors than it needs are refused at start and by check, with the number', async () => {
  const gateway = await makeGateway();
  gateway.under = ['prlimit', `--nofile=${DESCRIPTORS - 1}`];
  atEnd(() => gateway.end());
  await assert.rejects(gateway.start(), /may open 255 files, 256 are needed/);
  assert.equal(gateway.child.exitCode, 1);
  const [program, ...args] = [...gateway.under, dunlin, 'check', '--settings', path.join(gateway.dir, 'dunlin.yaml')];
  const { status, stdout } = spawnSync(program, args, { encoding: 'utf8' });
  assert.equal(status, 1);
  assert.match(stdout, /refusal: a process may open 255 files, 256 are needed/);
});
