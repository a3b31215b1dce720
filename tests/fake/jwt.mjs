// JSON Web Tokens as the services check them, with Node's own cryptography: nothing of the code
// under test is used. ES256 signatures must be in JOSE form (64 octets), not DER.
import crypto from 'node:crypto';

const part = /^[A-Za-z0-9_-]+$/;

// { header, claims } or undefined when it is no token or the signature is not of that key.
// `keyOf(header)` gives the public key, or undefined.
export function verify(token, algorithm, keyOf) {
  const parts = token.split('.');
  if (parts.length !== 3 || !parts.every((text) => part.test(text))) return undefined;
  let header, claims;
  try {
    header = JSON.parse(Buffer.from(parts[0], 'base64url'));
    claims = JSON.parse(Buffer.from(parts[1], 'base64url'));
  } catch {
    return undefined;
  }
  const signature = Buffer.from(parts[2], 'base64url');
  const key = header.alg === algorithm ? keyOf(header) : undefined;
  if (!key || (algorithm === 'ES256' && signature.length !== 64)) return undefined;
  const isGood = crypto.verify('sha256', Buffer.from(`${parts[0]}.${parts[1]}`),
    { key, dsaEncoding: 'ieee-p1363' }, signature);
  return isGood ? { header, claims } : undefined;
}

// For tests of the fakes themselves.
export function sign(header, claims, privateKey) {
  const text = [header, claims].map((json) => Buffer.from(JSON.stringify(json)).toString('base64url')).join('.');
  const signature = crypto.sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}
