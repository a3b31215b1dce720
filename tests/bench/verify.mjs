// What verifying and reading a provider's callbacks costs (verify.c). Of those that sign by HMAC or a hash
// against what PostgreSQL spends on booking one, measured in the same run; of Ed25519 and RSA against
// OpenSSL's own verification of the same bytes, in the same process.
import { readFileSync } from 'node:fs';
import { descendants } from '../support/local.mjs';
import { flood } from './callbacks.mjs';
import { measureHashed, measureKeyed } from './verification.mjs';

const ticksPerSecond = 100; // as /proc has it on Linux

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

export async function verify(bed) {
    const booking = await bookingUs(bed), rows = [];
    const add = (name, ours, ceiling, limit, remark) => rows.push({ name, unit: 'us', ours, ceiling,
        ratio: ours / ceiling, wanted: `<= ${limit}`, isMet: ours / ceiling <= limit, remark });
    for (const provider of ['sandbox', 'standard', 'stripe', 'payu', 'przelewy24', 'adyen']) {
        const { read_us: read, forged_us: forged } = await measureHashed(bed, provider);
        add(`verify_${provider}`, forged, booking, 0.1, 'what a forged one costs, of the database\'s CPU for booking one');
        add(`read_${provider}`, read, booking, 0.1, 'verified and read, likewise');
    }
    for (const format of ['standard_v1a', 'tpay']) {
        const { read_us: read, bare_us: bare } = await measureKeyed(bed, format);
        add(`read_${format}`, read, bare, 1.2, 'verified and read, of OpenSSL\'s verification alone');
    }
    return rows;
}
