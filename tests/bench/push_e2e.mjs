// Reminders by push from the table to the wire and back: 200,000 due ones claimed, checked, rendered,
// sent to a server that takes everything, and recorded. Ceiling: the database alone doing the same
// claims and records (reminder_claims.c), on the same cluster and a copy of the same rows. Then, with a
// million due, how much memory the sender takes and how long callbacks take meanwhile.
import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { openSync, readFileSync, writeFileSync } from 'node:fs';
import { freePorts, descendants } from '../support/local.mjs';
import { eventually } from '../support/eventually.mjs';
import { PushPayer } from '../support/push_payer.mjs';
import { APNS_APP, seedSql } from '../support/push_seed.mjs';
import { build, endChild } from './bed.mjs';
import { createDatabase, inDatabase } from './import.mjs';
import { paired, run } from './measure.mjs';

const count = 200000, rounds = 1, streams = 1000;
const many = 1000000, few = 20000, sentOfMany = 100000;
const paying = 5000, perSecond = 200;

// The rows, in a database of which each side gets a copy.
async function makeRows(bed, name, options) {
    await createDatabase(bed, name);
    await run(`${build}/dunlin`, ['migrate', '--settings', writeSettings(bed, name)]);
    const owner = inDatabase(bed.ownerConninfo, name), sql = bed.file('seed.sql');
    writeFileSync(sql, `${seedSql({ devices: 'apns', payments: 0, ...options })}\nvacuum analyze;\ncheckpoint;`);
    await bed.psql(['-f', sql], owner);
}

async function copyRows(bed, from, to) {
    await bed.psql(['-c', `drop database if exists ${to}`]);
    await bed.psql(['-c', `create database ${to} template ${from} strategy file_copy`]);
}

function writeSettings(bed, name, more = '') {
    const file = bed.file(`${name}.yaml`);
    writeFileSync(file, `data_dir: "${bed.file(name)}"
database:
  url: "${inDatabase(bed.appConninfo, name)}"
  owner_url: "${inDatabase(bed.ownerConninfo, name)}"
creditor:
  name: "Bench"
${more}`);
    return file;
}

