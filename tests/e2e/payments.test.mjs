// Starting a payment from the page: one charge however often the button is pressed, limits, BLIK, and
// what the customer meets afterwards.
import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { test } from 'node:test';
import { descendants, eventually, request, startDemo } from '../support/demo.mjs';
import { assertBooksBalance } from '../support/money.mjs';

const demo = await startDemo();

// Links of debtors who owe something and never paid, with what the database knows of them.
const links = await freshLinks();
const next = () => links.pop();

async function freshLinks() {
  const { debtors } = await demo.pane('/debtors.json').then((all) => (Array.isArray(all) ? { debtors: all } : all));
  const fresh = new Map((await demo.query(`select i.number, i.customer_id, i.invoice_id, i.due_minor
    from invoice i join customer k using (customer_id)
    where i.due_minor > 0 and k.payment_count = 0 and i.link_no is not null and i.currency = 'PLN'`))
    .map((row) => [row.number, row]));
  return debtors.filter((debtor) => fresh.has(debtor.number))
    .map((debtor) => ({ url: debtor.link ?? debtor.url, ...fresh.get(debtor.number) }));
}

const field = (text, name) => text.match(new RegExp(`name="${name}" value="([^"]+)"`))?.[1];

async function openForm(link) {
  const page = await demo.get(`${link.url}?again=1`);
  assert.equal(page.status, 200);
  const tokens = [...page.text.matchAll(/name="token" value="([^"]+)"/g)].map((match) => match[1]);
  return { token: tokens[0], blikToken: tokens[1], amount: field(page.text, 'amount') };
}

const pay = (link, fields, options) => demo.post(`${link.url}/payments`, { method: 'redirect', ...fields }, options);
const payByBlik = async (link, blik, more = {}) => {
  const { blikToken, amount } = await openForm(link);
  return pay(link, { token: blikToken, amount, method: 'blik', blik, ...more });
};
const atBank = (location, action, more = {}) => request(location, {
  method: 'POST',
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: new URLSearchParams({ action, ...more }).toString(),
});
const paymentsOf = (link) => demo.query(`select p.payment_no, p.state, p.method, p.reason, p.amount_minor, p.paid_minor
  from payment p join payment_allocation a using (customer_id, payment_no)
  where a.customer_id = ${link.customer_id} and a.invoice_id = ${link.invoice_id} order by payment_no`);
const dueOf = async (link) => (await demo.query(`select due_minor from invoice
  where customer_id = ${link.customer_id} and invoice_id = ${link.invoice_id}`))[0].due_minor;
// Follows /back/… to the page.
async function comeBack(location) {
  const back = new URL(location, demo.url);
  assert.match(back.pathname, /^\/back\/[0-9A-Za-z]{18}$/);
  const answer = await demo.get(back);
  assert.equal(answer.status, 303);
  return demo.get(new URL(answer.headers.location, demo.url));
}

// Empty when it has ended: sessions of the database come and go.
function commandOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

// Times that the text lies in what a process of the demo has allocated, freed or not.
function countInMemory(pid, text) {
  const heap = readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')
    .map((line) => line.match(/^(\w+)-(\w+) .w\S* \w+ \S+ 0 *(\[heap\])?$/)).filter(Boolean)
    .map(([, from, to]) => [parseInt(from, 16), parseInt(to, 16)])
    .filter(([from, to]) => to - from < 1 << 30);
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  let count = 0;
  for (const [from, to] of heap) {
    const bytes = Buffer.alloc(to - from);
    let got = 0;
    try { got = readSync(memory, bytes, 0, bytes.length, from); } catch { continue; } // guard pages
    for (let at = bytes.indexOf(text); at >= 0 && at < got; at = bytes.indexOf(text, at + 1)) ++count;
  }
  closeSync(memory);
  return count;
}

