// Connections that stay open after a body because its sender was proved: the framing probes again,
// this time with a good signature or a good key in front.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { message, sign } from '../support/callbacks.mjs';
import { startDemo } from '../support/demo.mjs';
import { connectTls, exchangeOn } from '../support/gateway.mjs';

const demo = await startDemo();

const body = () => message('paid', { id: 'p1', reference: 'unknown', movement: 'm1', amount_minor: 100, currency: 'PLN' });
const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n';

function head(framing, headers) {
    const path = new URL(demo.sandbox.callback).pathname;
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('');
    return `POST ${path} HTTP/1.1\r\nHost: localhost\r\n${lines}${framing}\r\n`;
}

const send = async (bytes) => exchangeOn(
    await connectTls(Number(new URL(demo.sandbox.callback).port)), bytes, { quietMs: 1500 });
const chunked = (text) => `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`;

test('signed callbacks share a connection', async () => {
    const one = body(), two = body();
    const exchange = await send(head(`Content-Length: ${one.length}\r\n`, sign(demo.sandbox.secret, one)) + one +
        head(`Content-Length: ${two.length}\r\nConnection: close\r\n`, sign(demo.sandbox.secret, two)) + two);
    assert.deepEqual(exchange.answers.map((answer) => answer.status), [200, 200], exchange.text);
    assert.equal(exchange.answers[0].headers.connection, 'keep-alive');
});

test('a forged callback closes its connection', async () => {
    const text = body();
    const headers = { ...sign(demo.sandbox.secret, text), 'webhook-signature': `v1,${Buffer.alloc(32).toString('base64')}` };
    const exchange = await send(head(`Content-Length: ${text.length}\r\n`, headers) + text + smuggled);
    assert.deepEqual(exchange.answers.map((answer) => answer.status), [401], exchange.text);
    assert.ok(exchange.isClosed);
});

const ambiguous = {
    'a length beside a transfer coding': (text) => [`Content-Length: ${text.length}\r\nTransfer-Encoding: chunked\r\n`, chunked(text)],
    'a transfer coding before a length': (text) => [`Transfer-Encoding: chunked\r\nContent-Length: ${text.length}\r\n`, chunked(text)],
    'two lengths alike': (text) => [`Content-Length: ${text.length}\r\nContent-Length: ${text.length}\r\n`, text],
    'two lengths, the second longer': (text) => [`Content-Length: ${text.length}\r\nContent-Length: ${text.length + smuggled.length}\r\n`, text],
    'a folded line': (text) => [`Content-Length: ${text.length}\r\n Transfer-Encoding: chunked\r\n`, text],
    'two hosts': (text) => [`Content-Length: ${text.length}\r\nHost: other\r\n`, text],
};
for (const [name, make] of Object.entries(ambiguous))
    test(`a good signature does not help ${name}`, async () => {
        const text = body(), [framing, bytes] = make(text);
        const exchange = await send(head(framing, sign(demo.sandbox.secret, text)) + bytes + smuggled);
        assert.equal(exchange.answers.length, 1, exchange.text);
        assert.equal(exchange.answers[0].status, 400, exchange.text);
        assert.ok(exchange.isClosed);
    });

const lenient = {
    'a chunked body': chunked,
    'a chunk with an extension': (text) => `${text.length.toString(16)};a=b\r\n${text}\r\n0\r\n\r\n`,
    'a chunk size with zeros in front': (text) => `000${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`,
    'a chunked body with a trailer': (text) => `${text.length.toString(16)}\r\n${text}\r\n0\r\nContent-Length: 5\r\n\r\n`,
};
for (const [name, make] of Object.entries(lenient))
    test(`${name} is read, and its connection closes although it is signed`, async () => {
        const text = body();
        const exchange = await send(head('Transfer-Encoding: chunked\r\n', sign(demo.sandbox.secret, text)) + make(text) + smuggled);
        assert.deepEqual(exchange.answers.map((answer) => answer.status), [200], exchange.text);
        assert.ok(exchange.isClosed);
    });

test('a chunk size written 0x… gets no second answer', async () => {
    const text = body();
    const exchange = await send(head('Transfer-Encoding: chunked\r\n', sign(demo.sandbox.secret, text)) +
        `0x${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n${smuggled}`);
    assert.equal(exchange.answers.length, 1, exchange.text);
    assert.notEqual(exchange.answers[0].status, 200);
    assert.ok(exchange.isClosed);
});

test('a good API key keeps its connection, a wrong one does not', async () => {
    const port = Number(new URL(demo.api).port);
    const ask = (key, more = '') => `DELETE /api/v1/imports/nothing HTTP/1.1\r\nHost: localhost\r\n` +
        `Authorization: Bearer ${key}\r\nTus-Resumable: 1.0.0\r\nContent-Length: 2\r\n${more}\r\n{}`;
    const good = await exchangeOn(await connectTls(port), ask(demo.api_key) + ask(demo.api_key, 'Connection: close\r\n'));
    assert.equal(good.answers.length, 2, good.text);
    assert.ok(good.answers.every((answer) => ![401, 403].includes(answer.status)), good.text);
    const wrong = await exchangeOn(await connectTls(port), ask(`${demo.api_key.slice(0, -1)}_`) + smuggled);
    assert.deepEqual(wrong.answers.map((answer) => answer.status), [401], wrong.text);
    assert.match(wrong.answers[0].headers['www-authenticate'], /^Bearer/);
    const other = demo.api_key.endsWith('0') ? '1' : '0';
    const forged = await exchangeOn(await connectTls(port), ask(demo.api_key.slice(0, -1) + other) + smuggled);
    assert.deepEqual(forged.answers.map((answer) => answer.status), [401], forged.text);
});

test('a revoked key is dead within a second', async () => {
    const [{ id }] = await demo.query(`select key_id as id from api_key where revoked_at is null and key_id = '${demo.api_key.split('_')[1]}'`);
    const ask = async () => (await demo.get(`${demo.api}/api/v1/imports`, { headers: { authorization: `Bearer ${demo.api_key}` } })).status;
    assert.equal(await ask(), 200);
    await demo.execute(`update api_key set revoked_at = now() where key_id = '${id}'`);
    const revokedAt = Date.now();
    let status;
    do
        status = await ask();
    while (status === 200 && Date.now() - revokedAt < 3000);
    assert.equal(status, 401);
    assert.ok(Date.now() - revokedAt < 1500, `${Date.now() - revokedAt} ms`);
});
