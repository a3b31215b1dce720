// Clients that go away while the database works for them: their connection is cut at every stage,
// the database is frozen so that their query is surely in flight, and then it answers nobody.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { test } from 'node:test';

import { message, sign } from '../support/callbacks.mjs';
import { descendants, eventually, startDemo } from '../support/demo.mjs';
import { connectTls } from '../support/gateway.mjs';
import { about, assertBooksBalance, ledgerOf, makePayments } from '../support/money.mjs';

const demo = await startDemo();
const publicPort = demo.port, privatePort = demo.port + 1;
const nameOf = (pid) => {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return '';
  }
};
const postgres = () => descendants(demo.pid).filter((pid) => nameOf(pid) === 'postgres');
const workers = () => descendants(demo.pid).filter((pid) => /^http/.test(nameOf(pid)));
const signalAll = (pids, signal) => pids.forEach((pid) => process.kill(pid, signal));

const http = (method, where, headers = {}, body = '') => {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const length = method === 'GET' ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
  return `${method} ${where} HTTP/1.1\r\nHost: localhost\r\n${lines}${length}\r\n${body}`;
};
const paths = demo.links.map((link) => new URL(link).pathname);
const form = async (where) => {
  const { text } = await demo.get(new URL(where, demo.url));
  return new URLSearchParams({ token: /name="token" value="([^"]+)"/.exec(text)[1], method: 'redirect',
    amount: /name="amount" value="(\d+)"/.exec(text)[1] }).toString();
};
const bearer = { authorization: `Bearer ${demo.api_key}` };

const payments = await makePayments(demo, 30, 'vn');
const callbacks = payments.map((payment) => {
  const body = message('paid', about(payment)), id = `msg_${payment.id}`;
  return { id, payment, bytes: http('POST', '/callbacks/sandbox', sign(demo.sandbox.secret, body, { id }), body) };
});
const forms = [await form(paths[0]), await form(paths[1])];
const formHeaders = { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' };
const requests = [
  ...paths.map((where) => [publicPort, http('GET', where)]),
  ...paths.map((where) => [publicPort, http('GET', `${where}/qr.svg`)]),
  [publicPort, http('GET', paths[0]) + http('GET', paths[1])], // the second waits for the first
  ...forms.map((body, i) => [publicPort, http('POST', `${paths[i]}/payments`, formHeaders, body)]),
  ...callbacks.map(({ bytes }) => [publicPort, bytes]),
  ...['/api/v1/imports', '/api/v1/callbacks?state=parked', '/api/v1/invoices?number=x', '/api/v1/invoices/1']
    .map((where) => [privatePort, http('GET', where, bearer)]),
  [privatePort, http('POST', '/api/v1/paylinks', { ...bearer, 'content-type': 'application/json' }, '{"invoice":"1"}')],
  [privatePort, http('POST', '/api/v1/imports', { ...bearer, 'tus-resumable': '1.0.0', 'upload-length': '100' })],
];

async function connect(port) {
  const wire = net.connect(port, '127.0.0.1').on('error', () => {});
  const socket = await connectTls(port, { socket: wire });
  socket.wire = wire;
  return socket;
}

// How a client goes: politely, at once, or by a reset.
const ends = [
  (socket) => socket.end(),
  (socket) => socket.destroy(),
  (socket) => socket.wire.resetAndDestroy(),
];

test('clients gone with their query in flight harm nothing, and what they brought is kept or not at all', async () => {
  const before = workers();
  assert.equal(before.length, 2);
  for (let round = 0; round < ends.length; ++round) {
    const sockets = await Promise.all(requests.map(([port]) => connect(port)));
    signalAll(postgres(), 'SIGSTOP');
    try {
      await Promise.all(requests.map(([, bytes], i) => new Promise((resolve) => sockets[i].write(bytes, resolve))));
      // A forged link costs no query: when it is answered over each worker, the requests before it were read.
      for (let i = 0; i < 8; ++i)
        assert.equal((await demo.get(new URL('/aaaaaaaaaaaaaaaaaa', demo.url))).status, 404);
      sockets.forEach((socket, i) => ends[(i + round) % ends.length](socket));
      await eventually(() => sockets.every((socket) => socket.destroyed || socket.wire.destroyed || socket.writableEnded));
    } finally {
      signalAll(postgres(), 'SIGCONT');
    }
    await eventually(async () => (await demo.get(demo.links[0])).status === 200, { what: 'the page is back' });
    sockets.forEach((socket) => socket.destroy());
  }
  for (const { id, bytes, payment } of callbacks) {
    await eventually(async () => {
      const socket = await connectTls(publicPort);
      const first = await new Promise((resolve) => {
        socket.once('data', (data) => resolve(data.toString('latin1', 9, 12)));
        socket.once('close', () => resolve(''));
        socket.write(bytes);
      });
      socket.destroy();
      return first === '200';
    }, { what: `${id} is taken at last` });
    assert.deepEqual(await ledgerOf(demo, payment), [`payment -${payment.amount_minor}`]);
  }
  await assertBooksBalance(demo);
  assert.deepEqual(workers(), before, demo.log.slice(-20).join('\n'));
});

test('clients cut after any byte of their request harm nothing', async () => {
  const before = workers();
  for (let round = 0; round < 4; ++round)
    await Promise.all(requests.map(async ([port, bytes], i) => {
      const socket = await connect(port);
      const cut = Math.floor(Math.random() * (bytes.length + 1));
      await new Promise((resolve) => socket.write(bytes.slice(0, cut), resolve));
      ends[(i + round) % ends.length](socket);
    }));
  assert.equal((await demo.get(demo.links[0])).status, 200);
  assert.deepEqual(workers(), before);
  await assertBooksBalance(demo);
  assert.equal(await demo.stop(), 0);
});