test('no process of the gateway keeps a BLIK code that it was given', async () => {
  const blik = `777${String(Math.random()).slice(2, 5)}`;
  const link = next();
  assert.equal((await payByBlik(link, `${blik.slice(0, 3)} ${blik.slice(3)}`)).status, 303);
  assert.equal((await payByBlik(link, `${blik}9`)).status, 303, 'a digit too many');
  const asSent = [`blik=${blik.slice(0, 3)}+${blik.slice(3)}`, `blik=${blik}9`, `"blik_code":"${blik}"`];
  const workers = descendants(demo.pid).filter((pid) => / http/.test(commandOf(pid)));
  assert.ok(workers.length > 0);
  for (const pid of workers)
    for (const text of asSent) assert.equal(countInMemory(pid, text), 0, `${text} in ${pid}`);
});

test('from the page to the bank and back, paid', async () => {
  const link = next();
  const { token, amount } = await openForm(link);
  const answer = await pay(link, { token, amount });
  assert.equal(answer.status, 303);
  assert.ok(answer.headers.location.startsWith(`${demo.panes}/bank/`));
  const returned = await atBank(answer.headers.location, 'pay');
  assert.equal(returned.status, 303);
  await eventually(async () => (await dueOf(link)) === 0);
  const page = await comeBack(returned.headers.location);
  assert.equal(page.status, 200);
  assert.ok(!page.text.includes('/payments"'), 'a paid page offers no payment');
  const [payment] = await paymentsOf(link);
  assert.equal(payment.state, 'paid');
  await assertBooksBalance(demo);
});

test('neither the bank nor its address learns the code of the link', async () => {
  const link = next();
  const code = new URL(link.url).pathname.slice(1);
  const { token, amount } = await openForm(link);
  const answer = await pay(link, { token, amount });
  assert.ok(!answer.headers.location.includes(code));
  assert.ok(!JSON.stringify(await demo.pane('/bank/payments.json')).includes(code));
  assert.ok(!demo.log.some((line) => line.includes(code)), 'nor does the log');
});

test('a double tap is one payment and one way on', async () => {
  const link = next();
  const { token, amount } = await openForm(link);
  const answers = await Promise.all([pay(link, { token, amount }), pay(link, { token, amount })]);
  answers.push(await pay(link, { token, amount }));
  assert.deepEqual(answers.map((answer) => answer.status), [303, 303, 303]);
  assert.equal(new Set(answers.map((answer) => answer.headers.location)).size, 1);
  assert.equal((await paymentsOf(link)).length, 1);
});

test('paid from two tabs is a visible over-payment, never a lost one', async () => {
  const link = next();
  const due = await dueOf(link);
  const tabs = [await openForm(link), await openForm(link)];
  const locations = [];
  for (const tab of tabs) locations.push((await pay(link, tab)).headers.location);
  assert.equal(new Set(locations).size, 2);
  for (const location of locations) await atBank(location, 'pay');
  await eventually(async () => (await dueOf(link)) === -due);
  assert.deepEqual((await paymentsOf(link)).map((payment) => payment.state), ['paid', 'paid']);
  await assertBooksBalance(demo);
});

test('a form that is not ours starts nothing', async () => {
  const [link, other] = [next(), next()];
  const { token, amount } = await openForm(link);
  const foreign = (await openForm(other)).token;
  const post = (fields, headers) => request(`${link.url}/payments`, {
    method: 'POST', ca: demo.caText,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams({ method: 'redirect', amount, ...fields }).toString(),
  });
  const refused = {
    'from another site': post({ token }, { 'sec-fetch-site': 'cross-site' }),
    'from a sister site': post({ token }, { 'sec-fetch-site': 'same-site' }),
    'no token': post({}, { 'sec-fetch-site': 'same-origin' }),
    'no token, no header': post({}, {}),
    'the token of another link': post({ token: foreign }, { 'sec-fetch-site': 'same-origin' }),
    'a changed token': post({ token: token.replace(/.$/, (c) => (c === 'A' ? 'B' : 'A')) }, {}),
    'an unknown method': post({ token, method: 'cash' }, { 'sec-fetch-site': 'same-origin' }),
    'no amount': post({ token, amount: '' }, { 'sec-fetch-site': 'same-origin' }),
    'a negative amount': post({ token, amount: '-1' }, { 'sec-fetch-site': 'same-origin' }),
    'a huge amount': post({ token, amount: '99999999999999999999' }, { 'sec-fetch-site': 'same-origin' }),
    'the token twice': request(`${link.url}/payments`, {
      method: 'POST', ca: demo.caText, headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: `token=${token}&token=${token}&amount=${amount}&method=redirect`,
    }),
  };
  for (const [says, answer] of Object.entries(refused)) assert.equal((await answer).status, 403, says);
  assert.equal((await paymentsOf(link)).length, 0);
  const old = await post({ token }, {});
  assert.equal(old.status, 303, 'a browser that says nothing is judged by the token');
});

