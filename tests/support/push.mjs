// The push library at work: its driver (tests/push/USAGE) against a fake service.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import readline from 'node:readline';

import { Apns } from '../fake/apns.mjs';
import { providerKey, serverCertificate, serviceAccount } from '../fake/certificates.mjs';
import { Fcm } from '../fake/fcm.mjs';
import { atEnd, temporaryFolder } from './cleanup.mjs';
import { dunlin } from './demo.mjs';
import { eventually } from './eventually.mjs';

// PUSH_DRIVER_UNDER is what the driver is run by, valgrind for one; it ends with 99 what it objects to.
const [program, ...before] = [
  ...(process.env.PUSH_DRIVER_UNDER ?? '').split(' ').filter(Boolean), path.join(path.dirname(dunlin), 'tests', 'push_driver'),
];
export const folder = temporaryFolder();
export const certificate = serverCertificate(folder);
export const topic = 'bank.example.app', team = 'TEAM123456', keyId = 'ABCDE12345';
export const provider = providerKey(folder);
export const account = serviceAccount(folder, { token_uri: 'https://oauth2.googleapis.com/token' });

export async function startApns(options = {}) {
  const keys = { [keyId]: { publicKey: provider.publicKey, team } };
  const apns = new Apns({ certificate, keys, topics: { [team]: [topic] }, ...options });
  await apns.listen();
  atEnd(() => apns.close());
  apns.args = ['--service', 'apns', '--key', provider.file, '--key-id', keyId, '--team', team, '--topic', topic];
  return apns;
}

export async function startFcm(options = {}) {
  const { client_email, private_key_id, project_id } = account.account;
  const accounts = { [client_email]: { publicKey: account.publicKey, keyId: private_key_id, project: project_id } };
  const fcm = new Fcm({ certificate, accounts, ...options });
  await fcm.listen();
  atEnd(() => fcm.close());
  // The rate is a test of its own.
  fcm.args = ['--service', 'fcm', '--account', account.file, '--token-uri', fcm.tokenUri, '--tune', 'rate_max=0'];
  return fcm;
}

// A push of its own: device, id, payload. `number` makes it, the rest wins.
export function apnsPush(number = 1, more = {}) {
  return {
    id: randomUUID(), target: number.toString(16).padStart(64, '0'), collapse_id: `invoice-${number}`, priority: 10,
    payload: { aps: { alert: `payment ${number}` }, invoice: String(number) }, ...more,
  };
}

export function fcmPush(number = 1, more = {}) {
  return {
    id: randomUUID(), target: `device-${number}:${'x'.repeat(100)}`,
    payload: { data: { invoice: String(number) }, android: { priority: 'HIGH', notification: { tag: `invoice-${number}`, title: 'a', body: 'b' } } },
    ...more,
  };
}

export const pushes = (count, make = apnsPush, more) => Array.from({ length: count }, (_, i) => make(i + 1, more));

// A driver at work: outcomes, alarms and in the end the summary, as they come.
class Drive {
  outcomes = [];
  alarms = [];
  trace = '';

  constructor(args) {
    this.child = spawn(program, [...before, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.child.stdin.on('error', () => {});
    this.child.stderr.on('data', (text) => { this.trace += text; });
    readline.createInterface({ input: this.child.stdout }).on('line', (line) => this.#onLine(JSON.parse(line)));
    this.ended = new Promise((resolve) => this.child.on('close', (status, signal) => resolve(status ?? signal)));
    this.ended.then(() => { this.isOver = true; });
    atEnd(() => this.isOver || (this.child.kill('SIGKILL'), this.ended));
  }

  #onLine(line) {
    if (line.alarm) this.alarms.push(line);
    else if (line.summary) this.summary = line.summary;
    else this.outcomes.push(line);
  }

  say(...lines) {
    for (const line of lines) this.child.stdin.write(`${JSON.stringify(line)}\n`);
  }

  outcomeOf(id) {
    return this.outcomes.find((outcome) => outcome.id === id);
  }

  until(count, options = {}) {
    return eventually(() => this.outcomes.length >= count || this.isOver, { every: 5, what: `${count} outcomes`, ...options });
  }

  async finish({ within = 60000 } = {}) {
    this.child.stdin.end();
    await eventually(() => this.isOver, { every: 5, within, what: 'the driver to end' }).catch((error) => {
      error.message += ` after ${this.outcomes.length} outcomes; ${JSON.stringify(this.alarms)} ${this.trace.slice(-2000)}`;
      throw error;
    });
    this.status = await this.ended;
    if (this.status === 99) throw new Error(this.trace.slice(-10000));
    return this;
  }
}

export function startDriver(args) {
  return new Drive(args);
}

// Waits between retries and connects are divided by 50 unless `hurry` says otherwise.
export function argsFor(fake, { args = [], port = fake.port, ca = certificate.ca, hurry = 50, host = 'localhost' } = {}) {
  return [...fake.args, '--host', host, '--connect', `127.0.0.1:${port}`, '--ca', ca, '--hurry', String(hurry), ...args];
}

// All of them through the driver, to the end.
export async function deliver(fake, list, options = {}) {
  const drive = startDriver(argsFor(fake, options));
  drive.say(...list);
  await drive.finish(options);
  if (drive.status !== 0 && !options.mayFail) throw new Error(`push_driver ended with ${drive.status}: ${drive.trace}`);
  return drive;
}
