// One run of verify.c over a thousand genuine callbacks of a format.
import { build } from './bed.mjs';
import { run } from './measure.mjs';
import { merchants } from './merchants.mjs';

async function measure(bed, format, provider, ...proof) {
    const references = await bed.seal('payment', Array.from({ length: 1000 }, (_, i) => `${i + 1} 1\n`).join(''));
    const lines = await run(process.execPath, ['tests/bench/sign_callbacks.mjs', format, bed.secrets[format], '10000', 'verify'], { input: references });
    return JSON.parse(await run(`${build}/tests/bench_verify`, [provider, merchants[provider] ?? '', ...proof], { input: lines }));
}

// Of those that sign by HMAC or a hash: { read_us, forged_us }.
export function measureHashed(bed, provider) {
    return measure(bed, provider, provider, bed.secrets[provider]);
}

// Of those whose verification is a public key's: { read_us, bare_us }, the latter OpenSSL's alone.
export function measureKeyed(bed, format) {
    return format === 'tpay'
        ? measure(bed, 'tpay', 'tpay', bed.tpayCode, bed.file('tpay-leaf.pem'), bed.file('tpay-root.pem'), bed.providers.certificateUrl)
        : measure(bed, 'standard_v1a', 'standard', bed.publicKey);
}
