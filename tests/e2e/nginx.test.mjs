// Debian's nginx in front, by the configuration that is shipped: visitors get HTTP/2, Dunlin keeps
// its HTTP/1.1, and nothing of what the listener promises is lost on the way.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import http2 from 'node:http2';
import https from 'node:https';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { atEnd } from '../support/cleanup.mjs';
import { freePorts, temporaryFolder } from '../support/demo.mjs';
import { eventually } from '../support/eventually.mjs';
import { makeCertificate, startGateway } from '../support/gateway.mjs';

const folder = temporaryFolder();
let gateway, front, mirrorFront, seen;

function configure(name, port, upstreamPort, upstreamCa, certificate) {
  let text = readFileSync(new URL('../../docs/nginx.conf', import.meta.url), 'utf8');
  const values = {
    DUNLIN_PORT: upstreamPort,
    NGINX_LISTEN: `127.0.0.1:${port}`,
    'PAY.EXAMPLE.COM': 'localhost',
    CERTIFICATE: certificate.certificate,
    KEY: certificate.key,
    CA: upstreamCa,
  };
  for (const [word, value] of Object.entries(values))
    text = text.replace(new RegExp(`(?<![A-Z_.])${word.replaceAll('.', '\\.')}(?![A-Z_])`, 'g'), value);
  const home = path.join(folder, name);
  mkdirSync(path.join(home, 'tmp'), { recursive: true });
  chmodSync(path.join(home, 'tmp'), 0o777);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((what) => `${what}_temp_path ${home}/tmp/${what};`).join('\n');
  writeFileSync(path.join(home, 'nginx.conf'), `
${process.getuid() === 0 ? 'user root;' : ''}
daemon off;
worker_processes 1;
pid ${home}/nginx.pid;
error_log ${home}/start.log;
events { worker_connections 256; }
http {
${temporary}
${text}
}
`);
  return home;
}

async function startNginx(name, ...values) {
  const home = configure(name, ...values);
  const child = spawn('nginx', ['-p', home, '-c', path.join(home, 'nginx.conf')], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
  });
  let complaints = '';
  child.stderr.on('data', (part) => { complaints += part; });
  atEnd(async () => {
    if (child.exitCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  });
  const [port] = values;
  await eventually(async () => {
    assert.equal(child.exitCode, null, complaints);
    const session = http2.connect(`https://localhost:${port}`, { rejectUnauthorized: false });
    try {
      await once(session, 'connect');
      return true;
    } finally {
      session.destroy();
    }
  }, { what: `nginx (${name}) answers` });
  return port;
}

// A server behind another nginx that only writes down what arrives.
async function startMirror(certificate) {
  const server = https.createServer({
    cert: readFileSync(certificate.certificate),
    key: readFileSync(certificate.key),
  }, (request, response) => {
    seen = request.headers;
    request.resume();
    response.end('seen');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(() => server.close());
  return server.address().port;
}

before(async () => {
  const certificate = makeCertificate(folder, 'front');
  gateway = await startGateway({
    trusted_proxy: { addresses: ['127.0.0.1'], header: 'x-real-ip' },
  });
  const port = await freePorts();
  const mirrored = makeCertificate(folder, 'mirror');
  front = await startNginx('front', port, gateway.publicPort, gateway.settings.public.certificate, certificate);
  mirrorFront = await startNginx('mirror', port + 1, await startMirror(mirrored), mirrored.certificate, certificate);
});
after(() => gateway.end());

async function ask(port, headers, body) {
  const session = http2.connect(`https://localhost:${port}`, { rejectUnauthorized: false });
  try {
    const stream = session.request(headers, { endStream: body === undefined });
    if (body !== undefined) stream.end(body);
    const [answer] = await once(stream, 'response');
    const parts = [];
    for await (const part of stream) parts.push(part);
    return { status: answer[':status'], headers: answer, text: Buffer.concat(parts).toString('utf8') };
  } finally {
    session.close();
  }
}

test('a visitor is served over HTTP/2 with the listener’s own headers', async () => {
  const answer = await ask(front, { ':path': '/AAAAAAAAAAAAAAAAAA' });
  assert.equal(answer.status, 404);
  assert.equal(answer.headers['cache-control'], 'no-store');
  assert.match(answer.headers['content-security-policy'], /default-src 'none'/);
  assert.equal(answer.headers['referrer-policy'], 'no-referrer');
  assert.equal(answer.headers['x-content-type-options'], 'nosniff');
  assert.equal(answer.headers['content-encoding'], undefined);
});

test('many visits share connections that stay open', async () => {
  for (let i = 0; i < 50; ++i) {
    const answer = await ask(front, { ':path': '/AAAAAAAAAAAAAAAAAA' });
    assert.equal(answer.status, 404);
  }
});

test('a callback without a good signature is refused through it as well', async () => {
  const answer = await ask(front, {
    ':method': 'POST', ':path': '/callbacks/sandbox', 'content-type': 'application/json',
  }, '{}');
  assert.ok([401, 404].includes(answer.status), String(answer.status));
});

test('a body past the limit ends at nginx', async () => {
  const answer = await ask(front, {
    ':method': 'POST', ':path': '/callbacks/sandbox', 'content-length': String(64 * 1024 + 1),
  }, Buffer.alloc(64 * 1024 + 1)).catch((error) => ({ status: error.code }));
  assert.ok(answer.status === 413 || answer.status === 'ERR_HTTP2_STREAM_ERROR', String(answer.status));
});

test('the address that counts is the visitor’s, whatever the visitor says', async () => {
  await ask(mirrorFront, {
    ':path': '/x', 'x-real-ip': '203.0.113.9', 'x-forwarded-for': '203.0.113.9',
  });
  assert.equal(seen['x-real-ip'], '127.0.0.1');
  assert.equal(seen['x-forwarded-for'], undefined);
  assert.equal(seen.host, 'localhost');
});

test('the connection to Dunlin is closed after a body and kept after a GET', async () => {
  await ask(mirrorFront, { ':path': '/x' });
  assert.notEqual(seen.connection, 'close');
  await ask(mirrorFront, { ':method': 'POST', ':path': '/x' }, 'a=b');
  assert.equal(seen.connection, 'close');
});

test('no link is written into a log', async () => {
  await ask(front, { ':path': '/AAAAAAAAAAAAAAAAAA' });
  const log = readFileSync(path.join(folder, 'front', 'start.log'), 'utf8');
  assert.doesNotMatch(log, /AAAAAAAAAAAAAAAAAA/);
  assert.doesNotMatch(gateway.log, /AAAAAAAAAAAAAAAAAA/);
});
