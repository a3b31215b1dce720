// Callbacks that are checked, booked and durable before the answer. Ceiling of `callbacks`: pgbench
// doing the same work as one transaction each, on the same cluster. Ceiling of `callbacks_fresh`:
// the static handler taking the same requests over a connection each. `callbacks_stripe` and its like
// send a provider's own format; their ceiling is the sandbox bank's, in the same run, for Tpay and v1a
// with OpenSSL's verification added to what one costs. `confirmations_przelewy24` is how fast those that
// were stored are confirmed. `callbacks_forged` is what is booked beside a flood of forged ones.
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { eventually } from '../support/eventually.mjs';
import { postgresPrograms } from '../support/local.mjs';
import { paired, run, wrk } from './measure.mjs';
import { measureKeyed } from './verification.mjs';

const rounds = 3, freshRounds = 9, forgedRounds = 5, seconds = 3;
const perRound = { ours: 60000, ceiling: 20000, fresh: 12000, format: 24000, confirmed: 4000, forged: 40000 };
const forgedConnections = 32;

// Customers first … first + count - 1, each with an invoice of 100.00, its ladder, and payment 1 begun.
const makeCustomers = (first, count, provider) => `
insert into customer (customer_id, reference, name, language, link_count, payment_count, created_at, changed_at)
    select g, 'bench-' || g, 'Anna Kowalska', 'pl', 1, 1, now(), now() from generate_series(${first}, ${first + count - 1}) g;
insert into invoice (customer_id, number, kind, currency, amount_minor, due_minor, issue_date, due_date, entry_count, link_no, created_at, changed_at)
    select g, 'bench/' || g, 'invoice', 'PLN', 10000, 10000, current_date + 1, current_date + 15, 1, 1, now(), now() from generate_series(${first}, ${first + count - 1}) g;
insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor, currency, at)
    select customer_id, invoice_id, 1, 'charge', 10000, 'PLN', now() from invoice where customer_id >= ${first};
insert into paylink (customer_id, link_no, invoice_id, state, created_at)
    select customer_id, 1, invoice_id, 'active', now() from invoice where customer_id >= ${first};
insert into payment (customer_id, payment_no, link_no, provider, account, method, amount_minor, currency, state, form_nonce, created_at, changed_at)
    select customer_id, 1, 1, '${provider}', 'default', 'redirect', 10000, 'PLN', 'started', 'bench', now(), now() from invoice where customer_id >= ${first};
insert into payment_allocation (customer_id, payment_no, invoice_id, amount_minor)
    select customer_id, 1, invoice_id, 10000 from invoice where customer_id >= ${first};
insert into reminder (customer_id, invoice_id, step, due_at, state, reason)
    select customer_id, invoice_id, 'step_' || n, now() + n * interval '2 days', 'scheduled', 'planned'
    from invoice, generate_series(1, 5) n where customer_id >= ${first};`;

export async function prepare(bed, count, provider = 'sandbox') {
    const [{ first }] = await bed.query('select max(customer_id) + 1 as first from customer');
    await bed.psql(['-c', makeCustomers(first, count, provider)]);
    // What the figure before left to autovacuum is not to burden this one.
    await bed.psql(['-c', 'vacuum analyze']);
    return first;
}

// The provider whose format it is.
const providerOf = (format) => format.replace(/_v1a$/, '');

// A file of requests for the payments of `count` customers.
async function written(bed, first, count, prefix, format, secret) {
    const references = await bed.seal('payment',
        Array.from({ length: count }, (_, i) => `${first + i} 1\n`).join(''));
    const lines = await run(process.execPath, ['tests/bench/sign_callbacks.mjs', format, secret, '10000', prefix],
        { input: references });
    const file = bed.file(`signed-${prefix}`);
    writeFileSync(file, lines);
    return file;
}

// The same, signed by the provider.
async function signed(bed, first, count, prefix, format = 'sandbox') {
    const file = await written(bed, first, count, prefix, format, bed.secrets[format]);
    // As they would be, had the provider been asked.
    await bed.psql(['-c', `insert into provider_reference select '${providerOf(format)}', 'default',
        'sb_${prefix}_' || g, ${first - 1} + g, 1 from generate_series(1, ${count}) g`]);
    return file;
}

