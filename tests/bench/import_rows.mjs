// Writes an export of N rows as an accounting program would: `node import_rows.mjs N [FILE] [FIRST]`.
// About three invoices to two customers, all due in two weeks, so each gets the whole ladder.
import { closeSync, openSync, writeSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const firstNames = ['Anna', 'Jan', 'Zofia', 'Paweł', 'Łucja', 'Grzegorz', 'Małgorzata', 'Świętosław'];
const lastNames = ['Kowalska', 'Nowak', 'Wiśniewska', 'Zając', 'Dąbrowski', 'Żółkiewska', 'Piętka'];

const isoDay = (days) => new Date(Date.now() + days * 86400000).toISOString().slice(0, 10);

export const header =
    'Kod kontrahenta;Nazwa;Telefon;E-mail;Język;Numer faktury;Rodzaj;Produkt;Kwota;Waluta;' +
    'Data wystawienia;Termin płatności;Numer konta\r\n';

export function row(n, { issued = isoDay(0), due = isoDay(14) } = {}) {
    const customer = 1 + Math.floor((n * 2) / 3);
    const amount = 1000 + (n % 90000);
    const zlotys = Math.floor(amount / 100).toString().replace(/\B(?=(\d{3})+$)/g, ' ');
    return [
        `K-${String(customer).padStart(8, '0')}`,
        `${firstNames[customer % firstNames.length]} ${lastNames[customer % lastNames.length]}`,
        `${600000000 + (customer % 99999999)}`,
        `klient${customer}@example.com`,
        'pl',
        `FV/${n}/2026`,
        'faktura',
        'Abonament',
        `${zlotys},${String(amount % 100).padStart(2, '0')}`,
        'PLN',
        issued,
        due,
        '61 1090 1014 0000 0712 1981 2874',
    ].join(';') + '\r\n';
}

/** Rows FIRST to FIRST + COUNT - 1; memory stays small however many. */
export function writeRows(file, count, first = 1, { issued = isoDay(0), due = isoDay(14) } = {}) {
    const fd = openSync(file, 'w');
    const dates = { issued, due };
    let block = header;
    for (let n = first; n < first + count; ++n) {
        block += row(n, dates);
        if (block.length > 1 << 20) {
            writeSync(fd, block);
            block = '';
        }
    }
    writeSync(fd, block);
    closeSync(fd);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
    const [count, file = '/dev/stdout', first = '1'] = process.argv.slice(2);
    writeRows(file, Number(count), Number(first));
}
