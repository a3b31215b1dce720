// Files that customers send with a dispute: the smallest of each kind, tickets as the page signs them,
// and the form as a browser posts it from the page's origin to the listener of files.
import { createHmac, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import path from 'node:path';

const bytes = (...parts) => Buffer.concat(parts.map((part) => Buffer.from(part, 'latin1')));
const meta = '\0\0\0\x0cmeta\0\0\0\0';

export const files = {
  pdf: bytes('%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\nstartxref\n9\n%%EOF\n'),
  jpeg: bytes('\xff\xd8', '\xff\xc0\0\x0b\x08\0\x01\0\x01\x01\x01\x11\0', '\xff\xda\0\x08\x01\x01\0\0\x3f\0\x7f', '\xff\xd9'),
  png: bytes('\x89PNG\r\n\x1a\n', '\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0\x3a\x7e\x9b\x55',
    '\0\0\0\x01IDAT\x78\x01\x02\x03\x04', '\0\0\0\0IEND\xae\x42\x60\x82'),
  webp: bytes('RIFF\x0e\0\0\0WEBPVP8L\x02\0\0\0\x2f\0'),
  heic: bytes('\0\0\0\x18ftypheic\0\0\0\0mif1heic', meta),
  avif: bytes('\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf', meta),
};

// A PDF of exactly so many bytes, unlike any other.
export function pdfOf(size) {
  const head = Buffer.from('%PDF-1.7\n%'), tail = Buffer.from('\nstartxref\n9\n%%EOF\n');
  const filling = randomBytes(Math.ceil((size - head.length - tail.length) * 3 / 4) + 3).toString('base64');
  return Buffer.concat([head, Buffer.from(filling).subarray(0, size - head.length - tail.length), tail]);
}

// As domain/upload_ticket.h says, from the gateway's own key file.
export function ticketOf(gateway, debt, { secondsAgo = 0, nonce = randomBytes(12), dispute = 1 } = {}) {
  const file = readFileSync(path.join(gateway.settings.data_dir, 'link.keys'), 'utf8');
  const [number, master] = file.split('\n').filter((line) => / active$/.test(line)).at(-1).split(' ');
  const head = Buffer.alloc(30), link = Buffer.alloc(12);
  head.writeUIntBE(Math.floor(Date.now() / 1000) - secondsAgo, 0, 5);
  head.writeUInt8(Number(number), 5);
  nonce.copy(head, 6);
  head.writeBigUInt64BE(BigInt(debt.invoice_id), 18);
  head.writeUInt32BE(dispute, 26);
  link.writeBigUInt64BE(BigInt(debt.customer_id), 0);
  link.writeUInt32BE(debt.link_no, 8);
  const subkey = createHmac('sha256', Buffer.from(master, 'hex')).update('dunlin upload mac').digest();
  const mac = createHmac('sha256', subkey).update(head).update(link).digest().subarray(0, 15);
  return Buffer.concat([head, mac]).toString('base64url');
}

// A dispute of each debt, or of those, which waits for its answer.
export function openDisputes(owed, number = 1, which = 'true') {
  return owed.execute(`insert into dispute (customer_id, invoice_id, dispute_no, reason, state, hold_no, opened_at, opened_event, answer_by)
    select customer_id, invoice_id, ${number}, 'already_paid', 'open', 1, now(), 1, current_date + 14 from invoice where ${which}`);
}

export const boundary = '----WebKitFormBoundaryQ7ZkXd0fT2bV9sLm';

export function formOf(file, { name = 'potwierdzenie.pdf', type = 'application/octet-stream', field = 'file' } = {}) {
  return Buffer.concat([
    Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${field}"; filename="${name}"\r\nContent-Type: ${type}\r\n\r\n`),
    file, Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);
}

export const formHeaders = {
  'content-type': `multipart/form-data; boundary=${boundary}`,
  'accept-language': 'en', accept: 'text/html', origin: 'null', 'sec-fetch-site': 'same-site',
};

// Posts a form; what the listener answers, also while the body is still under way.
export function post(gateway, address, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const outgoing = https.request(`${gateway.settings.upload.url}${address}`, {
      method: 'POST', rejectUnauthorized: false, agent: false, timeout: 60000,
      headers: { ...formHeaders, 'content-length': body.length, ...headers },
    }, (incoming) => {
      const parts = [];
      incoming.on('data', (part) => parts.push(part));
      incoming.on('error', reject);
      incoming.on('end', () => resolve({ status: incoming.statusCode, headers: incoming.headers, text: Buffer.concat(parts).toString() }));
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
