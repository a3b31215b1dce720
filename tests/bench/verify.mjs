// What verifying and reading a provider's callbacks costs (verify.c). Of those that sign by HMAC or a hash
// against what PostgreSQL spends on booking one, measured in the same run; of Ed25519 against OpenSSL's
// own verification of the same bytes, in the same process.
import { readFileSync } from 'node:fs';
import { generateKeyPairSync } from 'node:crypto';
import { descendants } from '../support/local.mjs';
import { build } from './bed.mjs';
import { flood } from './callbacks.mjs';
import { run } from './measure.mjs';

const ticksPerSecond = 100; // as /proc has it on Linux
const merchants = { payu: '300746', przelewy24: '999999' };

function databaseCpuUs(bed) {
    return descendants(bed.server.pid).reduce((sum, pid) => {
        try {
            if (!/^postgres/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8')))
                return sum;
            const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
            return sum + (Number(fields[11]) + Number(fields[12])) * 1e6 / ticksPerSecond;
        } catch {
            return sum; // it ended meanwhile
        }
    }, 0);
}

async function bookingUs(bed) {
    const begin = await flood(bed), before = databaseCpuUs(bed), { booked, problem } = await begin();
    if (problem)
        throw new Error(problem);
    return (databaseCpuUs(bed) - before) / booked;
}

async function measure(bed, format, provider, secret, proof = secret) {
    const references = await bed.seal('payment', Array.from({ length: 1000 }, (_, i) => `${i + 1} 1\n`).join(''));
    const lines = await run(process.execPath, ['tests/bench/sign_callbacks.mjs', format, secret, '10000', 'verify'], { input: references });
    return JSON.parse(await run(`${build}/tests/bench_verify`, [provider, merchants[provider] ?? '', proof], { input: lines }));
}

export async function verify(bed) {
    const booking = await bookingUs(bed), rows = [];
    const add = (name, ours, ceiling, limit, remark) => rows.push({ name, unit: 'us', ours, ceiling,
        ratio: ours / ceiling, wanted: `<= ${limit}`, isMet: ours / ceiling <= limit, remark });
    for (const provider of ['sandbox', 'standard', 'stripe', 'payu', 'przelewy24']) {
        const { read_us: read, forged_us: forged } = await measure(bed, provider, provider, bed.secrets[provider]);
        add(`verify_${provider}`, forged, booking, 0.1, 'what a forged one costs, of the database\'s CPU for booking one');
        add(`read_${provider}`, read, booking, 0.1, 'verified and read, likewise');
    }
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
    const v1a = await measure(bed, 'standard_v1a', 'standard', privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64'),
        `whpk_${raw.toString('base64')}`);
    add('read_standard_v1a', v1a.read_us, v1a.bare_us, 1.2, 'verified and read, of OpenSSL\'s verification alone');
    return rows;
}
