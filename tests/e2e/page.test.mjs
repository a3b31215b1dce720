// The customer's page in a real browser: every state of a debt, by day and by night, on a phone and
// zoomed, with and without JavaScript.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test, { beforeEach } from 'node:test';
import { gunzipSync } from 'node:zlib';
import jsqr from 'jsqr';
import { PNG } from 'pngjs';
import { assertAccessible, assertFits, openBrowser, openPhone } from '../support/browser.mjs';
import { descendants, startDemo } from '../support/demo.mjs';
import { eventually } from '../support/eventually.mjs';

const KIB = 1024;
const demo = await startDemo();
await demo.setClock('pause');
const browser = await openBrowser();
const link = demo.links[0];
const code = new URL(link).pathname.slice(1);
const debt = await findDebt(link);

// The page itself says which invoice it is about.
async function findDebt(url) {
  const { text } = await demo.get(url);
  const number = text.match(/<p class="s">\S+ <bdi>([^<]+)<\/bdi>/)[1];
  const [row] = await demo.query(`
    select i.customer_id, i.invoice_id, l.link_no
    from invoice i join paylink l using (customer_id, invoice_id)
    where i.number = '${number}'`);
  return row;
}

const these = () => `customer_id = ${debt.customer_id} and invoice_id = ${debt.invoice_id}`;

async function businessNow() {
  const clock = await demo.pane('/clock');
  return clock.now;
}

// A debt of 612.50 PLN of Anna Kowalska, due in three days, of which nothing is paid.
async function seedFreshDebt() {
  const now = await businessNow();
  await demo.execute(`
    begin;
    delete from payment_allocation where ${these()};
    delete from payment where customer_id = ${debt.customer_id};
    delete from hold where ${these()};
    delete from ledger_entry where ${these()};
    insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor, currency, at)
      values (${debt.customer_id}, ${debt.invoice_id}, 1, 'charge', 61250, 'PLN', '${now}');
    update invoice set kind = 'instalment', product = 'Pożyczka gotówkowa', currency = 'PLN',
      amount_minor = 61250, due_minor = 61250, entry_count = 1, paid_at = null,
      account = 'PL61109010140000071219812874',
      due_date = ('${now}'::timestamptz at time zone 'Europe/Warsaw')::date + 3 where ${these()};
    update customer set name = 'Anna Kowalska', language = 'pl', time_zone = 'Europe/Warsaw',
      payment_count = 0 where customer_id = ${debt.customer_id};
    update invoice set link_no = ${debt.link_no}, hold_count = 0 where ${these()};
    update paylink set state = 'active', revoked_at = null where ${these()};
    commit`);
}

const seedPayment = async (state, { method = 'redirect', reason = null, age = 0, askAt = null } = {}) => {
  const at = `'${await businessNow()}'::timestamptz - interval '${age} s'`;
  await demo.execute(`
    begin;
    insert into payment (customer_id, payment_no, link_no, provider, account, method, amount_minor,
        currency, state, reason, provider_reference, form_nonce, created_at, changed_at, ask_at)
      values (${debt.customer_id}, 1, ${debt.link_no}, 'sandbox', 'default', '${method}', 61250,
        'PLN', '${state}', ${reason === null ? 'null' : `'${reason}'`}, 'SB-8842', 'n', ${at}, ${at},
        ${askAt === null ? 'null' : `'${askAt}'`});
    insert into payment_allocation (customer_id, payment_no, invoice_id, amount_minor)
      values (${debt.customer_id}, 1, ${debt.invoice_id}, 61250);
    update customer set payment_count = 9 where customer_id = ${debt.customer_id};
    commit`);
};

const seedPaid = async (minor) => {
  const now = await businessNow();
  await seedPayment('paid');
  await demo.execute(`
    begin;
    insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor, currency,
        payment_no, at)
      values (${debt.customer_id}, ${debt.invoice_id}, 2, 'payment', ${-minor}, 'PLN', 1, '${now}');
    update invoice set due_minor = 61250 - ${minor}, entry_count = 2,
      paid_at = case when ${minor} >= 61250 then '${now}'::timestamptz end where ${these()};
    commit`);
};

