// The bank's own server, which signs tokens for its customers' apps and publishes its keys as a JWK
// set over HTTPS; and the ways in which it can fail to.
import { createSign, generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import https from 'node:https';

const base64url = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

export const signatureOf = {
  ES256: (key, text) => sign('sha256', text, { key, dsaEncoding: 'ieee-p1363' }),
  RS256: (key, text) => createSign('sha256').update(text).sign(key),
  PS256: (key, text) => sign('sha256', text, { key, padding: 6, saltLength: 32 }),
};

export function makeKey(algorithm, kid) {
  const { publicKey, privateKey } = algorithm === 'ES256'
    ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
    : generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    algorithm, kid, privateKey, publicKey,
    jwk: { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: algorithm },
    pem: publicKey.export({ type: 'spki', format: 'pem' }),
  };
}

// `header` and `claims` are text where they are to be odd.
export function tokenBy(key, claims = {}, header = {}) {
  const now = Math.floor(Date.now() / 1000);
  const all = typeof claims === 'string' ? claims
    : { iss: 'https://bank.example', aud: 'dunlin', sub: 'K-1', iat: now, exp: now + 300, ...claims };
  const head = typeof header === 'string' ? header : { alg: key.algorithm, kid: key.kid, ...header };
  const text = `${base64url(head)}.${base64url(all)}`;
  return `${text}.${signatureOf[key.algorithm](key.privateKey, Buffer.from(text)).toString('base64url')}`;
}

// `bank.keys` is what it publishes, `bank.answer` how; `bank.asked` counts. An answer is a function
// (request, response) that may do anything.
export async function startBank({ certificate, key }) {
  const bank = { keys: [], asked: 0, open: new Set() };
  bank.publish = (request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ keys: bank.keys.map(({ jwk }) => jwk) }));
  };
  bank.answer = bank.publish;
  const server = https.createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (request, response) => {
    ++bank.asked;
    bank.answer(request, response);
  });
  server.on('connection', (socket) => {
    bank.open.add(socket);
    socket.on('error', () => {}).on('close', () => bank.open.delete(socket));
  });
  server.on('tlsClientError', () => { ++bank.asked; });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  bank.port = server.address().port;
  bank.url = `https://localhost:${bank.port}/jwks.json`;
  bank.stop = () => new Promise((resolve) => {
    server.close(resolve);
    for (const socket of bank.open) socket.destroy();
  });
  bank.start = () => new Promise((resolve) => server.listen(bank.port, '127.0.0.1', resolve));
  return bank;
}
