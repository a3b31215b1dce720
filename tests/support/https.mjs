// One HTTP or HTTPS request with the certificates to trust, as plain as can be: no redirects
// followed, no cookies, headers as sent. Node's fetch cannot be given a certificate.
import http from 'node:http';
import https from 'node:https';

// Returns { status, headers, rawHeaders, body (Buffer), text, json() }.
export function request(url, { method = 'GET', headers = {}, body, ca, agent, timeout = 20000 } = {}) {
  const target = new URL(url);
  const client = target.protocol === 'https:' ? https : http;
  return new Promise((resolve, reject) => {
    const outgoing = client.request(target, { method, headers, ca, agent, timeout }, (incoming) => {
      const parts = [];
      incoming.on('data', (part) => parts.push(part));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const bytes = Buffer.concat(parts);
        resolve({
          status: incoming.statusCode,
          headers: incoming.headers,
          rawHeaders: incoming.rawHeaders,
          body: bytes,
          text: bytes.toString('utf8'),
          json: () => JSON.parse(bytes.toString('utf8')),
        });
      });
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`${method} ${url} timed out`)));
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

// A form as a browser posts it: same origin, under no-referrer.
export function postForm(url, fields, options = {}) {
  return request(url, {
    ...options,
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'sec-fetch-site': 'same-origin',
      origin: 'null',
      ...options.headers,
    },
    body: new URLSearchParams(fields).toString(),
  });
}

export function keepAliveAgent(ca, options = {}) {
  return new https.Agent({ keepAlive: true, ca, ...options });
}