const seedHold = (kind) => demo.execute(`
    insert into hold (customer_id, invoice_id, hold_no, kind, created_at)
    values (${debt.customer_id}, ${debt.invoice_id}, 1, '${kind}', now());
    update invoice set hold_count = 1 where ${these()}`);

const states = [
  { name: 'due', says: ['612,50', 'za 3 dni', 'Pożyczka gotówkowa', 'A. K.'], pays: true },
  {
    name: 'overdue',
    seed: () => demo.execute(`update invoice set due_date = due_date - 8 where ${these()}`),
    says: ['5 dni po terminie'],
    pays: true,
  },
  { name: 'part-paid', seed: () => seedPaid(20000), says: ['412,50', 'Zapłacono już'], pays: true },
  { name: 'paid', seed: () => seedPaid(61250), says: ['Zapłacone. Dziękujemy!', 'SB-8842'] },
  { name: 'overpaid', seed: () => seedPaid(62250), says: ['Nadpłata: 10,00'] },
  // Those that wait stand still here: a page that reloads itself pulls the floor from under axe.
  {
    name: 'processing',
    query: '?wait=off',
    seed: () => seedPayment('pending', { age: 90 }),
    says: ['Bank potwierdza', 'Zapłać jeszcze raz'],
  },
  {
    name: 'paying while the bank confirms',
    query: '?again=1',
    seed: () => seedPayment('pending', { age: 90 }),
    says: ['Płatność jest już przetwarzana', 'możesz zapłacić dwa razy', 'Zobacz, co z płatnością'],
  },
  {
    name: 'back from the bank',
    query: '?back=1&wait=off',
    seed: () => seedPayment('started'),
    says: ['Bank potwierdza'],
  },
  {
    name: 'blik waiting',
    query: '?wait=off',
    seed: () => seedPayment('started', { method: 'blik', age: 30 }),
    says: ['Potwierdź w aplikacji banku', 'Podaj nowy kod'],
  },
  {
    name: 'a new code while the first may be confirmed',
    query: '?again=1',
    seed: () => seedPayment('started', { method: 'blik', age: 30 }),
    says: ['Pierwszy kod można jeszcze potwierdzić', 'zapłacisz dwa razy', 'Zobacz, co z płatnością'],
  },
  {
    name: 'a code failed, and the provider is asked why',
    query: '?wait=off',
    seed: () => seedPayment('failed', { method: 'blik', reason: 'refused', askAt: 'infinity', age: 3 }),
    says: ['Płatność się nie udała', 'Pytamy, dlaczego'],
    hides: ['Bank nie przyjął'],
  },
  {
    name: 'a code failed, and nobody knows why',
    seed: () => seedPayment('failed', { method: 'blik', reason: 'refused', askAt: 'infinity', age: 11 }),
    says: ['Płatność się nie udała', 'Bank nie przyjął płatności'],
    pays: true,
  },
  {
    name: 'payment failed',
    seed: () => seedPayment('failed', { method: 'blik', reason: 'blik_code_wrong' }),
    says: ['Płatność się nie udała', 'Kod BLIK był nieprawidłowy'],
    pays: true,
  },
  { name: 'started', seed: () => seedPayment('started'), says: ['czekamy na wynik'], pays: true },
  { name: 'refunded', seed: () => seedPayment('refunded'), says: ['Płatność zwrócono'], pays: true },
  {
    name: 'charged back',
    seed: () => seedPayment('charged_back'),
    says: ['Bank cofnął płatność'],
    pays: true,
  },
  { name: 'in a plan', seed: () => seedHold('plan'), says: ['Masz plan spłaty'], pays: true },
  { name: 'promised', seed: () => seedHold('promise'), says: ['Zapisaliśmy termin'], pays: true },
  { name: 'disputed', seed: () => seedHold('dispute'), says: ['Wyjaśniamy'], pays: true },
  { name: 'held', seed: () => seedHold('admin'), says: ['Przypomnienia są wstrzymane'], pays: true },
  { name: 'wrong blik code', query: '?e=blik', says: ['Kod BLIK ma 6 cyfr'], pays: true },
  { name: 'amount changed', query: '?e=changed', says: ['Kwota się zmieniła'], pays: true },
  {
    name: 'revoked',
    status: 410,
    seed: () => demo.execute(
      `update invoice set link_no = null where ${these()};
       update paylink set state = 'revoked', revoked_at = now() where ${these()}`),
    says: ['Ten link już nie działa'],
    hides: ['612', 'A. K.', 'Pożyczka'],
  },
];

