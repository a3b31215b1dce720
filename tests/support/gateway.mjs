// A gateway of its own for one test file: `dunlin serve` on free ports, with its own data folder,
// certificate and (unless DUNLIN_DATABASE_URL is set) its own private database.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import tls from 'node:tls';

import { dunlin, freePorts } from './demo.mjs';
import { eventually } from './eventually.mjs';

// A self-signed certificate for localhost, or for others; `name` tells two of them apart.
export function makeCertificate(dir, name, hosts = 'DNS:localhost,IP:127.0.0.1') {
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
        '-nodes', '-days', '2', '-subj', `/CN=${name}`, '-addext', `subjectAltName=${hosts}`,
        '-keyout', path.join(dir, `${name}.key`), '-out', path.join(dir, `${name}.pem`)], { stdio: 'ignore' });
    return { certificate: path.join(dir, `${name}.pem`), key: path.join(dir, `${name}.key`) };
}

function yaml(value, indent = '') {
    return Object.entries(value).map(([name, inner]) => {
        if (Array.isArray(inner))
            return `${indent}${name}:\n${inner.map((item) => typeof item === 'object' ?
                `${indent}  -\n${yaml(item, `${indent}    `)}` : `${indent}  - ${JSON.stringify(item)}\n`).join('')}`;
        if (typeof inner === 'object')
            return `${indent}${name}:\n${yaml(inner, `${indent}  `)}`;
        return `${indent}${name}: ${JSON.stringify(inner)}\n`;
    }).join('');
}

function merge(base, more) {
    const merged = { ...base };
    for (const [name, value] of Object.entries(more))
        merged[name] = value !== null && typeof value === 'object' && !Array.isArray(value) ?
            merge(base[name] ?? {}, value) : value;
    return merged;
}

function childrenOf(pid) {
    try {
        return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
    } catch {
        return [];
    }
}

function nameOf(pid) {
    try {
        return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
    } catch {
        return '';
    }
}

export class Gateway {
    constructor(dir, settings) {
        this.dir = dir;
        this.settings = settings;
        this.under = []; // a program that runs it, with its arguments: ['prlimit', '--nofile=256']
        this.log = '';
    }

    get publicPort() { return Number(this.settings.public.listen.split(':')[1]); }
    get privatePort() { return Number(this.settings.private.listen.split(':')[1]); }
    get operatorsPort() { return Number(this.settings.operators.listen.split(':')[1]); }
    get pid() { return this.child.pid; }
    get settingsFile() { return path.join(this.dir, 'dunlin.yaml'); }

    writeSettings() {
        writeFileSync(this.settingsFile, yaml(this.settings));
    }

    spawn() {
        this.writeSettings();
        const [program, ...args] = [...this.under, dunlin, 'serve', '--settings', this.settingsFile];
        const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
        child.stderr.setEncoding('utf8').on('data', (text) => {
            this.log += text;
            if (process.env.DUNLIN_TEST_LOG)
                process.stderr.write(text);
        });
        return child;
    }

    async start() {
        this.log = '';
        this.child = this.spawn();
        await eventually(() => this.child.exitCode !== null || this.log.includes('event="ready"'),
            { what: 'the gateway is ready', within: 60000, every: 10 });
        if (this.child.exitCode !== null)
            throw new Error(`dunlin serve ended:\n${this.log}`);
        return this;
    }

    async stop(signal = 'SIGTERM') {
        if (this.child === undefined || this.child.exitCode !== null || this.child.signalCode !== null)
            return this.child?.exitCode;
        this.child.kill(signal);
        await once(this.child, 'exit');
        return this.child.exitCode;
    }

    // Ends it and looks whether a sanitizer has complained.
    async end() {
        await this.stop();
        rmSync(this.dir, { recursive: true, force: true, maxRetries: 3 });
        if (/ERROR: AddressSanitizer|runtime error:|LeakSanitizer/.test(this.log))
            throw new Error(`a sanitizer has spoken:\n${this.log}`);
    }

