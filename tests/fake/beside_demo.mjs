// node beside_demo.mjs PROVIDER DUNLIN [option of `dunlin demo`…]: `dunlin demo` whose customers pay at
// the fake of a provider, which runs here, on the seventh port. Its pages are for people: each payment
// can be made or refused, and "/" lists them with the BLIK codes that do something.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const waits = 'waits for Pay below, as for the bank’s app';
const fakes = {
  stripe: ['./stripe.mjs', 'StripeFake', []],
  payu: ['./payu.mjs', 'PayuFake', [['777123', waits], ['500500', 'refused by the bank'], ['700701', 'expired']]],
  przelewy24: ['./przelewy24.mjs', 'Przelewy24Fake', [['777123', waits]]],
  tpay: ['./tpay.mjs', 'TpayFake', [['777123', waits]]],
  adyen: ['./adyen.mjs', 'AdyenFake', []],
  standard: ['./standard.mjs', 'StandardFake', [['777123', 'paid'], ['500500', 'refused by the bank'], ['700701', 'expired'],
    ['700702', 'refused in the bank’s app'], ['700703', 'used before']]],
};

const [provider, dunlin, ...options] = process.argv.slice(2);
if (!(provider in fakes) || dunlin === undefined) {
  console.error(`scripts/demo --provider ${Object.keys(fakes).join('|')}`);
  process.exit(2);
}
const valueOf = (name, usual) => (options.includes(name) ? options[options.indexOf(name) + 1] : usual) ?? '';
const dir = valueOf('--dir', path.join(process.env.HOME ?? os.tmpdir(), '.local/share/dunlin-demo'));
const port = Number(valueOf('--port', '8443')) + 6;
mkdirSync(path.join(dir, 'fake'), { recursive: true });
const inside = (...names) => path.join(realpathSync(dir), ...names);

const [file, name, codes] = fakes[provider];
const { [name]: Fake } = await import(file);
const fake = new Fake({ certificate: inside('certs', 'localhost.pem'), key: inside('certs', 'localhost.key'), dir: inside('fake') });
// The demo makes its authority when it starts, and the first message comes later.
Object.defineProperty(fake, 'callbackCa', { get: () => readFileSync(inside('certs', 'ca.pem')) });
Object.assign(fake, { port, url: `https://localhost:${port}`, retryMs: 1000 });

// ---- what people see ----

const escape = (text) => String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
const page = (title, body) => ({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' },
  body: `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>${title}</title>
<style>body{font:18px/1.5 sans-serif;max-width:34em;margin:2em auto;padding:0 1em}button{font:inherit;padding:.6em 1.2em;margin:.3em}</style>
<h1>${title}</h1>${body}</html>` });
const amountOf = (order) => `${(order.amountMinor / 100).toFixed(2)} ${escape(order.currency)}`;
const button = (order, what, words) =>
  `<form method="post" action="/demo/decide"><input type="hidden" name="reference" value="${escape(order.reference)}"><button name="what" value="${what}">${words}</button></form>`;
const isOpen = (order) => order.decided === undefined && order.paidMinor === 0;
const choices = (order) => `<p>${amountOf(order)}</p>${isOpen(order) ? button(order, 'paid', 'Pay') + button(order, 'failed', 'Refuse') : ''}`;

const list = () => page(`The fake of ${provider}`, `<p>Nothing here is real money.</p>
${codes.length > 0 ? `<h2>BLIK codes</h2><ul>${codes.map(([code, what]) => `<li><b>${code}</b>: ${what}</li>`).join('')}</ul>` : '<p>It takes no BLIK codes on our page.</p>'}
<h2>Payments</h2>${[...fake.orders.values()].reverse().slice(0, 50).map((order) => `<section>${escape(order.id)}, ${escape(order.state)}${choices(order)}</section>`).join('') || '<p>none yet</p>'}`);

// Whoever has decided goes back as the provider would send them.
function decide(text) {
  const form = new URLSearchParams(text), order = fake.orderOf(form.get('reference'));
  const what = form.get('what');
  if (order === undefined || !['paid', 'failed'].includes(what)) return { status: 400, body: 'no such payment' };
  if (isOpen(order)) fake.decide(order, what);
  order.decided ??= what;
  return { status: 303, headers: { location: order.returnUrl }, body: '' };
}

const answer = fake.answer.bind(fake);
const orderOfPage = (url) => fake.byToken?.get(url.split('/').at(-1)) ?? [...fake.orders.values()].find((order) => url.includes(order.id));
fake.answer = async (request) => {
  if (request.method === 'GET' && request.path === '/') return list();
  if (request.method === 'POST' && request.path === '/demo/decide') return decide(request.text);
  const given = await answer(request);
  const isPage = request.method === 'GET' && given.status === 200 && typeof given.body === 'string';
  const order = isPage ? orderOfPage(`${request.path}?${request.query}`) : undefined;
  return order === undefined ? given : page(`Pay at the fake of ${provider}`, choices(order));
};

// ---- both of them ----

const { entry, files } = fake.settings();
const place = (name) => inside('fake', name);
for (const [name, content] of Object.entries(files)) writeFileSync(place(name), content, { mode: 0o600 });
const settings = { ...entry, ca_file: inside('certs', 'ca.pem'), api_key_file: place(entry.api_key_file) };
if (entry.root_file) settings.root_file = place(entry.root_file);
if (entry.secret_files) settings.secret_files = entry.secret_files.map(place);
writeFileSync(place('providers.yaml'), `  - ${JSON.stringify(settings)}\n`, { mode: 0o600 });

const child = spawn(dunlin, ['demo', ...options, '--providers', place('providers.yaml')], { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(signal ? 1 : code));
child.on('error', (error) => { console.error(error.message); process.exit(1); });

const listen = async () => {
  if (!existsSync(fake.certificate) || !existsSync(fake.key)) return setTimeout(listen, 100);
  await fake.listen(port);
  console.error(`Customers pay at the fake of ${provider}; what came there: ${fake.url}/`);
};
await listen();
