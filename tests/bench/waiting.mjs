// The page while 1,000 payments wait for a slow provider, against the same page while none do. Each of them
// was begun over the customer's own connection, and the provider holds its answer: as many as may be begun at
// once wait in that call (provider_call.h), and the others were told that it does not answer, which is a payment
// that waits in the database. As many that are overdue are asked about meanwhile.
import { readFileSync, writeFileSync } from 'node:fs';
import { eventually } from '../support/eventually.mjs';
import { keepAliveAgent, postForm, request } from '../support/https.mjs';
import { prepare } from './callbacks.mjs';
import { median, paired } from './measure.mjs';
import { side } from './pages.mjs';

const waitingCount = 1000, rounds = 9;
const connections = 512; // as `forged` has them, for the same reason
const seconds = 2; // with all that begins before, well within what a call to a provider may take

// The links, each used once, of those who pay; the others are read.
function splitPaths(bed) {
    const paths = readFileSync(bed.paths, 'utf8').split('\n');
    const read = bed.file('paths.read');
    writeFileSync(read, paths.slice(rounds * waitingCount).join('\n'));
    return { payers: paths.slice(0, rounds * waitingCount), read };
}

async function openForm(bed, path, agent) {
    const { text } = await request(bed.publicOrigin + path, { agent });
    const field = (name) => text.match(new RegExp(`name="${name}" value="([^"]+)"`))[1];
    return { token: field('token'), amount: field('amount'), method: 'redirect' };
}

// Begins a payment a link, and tells when no more of them will get through to the provider.
async function begin(bed, paths) {
    const agent = keepAliveAgent(bed.ca, { maxSockets: waitingCount });
    const forms = await Promise.all(paths.map((path) => openForm(bed, path, agent)));
    let answered = 0;
    bed.providers.isHolding = true;
    const answers = paths.map((path, i) => postForm(`${bed.publicOrigin}${path}/payments`, forms[i], { agent })
        .finally(() => { ++answered; }));
    await eventually(async () => answered + bed.providers.heldStarts() === paths.length,
        { what: 'all payments wait', within: 5000, every: 20 });
    return { held: bed.providers.heldStarts(), end: async () => {
        const early = answered;
        bed.providers.release();
        await Promise.all(answers);
        agent.destroy();
        return early;
    } };
}

export async function waiting(bed) {
    const { payers, read } = splitPaths(bed);
    const first = await prepare(bed, waitingCount, 'stripe'), silent = `customer_id >= ${first}`;
    const readPages = () => side(bed, bed.publicOrigin, 'tests/bench/paths.lua', [read], connections, undefined, false, seconds);
    const ours = async () => {
        await bed.psql(['-c', `update payment set ask_at = now() where ${silent}`]);
        const started = await begin(bed, payers.splice(0, waitingCount));
        const pages = await readPages();
        const answered = await started.end();
        await bed.psql(['-c', `update payment set ask_at = null where ${silent}`]);
        const problem = pages.problem ?? (answered + started.held === waitingCount ? null : 'not all waited to the end');
        return { ...pages, problem, held: started.held, remark: (all) => `${median(all.map((s) => s.held))} of ${waitingCount} in a call` };
    };
    return [await paired({ name: 'waiting', unit: '/s', wanted: '>= 0.9', limit: 0.9, rounds, isEitherFirst: true,
        ours, ceiling: readPages })];
}
