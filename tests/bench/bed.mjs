// What the benchmarks lie on: a Dunlin with its shipped limits and a private database of 100,000
// invoices, and beside it the static handler of the same listener.
import { spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { descendants, freePorts, postgresPrograms, query } from '../support/local.mjs';
import { eventually } from '../support/eventually.mjs';
import { request } from '../support/https.mjs';
import { Issuer } from '../fake/tpay.mjs';
import { writeRows } from './import_rows.mjs';
import { run } from './measure.mjs';
import { merchants } from './merchants.mjs';
import { Providers } from './providers.mjs';

export const build = process.env.BENCH_BUILD ?? 'build-bench';
const invoiceCount = 100000;
const tomorrow = new Date(Date.now() + 86400000).toISOString().slice(0, 10);

async function firstLine(child) {
    let text = '';
    for await (const bytes of child.stdout) {
        text += bytes;
        if (text.includes('\n'))
            return text.slice(0, text.indexOf('\n'));
    }
    throw new Error('a server ended before it was ready');
}

export async function endChild(child) {
    if (child === undefined || child.exitCode !== null)
        return;
    child.kill('SIGTERM');
    await once(child, 'exit');
}

class Bed {
    async start() {
        this.dir = mkdtempSync(path.join(tmpdir(), 'dunlin-bench-'));
        chmodSync(this.dir, 0o755);
        const csv = path.join(this.dir, 'invoices.csv');
        // Issued tomorrow: no reminder falls due while we measure.
        writeRows(csv, invoiceCount, 1, { issued: tomorrow });
        const port = await freePorts(5);
        this.publicOrigin = `https://localhost:${port}`;
        this.staticOrigin = `https://localhost:${port + 4}`;
        this.operators = `http://127.0.0.1:${port + 2}`;
        this.data = path.join(this.dir, 'data');
        await this.makeCertificate();
        this.providers = new Providers();
        await this.providers.start(port + 3, this);
        const settings = this.writeSettings(port);
        await run(`${build}/dunlin`, ['import', csv, '--settings', settings]);
        this.server = spawn(`${build}/dunlin`, ['serve', '--settings', settings],
            { stdio: ['ignore', 'ignore', openSync(this.file('log'), 'w')] });
        await eventually(async () => (await request(`${this.operators}/readyz`)).status === 200,
            { what: 'the gateway', within: 60000 });
        [this.appConninfo, this.ownerConninfo] =
            readFileSync(path.join(this.data, 'database.conninfo'), 'utf8').trim().split('\n');
        // What the planner has to do for new debts it does before anything is measured.
        await eventually(async () => (await this.query('select count(*)::int as left from invoice where needs_plan'))[0].left === 0,
            { what: 'all debts are planned', within: 120000, every: 200 });
        await this.writePaths();
        await this.psql(['-c', 'vacuum analyze']);
    }

    async makeCertificate() {
        [this.certificate, this.key] = [this.file('localhost.pem'), this.file('localhost.key')];
        await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
            '-nodes', '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost',
            '-keyout', this.key, '-out', this.certificate]);
        this.ca = readFileSync(this.certificate);
    }

    // What callbacks are signed with, as sign_callbacks.mjs takes it.
    makeSecrets() {
        const secret = () => `whsec_${randomBytes(32).toString('base64')}`;
        const { privateKey, publicKey } = generateKeyPairSync('ed25519');
        const issuer = new Issuer(this.dir, 'tpay-root'), leaf = issuer.issue('tpay-leaf');
        chmodSync(this.file('tpay-root.pem'), 0o600);
        this.providers.pem = leaf.pem;
        this.publicKey = `whpk_${publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64')}`;
        this.tpayCode = randomBytes(8).toString('hex');
        this.secrets = { sandbox: secret(), standard: secret(), stripe: secret(), payu: randomBytes(16).toString('hex'),
            przelewy24: randomBytes(8).toString('hex'), adyen: randomBytes(32).toString('hex'),
            tpay: JSON.stringify({ code: this.tpayCode, key: leaf.key, x5u: this.providers.certificateUrl }),
            standard_v1a: privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64') };
    }

    // An entry of `providers:`. All of them are at one place, where none of their doors is open but those of
    // providers.mjs.
    providerEntry(name, path, more) {
        const secretFile = this.file(`${name}.secret`), merchant = merchants[name];
        writeFileSync(secretFile, name === 'tpay' ? this.tpayCode : this.secrets[name], { mode: 0o600 });
        return `  - provider: ${name}
    environment: test
    api_url: "${this.providers.origin}${path}"
    start_origin: "${this.providers.origin}"
    ca_file: "${this.certificate}"
    secret_files: ["${secretFile}"]
    api_key_file: "${this.file('api.key')}"
${merchant === undefined ? '' : `    merchant: "${merchant}"\n    client_id: "${merchant}"\n`}${more}`;
    }

    // What has no default: addresses, certificate, creditor, and a provider that signs callbacks. The others
    // call back too; they take euros alone, so that the page is that of one provider.
    writeSettings(port) {
        this.makeSecrets();
        writeFileSync(this.file('api.key'), randomBytes(16).toString('hex'), { mode: 0o600 });
        const special = {
            standard: `    public_keys: ["${this.publicKey}"]\n`,
            tpay: `    certificate_url: "${this.providers.certificateUrl}"\n    root_file: "${this.file('tpay-root.pem')}"\n`,
        };
        const others = ['standard', 'stripe', 'payu', 'przelewy24', 'tpay', 'adyen'].map((name) =>
            this.providerEntry(name, '', `    currencies: ["EUR"]\n${special[name] ?? ''}`)).join('');
        const listener = (at) => `  listen: "127.0.0.1:${at}"\n  url: "https://localhost:${at}"\n` +
            `  certificate: "${this.certificate}"\n  key: "${this.key}"\n`;
        writeFileSync(this.file('dunlin.yaml'), `data_dir: "${this.data}"
public:
${listener(port)}private:
${listener(port + 1)}operators:
  listen: "127.0.0.1:${port + 2}"
creditor:
  name: "Pożyczki Przykładowe SA"
  phone: "+48 990 000 000"
  email: "platnosci@example.com"
  website: "https://www.example.com"
  account: "PL61109010140000071219812874"
providers:
${this.providerEntry('sandbox', '/bank/api', '')}${others}`);
        return this.file('dunlin.yaml');
    }

    file(name) {
        return path.join(this.dir, name);
    }

    psql(args, conninfo = this.ownerConninfo) {
        return run(`${postgresPrograms()}/psql`, ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', conninfo, ...args]);
    }

    query(sql) {
        return query(this.ownerConninfo, sql);
    }

    // "customer number" lines to codes of links or references of payments.
    seal(purpose, lines) {
        return run(`${build}/tests/bench_codes`, [path.join(this.data, 'link.keys'), purpose],
            { input: lines });
    }

    async writePaths() {
        const links = await this.psql(['-At', '-F', ' ', '-c',
            'select customer_id, link_no from paylink order by md5(customer_id::text)']);
        const codes = await this.seal('paylink', links);
        this.paths = this.file('paths');
        writeFileSync(this.paths, codes.replace(/^/gm, '/').replace(/\/$/, ''));
        this.forgedPaths = this.file('forged');
        const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
        const code = () => Array.from({ length: 18 },
            (_, i) => digits[Math.floor(Math.random() * (i === 0 ? 54 : 62))]).join('');
        writeFileSync(this.forgedPaths, Array.from({ length: 50000 }, () => `/${code()}\n`).join(''));
    }

    async fetchPage(file) {
        const where = readFileSync(file, 'utf8').split('\n', 1)[0];
        return (await request(this.publicOrigin + where, { ca: this.ca })).body;
    }

    samplePage() {
        return this.fetchPage(this.paths);
    }

    forgedPage() {
        return this.fetchPage(this.forgedPaths);
    }

    async staticServes(bytes) {
        await endChild(this.static);
        const body = this.file('static.body');
        writeFileSync(body, bytes);
        this.static = spawn(`${build}/tests/bench_static`, [new URL(this.staticOrigin).port,
            this.certificate, this.key, this.file('static.tickets'), body, String(this.httpPids().length)],
        { stdio: ['ignore', 'pipe', 'inherit'] });
        await firstLine(this.static);
    }

    httpPids() {
        return descendants(this.server.pid).filter((pid) => {
            try {
                return /dunlin: http/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
            } catch {
                return false;
            }
        });
    }

    // The counters of one side, by name.
    async metrics(origin) {
        const answer = origin === this.publicOrigin
            ? await request(`${this.operators}/metrics`)
            : await request(`${origin}/metrics/now`, { ca: this.ca });
        return Object.fromEntries(String(answer.body).split('\n')
            .filter((line) => line && !line.startsWith('#'))
            .map((line) => [line.split(' ')[0], Number(line.split(' ')[1])]));
    }

    async end() {
        await endChild(this.static);
        await endChild(this.server);
        this.providers?.end();
        rmSync(this.dir, { recursive: true, force: true, maxRetries: 5 });
    }
}

export async function startBed() {
    const bed = new Bed();
    try {
        await bed.start();
    } catch (error) {
        await bed.end();
        throw error;
    }
    return bed;
}
