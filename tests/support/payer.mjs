// A customer without a browser: opens a link, starts a payment, decides at the bank. And the debts
// such a customer has.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { eventually } from './eventually.mjs';
import { postForm } from './https.mjs';

// The fields of the page's form for this method: 'redirect' or 'blik'.
function formOf(html, method) {
  const forms = html.match(/<form\b[^]*?<\/form>/g) ?? [];
  const form = forms.find((text) => text.includes(`value="${method}"`));
  if (!form) throw new Error(`the page has no form for ${method}`);
  const action = /action="([^"]+)"/.exec(form)[1];
  const fields = Object.fromEntries([...form.matchAll(/<input[^>]*name="(\w+)"[^>]*value="([^"]*)"/g)].map(([, name, value]) => [name, value]));
  return { action, fields: { ...fields, method } };
}

// Starts a payment by redirect; the bank's page of it.
export async function startPayment(demo, link) {
  const page = await demo.get(link);
  const { action, fields } = formOf(page.text, 'redirect');
  const answer = await demo.post(new URL(action, demo.url).href, fields);
  if (answer.status !== 303) throw new Error(`starting a payment: ${answer.status} ${answer.text.slice(0, 300)}`);
  return answer.headers.location;
}

// What the customer does on the bank's page: pay, part (with amount "12,50"), refuse, close.
// Returns where the bank sends them back to.
export async function decide(bankPage, action, amount) {
  const answer = await postForm(bankPage, amount === undefined ? { action } : { action, amount });
  if (answer.status !== 303) throw new Error(`at the bank: ${answer.status}`);
  return answer.headers.location;
}

export async function payBlik(demo, link, code) {
  const page = await demo.get(link);
  const { action, fields } = formOf(page.text, 'blik');
  return demo.post(new URL(action, demo.url).href, { ...fields, blik: code });
}

// The invoice behind a number, with all that happened to it, from the API.
export async function invoiceOf(demo, number) {
  const found = await demo.call(`/invoices?number=${encodeURIComponent(number)}`);
  const [item] = found.json().items;
  if (!item) throw new Error(`no invoice ${number}`);
  return (await demo.call(`/invoices/${item.id}`)).json();
}

// Waits until the invoice is as `check` wants it and returns it.
export function invoiceWhen(demo, number, check, what = 'the invoice') {
  return eventually(async () => {
    const invoice = await invoiceOf(demo, number);
    return check(invoice) ? invoice : null;
  }, { what: `${what} (${number})`, within: 30000 });
}

const dayFromNow = (days) => new Date(Date.now() + days * 86400000).toISOString().slice(0, 10);

// A CSV of invoices, one customer each: [number, amount, days from today to the due date].
export function invoicesFile(folder, rows, issuedDaysAgo = 0) {
  const file = path.join(folder, 'invoices.csv');
  const lines = rows.map(([number, amount, due], i) => [
    `C-${i + 1}`, `Jan Testowy ${i + 1}`, `+48990200${String(i).padStart(3, '0')}`, `test${i + 1}@example.com`,
    'pl', number, 'invoice', 'Usługa', amount, 'PLN', dayFromNow(-issuedDaysAgo), dayFromNow(due),
  ].join(';'));
  writeFileSync(file, `customer reference;name;phone;e-mail;language;invoice number;kind;product;amount;currency;issue date;due date\n${lines.join('\n')}\n`);
  return file;
}
