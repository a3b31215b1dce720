// The push library alone: 4 connections, each push with its own path, id and payload, against a local
// HTTP/2 server over TLS that answers every stream; beside it h2load with POSTs of the same size to
// the same server, over as many connections and streams. `push_far`: every answer held back 50 ms.
import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePorts } from '../support/local.mjs';
import { paired, run } from './measure.mjs';

const build = process.env.BENCH_BUILD ?? 'build-bench';
const connections = 4, payload = 300, count = 400000;
const farStreams = 500, farDelayMs = 50, farCount = 400000, farRateMax = 40000;

async function startServer(dir, streams, delayMs) {
    const port = await freePorts(1);
    const server = spawn(`${build}/tests/bench_push_server`, [String(port), path.join(dir, 'tls.pem'),
        path.join(dir, 'tls.key'), String(streams), String(delayMs)],
        { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(server.stdout, 'data');
    return { port, end: async () => { server.kill(); await once(server, 'exit'); } };
}

async function withServer(streams, delayMs, measure) {
    const dir = mkdtempSync(path.join(tmpdir(), 'dunlin-bench-push-'));
    try {
        await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1',
            '-nodes', '-keyout', path.join(dir, 'tls.key'), '-out', path.join(dir, 'tls.pem'), '-days', '30',
            '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']);
        const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
        writeFileSync(path.join(dir, 'key.p8'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
        writeFileSync(path.join(dir, 'body'), 'x'.repeat(payload));
        const server = await startServer(dir, streams, delayMs);
        try {
            return await measure(dir, server.port);
        } finally {
            await server.end();
        }
    } finally {
        rmSync(dir, { recursive: true });
    }
}

async function library(dir, port, { pushes, streams }) {
    const out = await run(`${build}/tests/push_driver`, ['--service', 'apns', '--quiet',
        '--connect', `127.0.0.1:${port}`, '--ca', path.join(dir, 'tls.pem'), '--key', path.join(dir, 'key.p8'),
        '--key-id', 'ABCDE12345', '--team', 'TEAM123456', '--payload', String(payload),
        '--tune', `connections_min=${connections}`, '--tune', `connections_max=${connections}`,
        '--generate', String(pushes), '--concurrency', String(connections * streams)]);
    const { summary } = JSON.parse(out.trim().split('\n').at(-1));
    const microseconds = summary.cpu_seconds / pushes * 1e6;
    return {
        value: pushes / summary.seconds, microseconds, rssMb: summary.rss_kb / 1024,
        problem: summary.accepted === pushes ? undefined : `${pushes - summary.accepted} pushes not accepted`,
        remark: (all) => `${Math.max(...all.map((one) => one.microseconds)).toFixed(1)} us CPU a push, ` +
            `${Math.max(...all.map((one) => one.rssMb)).toFixed(0)} MB`,
    };
}

async function h2load(dir, port, streams) {
    const out = await run('h2load', ['-n', String(count), '-c', String(connections), '-m', String(streams),
        '-t', '1', '-d', path.join(dir, 'body'), '-H', 'apns-topic: io.dunlin.demo', '-H', 'apns-push-type: alert',
        '-H', 'apns-priority: 10', '-H', 'apns-id: 123e4567-e89b-42d3-a456-426614174000',
        `https://127.0.0.1:${port}/3/device/${'d'.repeat(64)}`]);
    const failed = Number(out.match(/ (\d+) failed/)[1]);
    return {
        value: Number(out.match(/, ([0-9.]+) req\/s/)[1]),
        problem: failed === 0 ? undefined : `h2load: ${failed} failed`,
    };
}

export async function push() {
    const streams = 1000;
    return withServer(streams, 0, async (dir, port) => {
        const costs = [];
        const row = await paired({
            name: 'push', unit: '/s', wanted: '>= 0.60', limit: 0.6,
            ours: async () => {
                const one = await library(dir, port, { pushes: count, streams });
                costs.push(one.microseconds);
                return one;
            },
            ceiling: () => h2load(dir, port, streams),
        });
        const most = Math.max(...costs);
        return [row, { name: 'push_cpu', unit: 'us', wanted: '<= 15', ours: most, ceiling: 15,
            ratio: most / 15, isMet: most <= 15, remark: 'the driver program and all' }];
    });
}

export async function pushFar() {
    return withServer(farStreams, farDelayMs, async (dir, port) => [await paired({
        name: 'push_far', unit: '/s', wanted: '>= 0.80', limit: 0.8, rounds: 1,
        ours: () => library(dir, port, { pushes: farCount, streams: farStreams + 250 }),
        ceiling: async () => ({
            value: Math.min(farStreams * connections / farDelayMs * 1000, farRateMax),
        }),
    })]);
}