test('another amount than is due starts nothing and is explained', async () => {
  const link = next();
  const { token, amount } = await openForm(link);
  const answer = await pay(link, { token, amount: String(Number(amount) - 1) });
  assert.equal(answer.status, 303);
  assert.match(answer.headers.location, /e=changed/);
  assert.equal((await paymentsOf(link)).length, 0);
});

test('a BLIK code is paid after the nod in the app', async () => {
  const link = next();
  const answer = await payByBlik(link, '777 123');
  assert.equal(answer.status, 303);
  const page = await comeBack(answer.headers.location);
  assert.equal(page.status, 200);
  await eventually(async () => (await dueOf(link)) === 0);
  assert.equal((await paymentsOf(link))[0].method, 'blik');
});

test('a BLIK code that fails says why and leaves the ways on', async () => {
  const link = next();
  const answer = await payByBlik(link, '500500');
  assert.equal(answer.status, 303);
  await eventually(async () => (await paymentsOf(link))[0].state === 'failed');
  const page = await comeBack(answer.headers.location);
  assert.ok(page.text.includes('/payments"'), 'it can be tried again');
  assert.ok((await paymentsOf(link))[0].reason);
});

test('a second code while the first may be confirmed is taken from who was told so', async () => {
  const link = next();
  const stale = await openForm(link);
  const blik = (form, more) => pay(link, { token: form.blikToken, amount: form.amount, method: 'blik', blik: '777123', ...more });
  assert.match((await blik(stale)).headers.location, /^\/back\//);
  const [first, second] = [await openForm(link), await openForm(link)];
  assert.match((await blik(first)).headers.location, /again=1$/);
  assert.equal((await paymentsOf(link)).length, 1);
  const told = await demo.get(`${link.url}?again=1&lang=en`);
  assert.match(told.text, /The first code can still be confirmed/);
  assert.match(told.text, /name="again" value="1"/);
  assert.match((await blik(second, { again: '1' })).headers.location, /^\/back\//);
  assert.equal((await paymentsOf(link)).length, 2);
});

test('what is no BLIK code never leaves the house', async () => {
  const link = next();
  for (const blik of ['12345', '1234567', '12a456', '', '１２３４５６']) {
    const answer = await payByBlik(link, blik);
    assert.equal(answer.status, 303, blik);
    assert.match(answer.headers.location, /e=blik/, blik);
  }
  assert.equal((await paymentsOf(link)).length, 0);
});

test('the sixth start within ten minutes is refused, whether one by one or at once', async () => {
  const [slow, quick] = [next(), next()];
  for (let i = 0; i < 6; ++i)
    assert.equal((await pay(slow, await openForm(slow))).status, i < 5 ? 303 : 429);
  const forms = await Promise.all(Array.from({ length: 15 }, () => openForm(quick)));
  await Promise.all(forms.map((form) => pay(quick, form)));
  assert.ok((await paymentsOf(quick)).length <= 5);
  const blik = next();
  for (let i = 0; i < 6; ++i)
    assert.equal((await payByBlik(blik, '700701', { again: '1' })).status, i < 5 ? 303 : 429);
});

test('a paid, a revoked and an unknown link start nothing', async () => {
  const [paid, revoked] = [next(), next()];
  const form = await openForm(paid);
  await atBank((await pay(paid, await openForm(paid))).headers.location, 'pay');
  await eventually(async () => (await dueOf(paid)) === 0);
  const answer = await pay(paid, form);
  assert.equal(answer.status, 303);
  assert.equal(new URL(answer.headers.location, demo.url).pathname, new URL(paid.url).pathname);
  assert.equal((await paymentsOf(paid)).length, 1);
  const before = await openForm(revoked);
  await demo.execute(`
    update invoice set link_no = null where customer_id = ${revoked.customer_id};
    update paylink set state = 'revoked', revoked_at = now() where customer_id = ${revoked.customer_id}`);
  assert.equal((await pay(revoked, before)).status, 410);
  assert.equal((await paymentsOf(revoked)).length, 0);
  const forged = { url: revoked.url.replace(/.$/, (c) => (c === 'a' ? 'b' : 'a')) };
  assert.equal((await pay(forged, before)).status, 404);
});

test('a reference that nobody made leads nowhere', async () => {
  for (const path of ['/back/aaaaaaaaaaaaaaaaaa', '/back/x', `/back${new URL(demo.links[0]).pathname}`])
    assert.equal((await demo.get(new URL(path, demo.url))).status, 404, path);
});

test('GET and HEAD of all of it change nothing', async () => {
  const link = next();
  for (const method of ['GET', 'HEAD']) {
    assert.equal((await demo.get(`${link.url}/payments`, { method })).status, 405);
    assert.equal((await demo.get(new URL('/callbacks/sandbox', demo.url), { method })).status, 405);
  }
  assert.equal((await paymentsOf(link)).length, 0);
});

for (const [trouble, says] of [
  ['twice', 'sends everything twice'],
  ['disorder', 'sends stale messages after fresh ones'],
  ['before_return', 'calls back before the customer returns'],
]) {
  test(`a bank that ${says} is paid once`, async () => {
    const link = next();
    await demo.trouble(trouble, true);
    try {
      const { headers } = await pay(link, await openForm(link));
      await atBank(headers.location, 'pay');
      await eventually(async () => (await dueOf(link)) === 0);
    } finally {
      await demo.trouble(trouble, false);
    }
    const [payment] = await paymentsOf(link);
    assert.equal(payment.state, 'paid');
    assert.equal(payment.paid_minor, payment.amount_minor);
    await assertBooksBalance(demo);
  });
}

test('a refund by the bank makes the amount due again', async () => {
  const link = next();
  const due = await dueOf(link);
  await demo.trouble('refund', true);
  try {
    const { headers } = await pay(link, await openForm(link));
    await atBank(headers.location, 'pay');
    await eventually(async () => (await paymentsOf(link))[0].state === 'refunded');
  } finally {
    await demo.trouble('refund', false);
  }
  assert.equal(await dueOf(link), due);
  await assertBooksBalance(demo);
});

test('a bank that does not answer is "try again", and trying again is the same charge', async () => {
  const link = next();
  const form = await openForm(link);
  const bank = descendants(demo.pid).filter((pid) => /panes/.test(commandOf(pid)));
  assert.equal(bank.length, 1);
  process.kill(bank[0], 'SIGSTOP');
  try {
    const answer = await pay(link, form);
    assert.equal(answer.status, 502);
    assert.ok(answer.text.includes(new URL(link.url).pathname), 'the page leads back');
    assert.deepEqual((await paymentsOf(link)).map((payment) => payment.state), ['created']);
  } finally {
    process.kill(bank[0], 'SIGCONT');
  }
  const answer = await pay(link, await openForm(link));
  assert.equal(answer.status, 303);
  assert.equal((await paymentsOf(link)).length, 1);
  await atBank(answer.headers.location, 'pay');
  await eventually(async () => (await dueOf(link)) === 0);
  await assertBooksBalance(demo);
});