beforeEach(seedFreshDebt);

for (const state of states) {
  test(`${state.name}: reads well by day and by night, and axe finds nothing`, async () => {
    await state.seed?.();
    const page = await openPhone(browser, { colorScheme: 'light' });
    const answer = await page.goto(link + (state.query ?? ''));
    const status = state.status ?? 200;
    assert.equal(answer.status(), status);
    const text = (await page.textContent('body')).replaceAll('\u00a0', ' ');
    for (const words of state.says) assert.ok(text.includes(words), `no "${words}" in: ${text}`);
    for (const words of state.hides ?? []) assert.ok(!text.includes(words), words);
    await assertPrimaryButtonIsSeen(page, state);
    await assertTargetsAreLarge(page);
    await assertAccessible(page, `${state.name}, light`);
    await page.emulateMedia({ colorScheme: 'dark' });
    await assertAccessible(page, `${state.name}, dark`);
    for (const width of [360, 320, 1280]) {
      await page.setViewportSize({ width, height: 740 });
      await assertFits(page, `${state.name} at ${width}`);
    }
    assert.deepEqual(page.complaints.filter((c) => !c.includes(`${status}`)), []);
    await page.context().close();
  });
}

async function assertPrimaryButtonIsSeen(page, state) {
  const buttons = await page.locator('button.g').all();
  assert.equal(buttons.length, state.pays ? 1 : 0, 'one primary button where there is one to pay');
  if (!state.pays) return;
  const box = await buttons[0].boundingBox();
  assert.ok(box.y + box.height <= 740, `the button ends at ${box.y + box.height}`);
}

async function assertTargetsAreLarge(page) {
  // Of a radio button the label around it is what one touches.
  const small = await page.evaluate(() => [...document.querySelectorAll('a, button, input')]
    .map((e) => (e.type === 'radio' ? e.closest('label') : e))
    .filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 43.5)
    .map((e) => e.outerHTML));
  assert.deepEqual(small, []);
}

test('English and Ukrainian pages pass axe and keep the language', async () => {
  for (const [lang, words] of [['en', 'Pay online'], ['uk', 'Сплатити онлайн']]) {
    const page = await openPhone(browser);
    await page.goto(link);
    await page.click(`nav a[lang=${lang}]`);
    assert.equal(await page.getAttribute('html', 'lang'), lang);
    assert.equal(await page.textContent('button.g'), words);
    assert.equal(await page.locator('input[name=lang]').first().getAttribute('value'), lang);
    await assertAccessible(page, lang);
    await page.setViewportSize({ width: 320, height: 640 });
    await assertFits(page, lang);
    await page.context().close();
  }
});

test("the customer's language comes before the browser's", async () => {
  const german = { headers: { 'accept-language': 'de, en;q=0.8, pl;q=0.1' } };
  assert.match((await demo.get(link, german)).text, /lang="pl"/);
  await demo.execute(`update customer set language = 'uk' where customer_id = ${debt.customer_id}`);
  assert.match((await demo.get(link, german)).text, /<html lang="uk">/);
  const nowhere = `${new URL(link).origin}/${'0'.repeat(18)}`;
  assert.match((await demo.get(nowhere, german)).text, /<html lang="en">/);
});

test('without JavaScript nothing is missing but the copy buttons', async () => {
  const page = await openPhone(browser, { javaScriptEnabled: false });
  await page.goto(link);
  assert.ok(await page.isVisible('button.g'));
  assert.ok(await page.isVisible('input[name=blik]'));
  assert.equal(await page.locator('button[data-copy]:visible').count(), 0);
  await page.context().close();
});