async function post(bed, file, connections, origin, connection, provider = 'sandbox') {
    const before = await bed.metrics(bed.publicOrigin);
    const result = await wrk({ url: `${origin}/callbacks/${provider}`, script: 'tests/bench/callbacks.lua',
        args: [file, '1', connection], connections, seconds });
    const after = await bed.metrics(bed.publicOrigin);
    const since = (name) => after[`dunlin_${name}_total`] - before[`dunlin_${name}_total`];
    // Przelewy24's wait to be confirmed.
    const booked = since('callbacks_applied') + (provider === 'przelewy24' ? since('callbacks_parked') : 0);
    const batches = since('callback_batches');
    let problem = null;
    if (result.notGood > 0 || result.socketErrors > 0)
        problem = `${result.notGood} refused, ${result.socketErrors} socket errors`;
    else if (origin === bed.publicOrigin && booked < result.count)
        problem = `${result.count} answered but ${booked} booked`;
    return { value: result.rate, p99: result.p99, perBatch: booked / batches, booked, problem };
}

async function pgbench(bed, first, count) {
    const out = await run(`${postgresPrograms()}/pgbench`,
    ['-n', '-M', 'prepared', '-c', '16', '-j', '1', '-T', String(seconds), '-D', `first=${first}`,
        '-D', `count=${count}`, '-f', 'tests/bench/callbacks.pgbench.sql', bed.appConninfo]);
    const failed = Number(out.match(/number of failed transactions: (\d+)/)?.[1] ?? 0);
    return { value: Number(out.match(/tps = ([0-9.]+)/)[1]),
        problem: failed > 0 ? `${failed} transactions failed` : null };
}

export async function callbacks(bed) {
    let first = await prepare(bed, rounds * (perRound.ours + perRound.ceiling));
    let n = 0;
    return [await paired({
        name: 'callbacks', unit: '/s', wanted: '>= 3', limit: 3, rounds,
        ours: async () => {
            const file = await signed(bed, first, perRound.ours, `keep${++n}`);
            first += perRound.ours;
            const side = await post(bed, file, 128, bed.publicOrigin, 'keep-alive');
            return { ...side, remark: (sides) => `p99 ${Math.max(...sides.map((s) => s.p99)).toFixed(0)} ms, ` +
                `${sides[0].perBatch.toFixed(0)} a flush, 128 connections` };
        },
        ceiling: async () => {
            const side = await pgbench(bed, first, perRound.ceiling);
            first += perRound.ceiling;
            return side;
        },
    })];
}

export async function callbacksFresh(bed) {
    let first = await prepare(bed, freshRounds * perRound.fresh);
    await bed.staticServes('-');
    let n = 0, file;
    return [await paired({
        name: 'callbacks_fresh', unit: '/s', wanted: '>= 0.8', limit: 0.8,
        rounds: freshRounds, isEitherFirst: true,
        before: async () => {
            file = await signed(bed, first, perRound.fresh, `fresh${++n}`);
            first += perRound.fresh;
        },
        ours: async () => {
            const side = await post(bed, file, 128, bed.publicOrigin, 'close');
            return { ...side, remark: (sides) => `p99 ${Math.max(...sides.map((s) => s.p99)).toFixed(0)} ms` };
        },
        ceiling: () => post(bed, file, 128, bed.staticOrigin, 'close'),
    })];
}

let floods = 0; // ids are unique over all of a run

