// Writes the lines that callbacks.lua sends: one genuine `payment.paid` for each payment reference on
// standard input. Usage: sign_callbacks.mjs SECRET AMOUNT_MINOR PREFIX <references >lines
import { createHmac } from 'node:crypto';
import { createInterface } from 'node:readline';

const [secret, amount, prefix] = process.argv.slice(2);
const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
const time = Math.floor(Date.now() / 1000);
let lines = [], n = 0;
for await (const reference of createInterface({ input: process.stdin })) {
    const id = `${prefix}_${++n}`;
    const body = JSON.stringify({
        type: 'payment.paid', timestamp: new Date(time * 1000).toISOString(),
        data: { id: `sb_${prefix}_${n}`, reference, movement: `mv_${prefix}_${n}`,
            amount_minor: Number(amount), currency: 'PLN' },
    });
    const mac = createHmac('sha256', key).update(`${id}.${time}.${body}`).digest('base64');
    lines.push(`${id}\t${time}\tv1,${mac}\t${body}\n`);
    if (lines.length === 1000) {
        process.stdout.write(lines.join(''));
        lines = [];
    }
}
process.stdout.write(lines.join(''));
