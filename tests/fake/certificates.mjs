// Authorities, certificates and keys for the fakes, made when the test runs and gone with its
// folder: servers' ones by certs/make, the rest by openssl.
import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const make = new URL('../../certs/make', import.meta.url).pathname;
const topicsOid = '1.2.840.113635.100.6.3.6';

const openssl = (folder, ...args) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });

// { ca (file), cert, key (texts for Node) } for the hosts, of one authority a folder.
export function serverCertificate(folder, ...hosts) {
  execFileSync(make, [folder, ...(hosts.length > 0 ? hosts : ['localhost', '127.0.0.1'])], { stdio: 'pipe' });
  return {
    ca: path.join(folder, 'ca.pem'),
    cert: readFileSync(path.join(folder, 'leaf.pem')),
    key: readFileSync(path.join(folder, 'leaf.key')),
  };
}

// The same, but over since yesterday.
export function expiredCertificate(folder) {
  const good = serverCertificate(folder);
  writeFileSync(path.join(folder, 'expired.cnf'), `[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\nnew_certs_dir=.\n` +
    `default_md=sha256\npolicy=p\nrand_serial=yes\nx509_extensions=e\n[p]\ncommonName=supplied\n` +
    `[e]\nsubjectAltName=DNS:localhost,IP:127.0.0.1\n`);
  writeFileSync(path.join(folder, 'index.txt'), '');
  openssl(folder, 'req', '-new', '-key', 'leaf.key', '-subj', '/CN=localhost', '-out', 'expired.csr');
  openssl(folder, 'ca', '-batch', '-notext', '-config', 'expired.cnf', '-cert', 'ca.pem', '-keyfile', 'ca.key',
    '-startdate', '20200101000000Z', '-enddate', '20200201000000Z', '-in', 'expired.csr', '-out', 'expired.pem');
  return { ...good, cert: readFileSync(path.join(folder, 'expired.pem')) };
}

// A client certificate as Apple issues it for an app, the topics in Apple's extension: a sequence
// of pairs, the topic and the kinds of it. Returns { cert, key } as files.
export function appCertificate(folder, topics, name = 'app') {
  const lines = topics.flatMap((topic, i) => [`t${i}=UTF8:${topic}`, `k${i}=SEQUENCE:kinds`]).join('\n');
  writeFileSync(path.join(folder, `${name}.ext`), `[e]\nextendedKeyUsage=clientAuth\n` +
    `${topics.length > 0 ? `${topicsOid}=ASN1:SEQUENCE:topics\n` : ''}[topics]\n${lines}\n[kinds]\nk=UTF8:app\n`);
  openssl(folder, 'genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', `${name}.key`);
  openssl(folder, 'req', '-new', '-key', `${name}.key`, '-subj', `/UID=${topics[0] ?? 'none'}/CN=${name}`,
    '-out', `${name}.csr`);
  openssl(folder, 'x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-sha256',
    '-set_serial', `0x${crypto.randomBytes(8).toString('hex')}`, '-days', '30', '-extfile', `${name}.ext`,
    '-extensions', 'e', '-out', `${name}.pem`);
  return { cert: path.join(folder, `${name}.pem`), key: path.join(folder, `${name}.key`) };
}

// A DER element at `at`: its content and where the next one begins.
function element(der, at) {
  let length = der[at + 1], from = at + 2;
  if (length >= 0x80) {
    const octets = length & 0x7f;
    length = der.readUIntBE(from, octets);
    from += octets;
  }
  return { tag: der[at], content: der.subarray(from, from + length), next: from + length };
}

// The topics that a certificate (X509Certificate) may push to; none when it is not an app's.
export function topicsOfCertificate(certificate) {
  const oid = Buffer.from('060a2a864886f76364060306', 'hex');
  const at = certificate.raw.indexOf(oid);
  if (at < 0) return [];
  const octets = element(certificate.raw, at + oid.length);
  const list = element(octets.content, 0).content;
  const topics = [];
  for (let i = 0; i < list.length; ) {
    const { tag, content, next } = element(list, i);
    if (tag === 0x0c) topics.push(content.toString());
    i = next;
  }
  return topics;
}

// A .p8 file as Apple's portal gives it, and the public half.
export function providerKey(folder, name = 'AuthKey') {
  const { publicKey, privateKey } = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const file = path.join(folder, `${name}.p8`);
  writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  return { file, publicKey, privateKey };
}

// A service account's file as Google's console gives it, and the public half.
export function serviceAccount(folder, fields, name = 'account') {
  const { publicKey, privateKey } = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
  const account = {
    type: 'service_account',
    project_id: 'bank-example',
    private_key_id: crypto.randomBytes(20).toString('hex'),
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    client_email: 'push@bank-example.iam.gserviceaccount.com',
    ...fields,
  };
  const file = path.join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify(account), { mode: 0o600 });
  return { file, account, publicKey, privateKey };
}
