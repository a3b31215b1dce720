// A whole Dunlin of the test's own: `dunlin demo` in a temporary folder on free ports, gone when
// the test file is done. Start one a file and share it:
//
//   const demo = await startDemo();
//   test('…', async () => { const page = await demo.get(demo.links[0]); … });
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { atEnd, temporaryFolder } from './cleanup.mjs';
import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.mjs';
import { postForm, request } from './https.mjs';
import { descendants, execute, findConninfo, freePorts, isRunning, query } from './local.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

export const dunlin = process.env.DUNLIN ?? path.join(root, 'build', 'dunlin');

class Demo {
  constructor(child, dir, port, ready, log) {
    Object.assign(this, ready);
    this.ready = ready;
    this.child = child;
    this.pid = child.pid;
    this.dir = dir;
    this.port = port;
    this.log = log; // lines of standard error, growing
    this.panes = `http://127.0.0.1:${port + 3}`;
    this.operators = `http://127.0.0.1:${port + 2}`;
    this.caText = readFileSync(this.ca);
  }

  get(url, options = {}) {
    return request(url, { ca: this.caText, ...options });
  }

  post(url, fields, options = {}) {
    return postForm(url, fields, { ca: this.caText, ...options });
  }

  // The API with its key. `where` is a path below /api/v1.
  call(where, { headers = {}, ...options } = {}) {
    return request(new URL(`/api/v1${where}`, this.api), {
      ca: this.caText,
      headers: { authorization: `Bearer ${this.api_key}`, ...headers },
      ...options,
    });
  }

  query(sql) {
    return query(findConninfo(this.dir)[1], sql);
  }

  execute(sql) {
    return execute(findConninfo(this.dir)[1], sql);
  }

  get conninfo() {
    const [app, owner] = findConninfo(this.dir);
    return { app, owner };
  }

  async pane(where, body) {
    const answer = await request(`${this.panes}${where}`, body === undefined
      ? { headers: { accept: 'application/json' } }
      : {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        body: JSON.stringify(body),
      });
    if (answer.status >= 400) throw new Error(`${where}: ${answer.status} ${answer.text}`);
    return answer.json();
  }

  // Moves business time: { action: 'pause' }, { action: 'run', speed }, { action: 'advance', seconds }.
  setClock(action, more = {}) { // not "clock": that is the address in the line of JSON
    return this.pane('/clock', { action, ...more });
  }

  trouble(name, on) {
    return this.pane('/trouble', { switch: name, on });
  }

  // SIGTERM and the end of it; the exit code. Throws when a sanitizer or an assertion has complained.
  async stop() {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill('SIGTERM');
      await ended(this.child, 30000);
    }
    const complaint = this.log.findIndex((line) => /AddressSanitizer|LeakSanitizer|runtime error:|Assertion .* failed/.test(line));
    if (complaint >= 0) throw new Error(this.log.slice(complaint, complaint + 60).join('\n'));
    return this.child.exitCode;
  }
}

function ended(child, within) {
  return new Promise((resolve, reject) => {
    if (child.exitCode !== null || child.signalCode !== null) {
      resolve();
      return;
    }
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`dunlin (${child.pid}) did not end within ${within} ms`));
    }, within);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function firstLine(child, log, within) {
  return new Promise((resolve, reject) => {
    let text = '';
    const fail = (why) => reject(new Error(`dunlin demo ${why}:\n${log.slice(-40).join('\n')}`));
    const timer = setTimeout(() => fail(`was not ready within ${within} ms`), within);
    child.stdout.on('data', (part) => {
      text += part;
      if (!text.includes('\n')) return;
      clearTimeout(timer);
      resolve(text.slice(0, text.indexOf('\n')));
    });
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      fail(`ended early (${signal ?? code})`);
    });
  });
}

function keepLog(child) {
  const log = [];
  if (child.stderr === null) return log;
  let rest = '';
  child.stderr.setEncoding('utf8');
  child.stderr.on('data', (part) => {
    const lines = (rest + part).split('\n');
    rest = lines.pop();
    log.push(...lines);
    if (process.env.DUNLIN_TEST_LOG) process.stderr.write(part);
  });
  return log;
}

// Options: dir (kept when given), port, args (more for the command line), env, within (ms), stderr (a
// descriptor instead of the kept log), provider (whose fake customers pay at: scripts/demo --provider).
export async function startDemo({ dir, port, args = [], env = {}, within = 120000, stderr = 'pipe', provider } = {}) {
  const folder = dir ?? temporaryFolder();
  const first = port ?? (await freePorts());
  const [program, ...before] = provider === undefined ? [dunlin, 'demo']
    : [process.execPath, path.join(root, 'tests', 'fake', 'beside_demo.mjs'), provider, dunlin];
  const child = spawn(program, [...before, '--dir', folder, '--port', String(first), '--json', ...args], {
    stdio: ['ignore', 'pipe', stderr],
    env: { ...process.env, ...env },
  });
  const log = keepLog(child);
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  const ready = JSON.parse(await firstLine(child, log, within));
  const demo = new Demo(child, folder, first, ready, log);
  atEnd(() => demo.stop());
  return demo;
}

export {
  descendants, eventually, execute, findConninfo, freePorts, isRunning, postForm, query, request,
  temporaryFolder,
};