test('a copy button copies what a bank wants and says so', async () => {
  const page = await openPhone(browser, { permissions: ['clipboard-read', 'clipboard-write'] });
  await page.goto(link);
  await page.click('[data-copy="61109010140000071219812874"]');
  await page.waitForFunction(() => document.querySelectorAll('dl button')[1].textContent === 'Skopiowano');
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), '61109010140000071219812874');
  await page.context().close();
});

async function readQr(url) {
  const page = await openPhone(browser);
  await page.goto(url);
  await page.setViewportSize({ width: 400, height: 400 });
  const { data, width, height } = PNG.sync.read(await page.screenshot());
  await page.context().close();
  return jsqr(new Uint8ClampedArray(data), width, height)?.data;
}

test('the QR code holds the transfer of what is left to pay', async () => {
  await seedPaid(20000);
  const { text } = await demo.get(link);
  const [recipient, account, amount, title] = [...text.matchAll(/data-copy="([^"]*)"/g)].map((m) => m[1]);
  assert.equal(amount, '412,50');
  const fields = (await readQr(`${link}/qr.svg`)).split('|');
  assert.equal(fields.length, 9);
  assert.deepEqual(fields.slice(1, 4), ['PL', account, '041250']);
  assert.ok(recipient.startsWith(fields[4]) && fields[4].length <= 20, fields[4]);
  assert.equal(fields[5], title);
});

test('the transfer code alone travels compressed, to who takes that', async () => {
  const plain = await demo.get(`${link}/qr.svg`);
  assert.equal(plain.headers['content-encoding'], undefined);
  assert.equal(plain.headers.vary, 'accept-encoding');
  const sent = await demo.get(`${link}/qr.svg`, { headers: { 'accept-encoding': 'gzip' } });
  assert.equal(sent.headers['content-encoding'], 'gzip');
  assert.equal(sent.headers['content-type'], 'image/svg+xml');
  assert.equal(sent.headers['x-content-type-options'], 'nosniff');
  assert.ok(sent.body.length * 3 < plain.body.length, `${sent.body.length}`);
  assert.deepEqual(gunzipSync(sent.body), plain.body);
  // The page holds secrets beside what others may choose: its size must not tell of them.
  const page = await demo.get(link, { headers: { 'accept-encoding': 'gzip' } });
  assert.equal(page.headers['content-encoding'], undefined);
});

test('too large an amount has data to copy and no code', async () => {
  await demo.execute(`update invoice set due_minor = 1000000 where ${these()}`);
  assert.doesNotMatch((await demo.get(link)).text, /<img/);
  assert.equal((await demo.get(`${link}/qr.svg`)).status, 404);
});

test('the page and all it loads come in 14 kB', async () => {
  await seedPayment('failed', { method: 'blik', reason: 'limit_exceeded' });
  for (const lang of ['pl', 'en', 'uk']) {
    const parts = [`${link}?lang=${lang}`, `${link}/qr.svg`, `${new URL(link).origin}/favicon.svg`];
    const headers = { 'accept-encoding': 'gzip, deflate, br' };
    const sizes = await Promise.all(parts.map(async (part) =>
      (await demo.get(part, { headers })).body.length));
    const sum = sizes.reduce((a, b) => a + b);
    assert.ok(sum <= 14 * KIB, `${lang}: ${sizes.join(' + ')}`);
  }
});

