// A plain HTTP/2 client of Node's, to try the fake push services with.
import http2 from 'node:http2';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

export async function connect(port, { ca, cert, key, settings, host = 'localhost' } = {}) {
  const session = http2.connect(`https://${host}:${port}`, { ca: readFileSync(ca), cert, key, settings });
  session.goaways = [];
  session.on('goaway', (code, last, debug) => session.goaways.push({ code, last, debug: debug?.toString() }));
  session.on('error', () => {});
  await Promise.race([once(session, 'remoteSettings'),
    once(session, 'close').then(() => { throw new Error('closed before SETTINGS'); })]);
  return session;
}

// Resolves with { status, headers, text, json(), resetCode }; status 0 when there was no answer.
export function send(session, path, headers, body = '') {
  return new Promise((resolve) => {
    const stream = session.request({ ':method': 'POST', ':path': path, ...headers });
    const answer = { status: 0, text: '', json: () => JSON.parse(answer.text) };
    stream.setEncoding('utf8');
    stream.on('response', (fields) => Object.assign(answer, { status: fields[':status'], headers: fields }));
    stream.on('data', (part) => { answer.text += part; });
    stream.on('error', (error) => { answer.error = error; });
    stream.on('close', () => resolve(Object.assign(answer, { resetCode: stream.rstCode, id: stream.id })));
    stream.end(body);
  });
}
