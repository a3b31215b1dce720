// Resident memory of the HTTP processes with 1,000 slow clients of each kind: heads and bodies that
// never end, and readers who take next to nothing of the pages they asked for.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

import { eventually } from '../support/eventually.mjs';
import { request } from '../support/https.mjs';
import { build } from './bed.mjs';

const clientCount = 1000, addressCount = 32, limitMiB = 64, watchedMs = 5000;

function residentMiB(pids) {
    return pids.reduce((sum, pid) => sum +
        Number(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8').match(/^Pss:\s+(\d+)/m)[1]), 0) / 1024;
}

// Processes that have not yet served anybody but a few: what others have freed would hide growth.
async function startAfresh(bed, path) {
    const old = bed.httpPids();
    for (const pid of old)
        process.kill(pid, 'SIGKILL');
    await eventually(async () => {
        const pids = bed.httpPids();
        return pids.length === old.length && !pids.some((pid) => old.includes(pid)) &&
            (await request(`${bed.operators}/readyz`)).status === 200;
    }, { what: 'fresh processes', within: 30000 });
    for (let i = 0; i < 40; ++i)
        await request(bed.publicOrigin + path, { ca: bed.ca });
}

async function measure(bed, habit, path) {
    await startAfresh(bed, path);
    const before = residentMiB(bed.httpPids());
    const crowd = spawn(`${build}/tests/crowd`,
        [habit, clientCount, new URL(bed.publicOrigin).port, '127.1.0.1', addressCount, path].map(String),
        { stdio: ['pipe', 'pipe', 'inherit'] });
    const [line] = await once(createInterface({ input: crowd.stdout }), 'line');
    const { shaken, failed } = JSON.parse(line);
    let peak = 0;
    for (const end = Date.now() + watchedMs; Date.now() < end;) {
        peak = Math.max(peak, residentMiB(bed.httpPids()));
        await new Promise((resolve) => setTimeout(resolve, 100));
    }
    crowd.kill('SIGTERM');
    await once(crowd, 'exit');
    const isWhole = shaken === clientCount && failed === 0;
    const grown = peak - before;
    return {
        name: `slow_${habit}`, ours: grown, ceiling: limitMiB, unit: `MiB/${clientCount}`,
        ratio: isWhole ? grown / limitMiB : null, wanted: '<= 1', isMet: isWhole && grown <= limitMiB,
        remark: isWhole ? '' : `${shaken} came, ${failed} failed`,
    };
}

export async function slow(bed) {
    const [path] = readFileSync(bed.paths, 'utf8').split('\n', 1);
    const rows = [];
    for (const habit of ['headers', 'bodies', 'readers'])
        rows.push(await measure(bed, habit, path));
    return rows;
}