// `format` in the name is what is sent; the sandbox bank's is the ceiling. A verification by a public key
// is added to it: `bareUs` of one of the cores that all is done on.
export function callbacksOf(format, { isKeyed = false } = {}) {
    return async (bed) => {
        const bareUs = isKeyed ? (await measureKeyed(bed, format)).bare_us : 0;
        const sides = {};
        for (const name of [format, 'sandbox'])
            sides[name] = await prepare(bed, rounds * perRound.format, providerOf(name));
        const side = async (name) => {
            const file = await signed(bed, sides[name], perRound.format, `flood${++floods}`, name);
            sides[name] += perRound.format;
            const flood = await post(bed, file, 128, bed.publicOrigin, 'keep-alive', providerOf(name));
            return { ...flood, remark: (all) => `p99 ${Math.max(...all.map((s) => s.p99)).toFixed(0)} ms, ` +
                `${all[0].perBatch.toFixed(0)} a flush` + (isKeyed ? `, ${bareUs.toFixed(0)} us OpenSSL's` : '') };
        };
        const ceiling = async () => {
            const flood = await side('sandbox');
            return { ...flood, value: 1 / (1 / flood.value + bareUs / 1e6 / cpus().length) };
        };
        return [await paired({ name: `callbacks_${format}`, unit: '/s', wanted: '>= 0.9', limit: 0.9, rounds,
            isEitherFirst: true, ours: () => side(format), ceiling })];
    };
}

// Przelewy24's are stored first and confirmed behind that, by calls to a provider that answers at once.
// What is confirmed while others come in is not counted.
export async function confirmations(bed) {
    const isLeft = "reason = 'to_confirm' and next_try_at < 'infinity'";
    const left = async () => (await bed.query(`select count(*)::int as left from callback_outcome where ${isLeft}`))[0].left;
    // Those of a flood before could not be confirmed.
    await bed.psql(['-c', `update callback_outcome set next_try_at = 'infinity' where ${isLeft}`]);
    const first = await prepare(bed, perRound.confirmed, 'przelewy24');
    const file = await signed(bed, first, perRound.confirmed, `confirm${++floods}`, 'przelewy24');
    bed.providers.isConfirming = true;
    const flood = await post(bed, file, 128, bed.publicOrigin, 'keep-alive', 'przelewy24');
    const stored = await left(), start = performance.now();
    await eventually(async () => (await left()) === 0, { what: 'all payments are confirmed', within: 300000, every: 100 });
    const rate = stored / (performance.now() - start) * 1000;
    bed.providers.isConfirming = false;
    return [{ name: 'confirmations_przelewy24', unit: '/s', ours: rate, ceiling: flood.value, ratio: rate / flood.value,
        remark: flood.problem ?? `${stored} confirmed; the ceiling is how fast they come in, and no aim` }];
}

// Forged ones take a share of the machine whatever becomes of them. The ceiling is therefore what is booked
// beside the same requests at a provider that is not there, which are answered without being looked at: what
// is left is the verification, and keeping what was refused.
export async function callbacksForged(bed) {
    let first = await prepare(bed, 2 * forgedRounds * perRound.format);
    const forged = await written(bed, first, perRound.forged, `forged${++floods}`, 'sandbox', `whsec_${'A'.repeat(43)}=`);
    const side = async (path) => {
        const file = await signed(bed, first, perRound.format, `beside${++floods}`);
        first += perRound.format;
        const [booked, refused] = await Promise.all([
            post(bed, file, 128, bed.publicOrigin, 'keep-alive'),
            wrk({ url: `${bed.publicOrigin}/callbacks/${path}`, script: 'tests/bench/callbacks.lua',
                args: [forged, '1', 'keep-alive'], connections: forgedConnections, seconds }),
        ]);
        const isWhole = refused.notGood === refused.count && refused.count > 0 && refused.socketErrors === 0;
        return { ...booked, problem: booked.problem ?? (isWhole ? null : `${refused.count - refused.notGood} forged ones were taken`),
            refusedRate: refused.rate, remark: (all) => `beside ${Math.round(Math.max(...all.map((s) => s.refusedRate)))} forged ones a second` };
    };
    return [await paired({ name: 'callbacks_forged', unit: '/s', wanted: '>= 0.9', limit: 0.9, rounds: forgedRounds,
        isEitherFirst: true, ours: () => side('sandbox'), ceiling: () => side('nobody') })];
}

// The sandbox bank's flood, ready to be begun, for whoever measures what booking costs.
export async function flood(bed) {
    const first = await prepare(bed, perRound.format);
    const file = await signed(bed, first, perRound.format, 'cost');
    return () => post(bed, file, 128, bed.publicOrigin, 'keep-alive');
}