test('the page is for its visitor alone', async () => {
  const { headers, text } = await demo.get(link);
  assert.equal(headers['cache-control'], 'no-store');
  assert.equal(headers['referrer-policy'], 'no-referrer');
  assert.match(headers['x-robots-tag'], /noindex/);
  assert.match(headers['content-security-policy'], /default-src 'none'/);
  assert.doesNotMatch(headers['content-security-policy'], /unsafe/);
  assert.doesNotMatch(text, /Kowalska/);
  const title = text.match(/<title>(.*)<\/title>/)[1];
  assert.doesNotMatch(title, /612|A\. K\.|\d{3}/);
  const others = [...text.matchAll(/(?:src|action|href)="([^"]*)"/g)].map((m) => m[1]);
  for (const url of others.filter((u) => /^(\w+:)?\/\//.test(u)))
    assert.ok(text.includes(`<a href="${url}"`), `${url} is loaded from elsewhere`);
});

test('where no app is named there is nothing of one', async () => {
  const { text } = await demo.get(link);
  assert.doesNotMatch(text, /aplikacji<\/a>/);
  for (const file of ['apple-app-site-association', 'assetlinks.json']) {
    const answer = await demo.get(`${new URL(link).origin}/.well-known/${file}`);
    assert.equal(answer.status, 404);
    assert.equal(answer.json().type, 'urn:dunlin:problem:not-found');
    assert.equal(answer.headers['cache-control'], 'no-store');
  }
});

test('GET and HEAD change nothing', async () => {
  const look = () => demo.query(`
    select (select count(*) from payment) payments, (select count(*) from event) events,
      (select count(*) from callback) callbacks, (select count(*) from ledger_entry) entries,
      (select md5(string_agg(c::text, '' order by customer_id)) from customer c) customers,
      (select md5(string_agg(i::text, '' order by invoice_id)) from invoice i) invoices,
      (select md5(string_agg(l::text, '' order by customer_id, link_no)) from paylink l) links`);
  const before = await look();
  for (const query of ['', '?lang=en', '?back=1', '?again=1', '?wait=off', '?e=blik', '?x=%00']) {
    await demo.get(link + query);
    const head = await demo.get(link + query, { method: 'HEAD' });
    assert.equal(head.body.length, 0);
  }
  await demo.get(`${link}/qr.svg`);
  assert.deepEqual(await look(), before);
});

test('while the bank confirms a payment another is started only by who was told so', async () => {
  const fieldsOf = async (query) => {
    const { text } = await demo.get(link + query);
    const form = text.match(/<form[^]*?<\/form>/)[0];
    const fields = [...form.matchAll(/name="(\w+)" value="([^"]*)"/g)].map(([, name, value]) => [name, value]);
    return Object.fromEntries(fields);
  };
  const count = async () => (await demo.query(`select count(*)::int from payment where customer_id = ${debt.customer_id}`))[0].count;
  const stale = await fieldsOf(''); // a tab of before
  await seedPayment('pending');
  const answer = await demo.post(`${link}/payments`, { ...stale, method: 'redirect' });
  assert.deepEqual([answer.status, new URL(answer.headers.location, link).href], [303, link]);
  assert.match((await demo.get(link)).text, /nie płać drugi raz/);
  assert.equal(await count(), 1);
  const told = await demo.post(`${link}/payments`, { ...await fieldsOf('?again=1'), method: 'redirect' });
  assert.match(told.headers.location, /\/bank\//);
  assert.equal(await count(), 2);
});

test('forged, malformed and unknown links get one answer', async () => {
  const origin = new URL(link).origin;
  const flip = (at) => code.slice(0, at) + (code[at] === 'A' ? 'B' : 'A') + code.slice(at + 1);
  const wrong = [flip(1), flip(17), code.slice(0, 17), `${code}0`, 'x', '%20', 'ąę', '..%2f',
    code.toUpperCase() === code ? code.toLowerCase() : code.toUpperCase()];
  const answers = await Promise.all(wrong.map((each) => demo.get(`${origin}/${encodeURI(each)}`)));
  for (const answer of answers) {
    assert.equal(answer.status, 404);
    assert.equal(answer.text, answers[0].text);
  }
  // A code that passes but whose link is gone.
  await demo.execute(`update paylink set link_no = 400000 where ${these()};
    update invoice set link_no = 400000 where ${these()}`);
  const gone = await demo.get(link);
  await demo.execute(`update paylink set link_no = ${debt.link_no} where ${these()};
    update invoice set link_no = ${debt.link_no} where ${these()}`);
  assert.equal(gone.status, 404);
  assert.equal(gone.text, answers[0].text);
  for (const colorScheme of ['light', 'dark']) {
    const page = await openPhone(browser, { colorScheme });
    await page.goto(`${origin}/${flip(1)}`);
    await assertAccessible(page, `nowhere, ${colorScheme}`);
    await page.context().close();
  }
});

test('a form that was tampered with is refused on a page as good as the others', async () => {
  for (const colorScheme of ['light', 'dark']) {
    const page = await openPhone(browser, { colorScheme });
    await page.goto(link);
    await page.evaluate(() => document.querySelectorAll('input[name=token]')
      .forEach((input) => { input.value = 'AAAA'; }));
    const [answer] = await Promise.all([page.waitForNavigation(), page.click('button.g')]);
    assert.equal(answer.status(), 403);
    await assertAccessible(page, `403, ${colorScheme}`);
    await assertFits(page, '403');
    await page.context().close();
  }
});

test('at 200 % on a desk nothing is lost', async () => {
  // 1,280 px wide at 200 % is 640 of the page's own.
  const page = await openPhone(browser, { width: 640, height: 360, isMobile: false, hasTouch: false });
  await page.goto(link);
  await assertFits(page, '200 %');
  await assertAccessible(page, '200 %');
  await page.context().close();
});

test('the waiting page finds out by itself, without JavaScript', async () => {
  await seedPayment('started', { method: 'blik' });
  const page = await openPhone(browser, { javaScriptEnabled: false });
  const answer = await page.goto(link);
  assert.match(answer.headers().refresh, /^\d+$/);
  await demo.execute(`
    begin;
    update payment set state = 'failed', reason = 'blik_not_confirmed'
      where customer_id = ${debt.customer_id};
    commit`);
  await page.waitForSelector('input[name=blik]');
  assert.match(await page.textContent('[role=status]'), /Nie było potwierdzenia/);
  await page.context().close();
});

test('a visitor can stop the refreshing, and can leave the wait', async () => {
  await seedPayment('pending', { age: 90 });
  const page = await openPhone(browser);
  await page.goto(link);
  await page.click('text=Nie odświeżaj sama');
  assert.equal((await page.request.get(page.url())).headers().refresh, undefined);
  await page.click('text=Zapłać jeszcze raz');
  assert.ok(await page.isVisible('button[value=redirect]'));
  await page.context().close();
});

test('hostile data is shown as text', async () => {
  const hostile = ['<script>alert(1)</script>', '"><svg onload=alert(1)>', '{{7*7}}', '\u202egnp.exe',
    '😀'.repeat(300), "'; drop table x; --", '=HYPERLINK("http://x")', 'ą'.repeat(10000)];
  for (const text of hostile) {
    await demo.execute(`
      update invoice set product = $hostile$${text}$hostile$ where ${these()};
      update customer set name = $hostile$${text}$hostile$ where customer_id = ${debt.customer_id}`);
    const page = await openPhone(browser);
    page.on('dialog', () => assert.fail(`${text.slice(0, 30)} ran`));
    await page.goto(link);
    const shown = await page.textContent('.x');
    assert.ok(shown.includes(text.slice(0, 30)), shown);
    await assertFits(page, text.slice(0, 30));
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  }
});

test('a frozen database gets a plain apology within two seconds', async () => {
  const postgres = descendants(demo.pid).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'postgres';
    } catch {
      return false;
    }
  });
  assert.ok(postgres.length > 0);
  // One of them may have ended since it was listed.
  const signal = (pid, name) => {
    try {
      process.kill(pid, name);
    } catch (error) {
      assert.equal(error.code, 'ESRCH');
    }
  };
  for (const pid of postgres) signal(pid, 'SIGSTOP');
  try {
    const start = Date.now();
    const answer = await demo.get(link, { headers: { 'accept-language': 'en' } });
    assert.equal(answer.status, 503);
    assert.ok(answer.headers['retry-after']);
    assert.match(answer.text, /A short break/);
    assert.ok(Date.now() - start < 2500);
  } finally {
    for (const pid of postgres) signal(pid, 'SIGCONT');
  }
  await eventually(async () => (await demo.get(link)).status === 200, { what: 'the page is back' });
});

test('the files beside the page are there', async () => {
  const origin = new URL(link).origin;
  const security = await demo.get(`${origin}/.well-known/security.txt`);
  assert.match(security.text, /^Contact: /m);
  assert.ok(Date.parse(security.text.match(/^Expires: (.*)$/m)[1]) > Date.now());
  const icon = await demo.get(`${origin}/favicon.ico`);
  assert.equal(icon.headers['content-type'], 'image/svg+xml');
});
