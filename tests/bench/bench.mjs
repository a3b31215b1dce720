// The benchmark: each figure is a ratio against a ceiling measured in the same run, both sides in
// turn, so that a noisy machine slows both alike. Usage: scripts/bench [NAME…] [--json FILE].
// What was tried and did not help stands in NOTES.md beside this file.
import { writeFileSync } from 'node:fs';
import { startBed } from './bed.mjs';
import { page, forged, visit } from './pages.mjs';
import { callbacks, callbacksForged, callbacksFresh, callbacksOf, confirmations } from './callbacks.mjs';
import { verify } from './verify.mjs';
import { waiting } from './waiting.mjs';
import { importRows } from './import.mjs';
import { plan } from './plan.mjs';
import { results } from './results.mjs';
import { segments } from './segments.mjs';
import { statement } from './statement.mjs';
import { idle } from './idle.mjs';
import { slow } from './slow.mjs';
import { push, pushFar } from './push.mjs';
import { dispatch } from './dispatch.mjs';
import { pushE2e, pushMemory } from './push_e2e.mjs';

const benches = {
    page, forged, visit, callbacks, callbacks_fresh: callbacksFresh, import: importRows, idle, slow,
    push, push_far: pushFar, push_e2e: pushE2e, push_memory: pushMemory, dispatch, plan, results,
    segments, statement, verify, callbacks_standard: callbacksOf('standard'), callbacks_stripe: callbacksOf('stripe'),
    callbacks_payu: callbacksOf('payu'), callbacks_przelewy24: callbacksOf('przelewy24'),
    callbacks_adyen: callbacksOf('adyen'), callbacks_tpay: callbacksOf('tpay', { isKeyed: true }),
    callbacks_standard_v1a: callbacksOf('standard_v1a', { isKeyed: true }),
    confirmations_przelewy24: confirmations, callbacks_forged: callbacksForged, waiting,
};
// These need no Dunlin beside them.
const alone = ['push', 'push_far'];

function readArguments(argv) {
    const wanted = { names: [], json: null };
    for (let i = 0; i < argv.length; ++i) {
        if (argv[i] === '--json')
            wanted.json = argv[++i];
        else if (argv[i] in benches)
            wanted.names.push(argv[i]);
        else
            throw new Error(`no benchmark ${argv[i]}: there are ${Object.keys(benches).join(', ')}`);
    }
    if (wanted.names.length === 0)
        wanted.names = Object.keys(benches);
    return wanted;
}

function format(value) {
    return Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(2);
}

function print(rows) {
    const cells = [['name', 'ours', 'ceiling', 'unit', 'ratio', 'wanted', '', 'remark'],
        ...rows.map((row) => [row.name, format(row.ours), format(row.ceiling), row.unit,
            row.ratio === null ? '-' : row.ratio.toFixed(2), row.wanted ?? '',
            row.isMet === undefined ? '' : row.isMet ? 'ok' : 'SHORT', row.remark ?? ''])];
    const widths = cells[0].map((_, i) => Math.max(...cells.map((row) => row[i].length)));
    for (const row of cells)
        console.log(row.map((cell, i) => cell.padEnd(widths[i])).join('  ').trimEnd());
}

const wanted = readArguments(process.argv.slice(2));
const rows = [];
const bed = wanted.names.every((name) => alone.includes(name)) ? null : await startBed();
try {
    for (const name of wanted.names) {
        console.error(`bench: ${name} …`);
        rows.push(...await benches[name](bed));
    }
} finally {
    await bed?.end();
    print(rows); // also what was measured before something failed
}
if (wanted.json !== null) {
    const plain = rows.map(({ name, ours, ceiling, unit, ratio }) => ({ name, ours, ceiling, unit, ratio }));
    writeFileSync(wanted.json, JSON.stringify(plain, null, 2) + '\n');
}
process.exitCode = rows.some((row) => row.isMet === false) ? 1 : 0;