    // Pids of the children with this name: 'http' finds http0, http1, …
    processes(name) {
        return childrenOf(this.pid).filter((pid) => nameOf(pid).startsWith(name));
    }

    // A command with its settings, that goes well: what it prints.
    command(...args) {
        return execFileSync(dunlin, [...args, '--settings', this.settingsFile],
            { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
    }

    // Of the API, for these scopes.
    makeKey(...scopes) {
        return JSON.parse(this.command('key', 'api', 'make', 'test', ...scopes, '--json')).key;
    }

    linkOf(number) {
        return this.command('link', 'show', number);
    }

    connect(options = {}) {
        return connectTls(this.publicPort, options);
    }

    // Sends raw bytes over a new TLS connection; all that comes back until the peer closes.
    async exchange(bytes, options = {}) {
        const socket = await this.connect(options);
        return exchangeOn(socket, bytes, options);
    }
}

export async function connectTls(port, options = {}) {
    const socket = tls.connect({ host: '127.0.0.1', port, servername: 'localhost',
        rejectUnauthorized: false, ALPNProtocols: ['http/1.1'], ...options });
    socket.on('error', () => {});
    await new Promise((resolve, reject) => {
        socket.once('secureConnect', resolve);
        socket.once('error', reject);
        socket.once('close', () => reject(new Error('closed in the handshake')));
    });
    return socket;
}

// Reads until the peer closes, or for `quietMs` after the last byte when it does not.
export function exchangeOn(socket, bytes, { quietMs = 5000 } = {}) {
    return new Promise((resolve) => {
        let text = '', isClosed = false, timer;
        const done = () => {
            clearTimeout(timer);
            socket.destroy();
            resolve({ text, isClosed, answers: parseAnswers(text) });
        };
        const rest = () => {
            clearTimeout(timer);
            timer = setTimeout(done, quietMs);
        };
        socket.on('data', (data) => { text += data.toString('latin1'); rest(); });
        socket.on('close', () => { isClosed = true; done(); });
        socket.on('end', () => { isClosed = true; });
        rest();
        socket.write(bytes);
    });
}

// Resolves when the socket is closed, however that came.
export function closed(socket) {
    socket.resume();
    return new Promise((resolve) => (socket.destroyed ? resolve() : socket.once('close', resolve)));
}

export function parseAnswers(text) {
    const answers = [];
    let rest = text;
    while (rest.startsWith('HTTP/1.1 ')) {
        const end = rest.indexOf('\r\n\r\n');
        if (end < 0)
            break;
        const [first, ...lines] = rest.slice(0, end).split('\r\n');
        const headers = {};
        for (const line of lines) {
            const colon = line.indexOf(':');
            headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
        }
        const status = Number(first.split(' ')[1]);
        const length = status === 100 ? 0 : Number(headers['content-length'] ?? 0);
        answers.push({ status, headers, body: rest.slice(end + 4, end + 4 + length) });
        rest = rest.slice(end + 4 + length);
    }
    return answers;
}

export async function makeGateway(more = {}) {
    const dir = mkdtempSync(path.join(os.tmpdir(), 'dunlin-test-')), port = await freePorts(4);
    chmodSync(dir, 0o755); // root's database runs as somebody else
    const listener = (name, at) => ({ listen: `127.0.0.1:${at}`, url: `https://localhost:${at}`, ...makeCertificate(dir, name) });
    const settings = merge({
        data_dir: path.join(dir, 'data'),
        workers: 2,
        log_level: 'info',
        public: listener('public', port),
        private: listener('private', port + 1),
        operators: { listen: `127.0.0.1:${port + 2}` },
        ...(more.upload && { upload: listener('upload', port + 3) }),
        creditor: { name: 'Test Bank' },
        // Tests run at any hour; who asks for manners says so.
        reminders: { window_from: '00:00', window_to: '24:00', budget_day: 0, budget_week: 0, budget_30_days: 0, merge: false, usual_factor: 0 },
    }, more);
    return new Gateway(dir, settings);
}

export async function startGateway(more = {}) {
    return (await makeGateway(more)).start();
}