async function startPushServer(bed) {
    const port = await freePorts(1);
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeFileSync(bed.file('push.p8'), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    const child = spawn(`${build}/tests/bench_push_server`, [String(port), bed.certificate, bed.key, String(streams), '0'],
        { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    return { child, port };
}

// A gateway that sends from database `name`, and its counters.
async function startSender(bed, name, server) {
    const port = await freePorts(3);
    const listener = (at) => `  listen: "127.0.0.1:${at}"\n  url: "https://localhost:${at}"\n` +
        `  certificate: "${bed.certificate}"\n  key: "${bed.key}"\n`;
    const settings = writeSettings(bed, name, `workers: 1
log_level: warn
public:
${listener(port)}private:
${listener(port + 1)}operators:
  listen: "127.0.0.1:${port + 2}"
providers:
  - provider: sandbox
    account: default
    api_url: "http://127.0.0.1:9"
    start_origin: "http://127.0.0.1:9"
    secret_files: ["${bed.file('sandbox.secret')}"]
push:
  apps:
    - app: ${APNS_APP}
      service: apns
      environments: [production]
      key_file: "${bed.file('push.p8')}"
      key_id: ABCDE12345
      team_id: TEAM123456
      topic: ${APNS_APP}
      host: localhost
      connect: "127.0.0.1:${server.port}"
      ca_file: "${bed.certificate}"
`);
    const child = spawn(`${build}/dunlin`, ['serve', '--settings', settings],
        { stdio: ['ignore', 'ignore', openSync(bed.file(`${name}.log`), 'w')] });
    const sent = async () => Number(/^dunlin_reminders_sent_total (\d+)/m.exec(
        await (await fetch(`http://127.0.0.1:${port + 2}/metrics`)).text())?.[1] ?? 0);
    const owed = { caText: bed.ca, sandbox: { callback: `https://localhost:${port}/callbacks/sandbox`, secret: bed.secrets.sandbox } };
    return { child, sent, owed };
}

// The highest resident memory of the process that sends, in MB.
function peakOfSender(child) {
    const pid = descendants(child.pid).find((one) => /dunlin: work/.test(readFileSync(`/proc/${one}/cmdline`, 'utf8')));
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
}

// Sends until `until` are sent, the sender's peak in MB. `meanwhile` is called once it runs, and what
// that returns at the end.
async function send(bed, name, { until, meanwhile = async () => {} }) {
    const server = await startPushServer(bed), sender = await startSender(bed, name, server);
    const isSent = async () => await sender.sent() >= until;
    try {
        const end = await meanwhile(sender);
        await eventually(isSent, { what: `${until} reminders sent`, within: 400000, every: 100 });
        await end?.();
        return peakOfSender(sender.child);
    } finally {
        await endChild(sender.child);
        await endChild(server.child);
    }
}

// From the first claim to the last record, as the rows tell it.
async function ours(bed) {
    await copyRows(bed, 'push_rows', 'push_ours');
    const mb = await send(bed, 'push_ours', { until: count });
    const [line] = (await bed.psql(['-At', '-F', ' ', '-c', `select count(*),
        extract(epoch from max(finished_at) - min(claimed_at)), (select count(*) from push where state = 'accepted'),
        (select sum(attempts) from push) from reminder where state = 'sent'`],
    inDatabase(bed.ownerConninfo, 'push_ours'))).trim().split('\n');
    const [sent, seconds, accepted, attempts] = line.split(' ').map(Number);
    return { value: sent / seconds, problem: accepted === count ? undefined : `${accepted} pushes accepted`,
        remark: () => `${attempts - accepted} claims given back, sender ${mb.toFixed(0)} MB` };
}

async function ceiling(bed) {
    await copyRows(bed, 'push_rows', 'push_ceiling');
    const out = await run(`${build}/tests/bench_reminder_claims`, [inDatabase(bed.appConninfo, 'push_ceiling'), String(count), 'push']);
    return { value: count / JSON.parse(out).seconds };
}

export async function pushE2e(bed) {
    await makeRows(bed, 'push_rows', { count });
    const rows = [await paired({ name: 'push_e2e', unit: '/s', wanted: '>= 0.50', limit: 0.5, rounds,
        ours: () => ours(bed), ceiling: () => ceiling(bed) })];
    for (const name of ['push_rows', 'push_ours', 'push_ceiling']) await bed.psql(['-c', `drop database if exists ${name}`]);
    return rows;
}

// Pays from when the sender answers until told to end; the times of the answers, in ms.
async function startPaying(sender, times) {
    await eventually(sender.sent, { what: 'the first reminder is sent', within: 60000 });
    const payer = new PushPayer(sender.owed, { first: 1, last: paying, perSecond,
        onAnswer: ({ status, ms }) => times.push(status === 200 ? ms : Infinity) }).start();
    return () => payer.stop();
}

export async function pushMemory(bed) {
    const peaks = {}, times = [];
    for (const due of [few, many]) {
        await makeRows(bed, 'push_many', { count: due, later: [], payments: paying });
        const isLast = due === many;
        peaks[due] = await send(bed, 'push_many', { until: Math.min(due, sentOfMany),
            meanwhile: isLast ? (sender) => startPaying(sender, times) : undefined });
    }
    await bed.psql(['-c', 'drop database if exists push_many']);
    const p99 = times.sort((a, b) => a - b)[Math.floor(0.99 * times.length)];
    return [{ name: 'push_memory', unit: 'MB', wanted: '<= 64', ours: peaks[many], ceiling: 64, ratio: peaks[many] / 64,
        isMet: peaks[many] <= 64 && peaks[many] <= 1.1 * peaks[few],
        remark: `peak with ${many.toLocaleString('en')} due; ${peaks[few].toFixed(1)} with ${few.toLocaleString('en')}` },
    { name: 'push_callbacks', unit: 'ms', wanted: '<= 100', ours: p99, ceiling: 100, ratio: p99 / 100, isMet: p99 <= 100,
        remark: `p99 of ${times.length} callbacks, ${perSecond}/s, meanwhile` }];
}
