// The payment page against a static handler of the same server that sends the same bytes: same
// listener and guards, same TLS, same client, same number of processes.
import { paired, wrk } from './measure.mjs';

const sideSeconds = 3;

// wrk against one side; a 429 (counted by the server as shed) or an error spoils the figure.
export async function side(bed, origin, script, args, connections, header, expectedStatusIsBad,
    seconds = sideSeconds) {
    const before = await bed.metrics(origin);
    const run = await wrk({ url: origin, script, args, connections, seconds, header });
    const after = await bed.metrics(origin);
    const grew = (name) => after[name] - before[name];
    let problem = null;
    if (run.socketErrors > 0)
        problem = `${run.socketErrors} socket errors`;
    else if (grew('dunlin_http_shed_total') > 0 || grew('dunlin_http_errors_total') > 0)
        problem = `${grew('dunlin_http_shed_total')} times 429, ${grew('dunlin_http_errors_total')} times 5xx`;
    else if (expectedStatusIsBad ? run.notGood !== run.count : run.notGood !== 0)
        problem = `${run.notGood} of ${run.count} answers were not as expected`;
    return { value: run.rate, p99: run.p99, problem };
}

const compare = (bed, options) => paired({
    // The machine's neighbours change the rates from one run to the next by a quarter.
    rounds: 15, isEitherFirst: true,
    unit: '/s', wanted: `>= ${options.limit}`, ...options,
    ours: () => side(bed, bed.publicOrigin, 'tests/bench/paths.lua', [options.paths],
        options.connections, options.header, options.isNotFound),
    ceiling: () => side(bed, bed.staticOrigin, 'tests/bench/paths.lua', [options.paths],
        options.connections, options.header, false),
});

export async function page(bed) {
    await bed.staticServes(await bed.samplePage());
    return [await compare(bed, { name: 'page', limit: 0.7, connections: 256, paths: bed.paths })];
}

export async function forged(bed) {
    await bed.staticServes(await bed.forgedPage());
    return [await compare(bed, {
        // The shipped bucket of a connection is meant for people: many connections, each slow, also
        // when one process has few of them (with 256 there were four 429 in 15 pairs).
        name: 'forged', limit: 0.9, connections: 512, paths: bed.forgedPaths, isNotFound: true,
    })];
}

export async function visit(bed) {
    await bed.staticServes(await bed.samplePage());
    return [await compare(bed, {
        name: 'visit', limit: 0.9, connections: 32, paths: bed.paths, header: 'Connection: close',
    })];
}
