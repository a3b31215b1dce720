// Running wrk and comparing two sides fairly.
import { spawn } from 'node:child_process';

export function run(command, args, options = {}) {
    return new Promise((resolve, reject) => {
        const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], ...options });
        let out = '', errors = '';
        child.stdout.on('data', (bytes) => { out += bytes; });
        child.stderr.on('data', (bytes) => { errors += bytes; });
        child.on('error', reject);
        child.on('close', (code) => code === 0 ? resolve(out)
            : reject(new Error(`${command} ended with ${code}: ${errors.slice(-2000)}`)));
        // One that ends without reading says why by its exit status.
        child.stdin.on('error', () => {});
        child.stdin.end(options.input ?? '');
    });
}

// One run of wrk: the rate, the latencies in ms, and whatever went wrong.
export async function wrk({ url, script, args = [], connections, threads = 1, seconds, header }) {
    const out = await run('wrk', ['-t', String(threads), '-c', String(connections), '-d', `${seconds}s`,
        '--latency', ...(header ? ['-H', header] : []), ...(script ? ['-s', script] : []), url,
        ...(args.length > 0 ? ['--', ...args] : [])]);
    const number = (pattern) => Number(out.match(pattern)?.[1] ?? 0);
    const latency = (percent) => {
        const [, value, unit] = out.match(new RegExp(`${percent}%\\s+([0-9.]+)(us|ms|s)`)) ?? [null, 'NaN', 'ms'];
        return Number(value) * { us: 0.001, ms: 1, s: 1000 }[unit];
    };
    return {
        rate: number(/Requests\/sec:\s+([0-9.]+)/),
        count: number(/([0-9]+) requests in/),
        notGood: number(/Non-2xx or 3xx responses: ([0-9]+)/),
        socketErrors: (out.match(/Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/) ?? [])
            .slice(1).reduce((sum, n) => sum + Number(n), 0),
        p50: latency(50), p99: latency(99),
    };
}

export function median(values) {
    const sorted = [...values].sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function quartiles(values) {
    const sorted = [...values].sort((a, b) => a - b), last = sorted.length - 1;
    return [sorted[Math.round(last / 4)], sorted[Math.round(last * 3 / 4)]];
}

// Ours and the ceiling in turn, `rounds` times; the ratio is the median of the pairs' ratios. With
// `isEitherFirst` each is second in every other pair: the second meets what the first left behind.
export async function paired({ name, unit, wanted, isRate = true, rounds = 5, isEitherFirst = false,
    before, ours, ceiling, limit }) {
    const pairs = [];
    for (let i = 0; i < rounds; ++i) {
        await before?.();
        const [first, second] = isEitherFirst && i % 2 === 1 ? [ceiling, ours] : [ours, ceiling];
        const sides = [await first(), await second()];
        pairs.push(first === ours ? sides : sides.reverse());
    }
    const problem = pairs.flat().map((side) => side.problem).find((p) => p);
    const ratios = pairs.map(([a, b]) => a.value / b.value), ratio = median(ratios);
    const spread = rounds < 5 ? [] : [`half of ${rounds} pairs in ` +
        quartiles(ratios).map((r) => r.toFixed(2)).join(' to ')];
    const remark = pairs[0][0].remark?.(pairs.map(([a]) => a));
    return {
        name, unit, wanted,
        ours: median(pairs.map(([a]) => a.value)),
        ceiling: median(pairs.map(([, b]) => b.value)),
        ratio: problem ? null : ratio,
        isMet: problem ? false : isRate ? ratio >= limit : ratio <= limit,
        remark: problem ?? [...(remark ? [remark] : []), ...spread].join(', '),
    };
}
