// A file sent with a dispute: from the page's ticket over the listener of files into the database, and
// out again to the creditor; what is refused, and before how much of it was read.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, describe, test } from 'node:test';

import { eventually } from '../support/eventually.mjs';
import { closed, connectTls, exchangeOn } from '../support/gateway.mjs';
import { request } from '../support/https.mjs';
import { startOwed } from '../support/owed.mjs';
import { boundary, files, formHeaders, formOf, openDisputes, pdfOf, post, ticketOf } from '../support/proofs.mjs';

const MIB = 1024 * 1024, DEBTS = 40;
let owed, gateway, debts, key, nextDebt = 0;

before(async () => {
  owed = await startOwed(DEBTS, { workers: 1, upload: { limits: { request_timeout_s: 3 } } });
  gateway = owed.gateway;
  await openDisputes(owed);
  const rows = await owed.query(`select i.customer_id::text, i.invoice_id::text, i.number, p.link_no
    from invoice i join paylink p using (customer_id, invoice_id) order by i.number`);
  debts = rows;
  key = gateway.makeKey('disputes');
});

// A debt that no other test uses, and the one that all may use as nothing is kept of it.
const withCode = (debt) => Object.assign(debt, { code: debt.code ?? gateway.linkOf(debt.number).split('/').at(-1) });
const debtOf = () => withCode(debts[nextDebt++]);
const spareDebt = () => withCode(debts[DEBTS - 1]);
const addressOf = (debt, options) => `/${debt.code}/proof/${ticketOf(gateway, debt, options)}`;
const proofsOf = (debt) => owed.query(`select proof_no, kind, bytes, encode(p.sha256, 'hex') as sha256,
    encode(sha256(c.content), 'hex') as content_sha256
  from proof p join proof_content c using (customer_id, nonce)
  where customer_id = ${debt.customer_id} and invoice_id = ${debt.invoice_id} order by dispute_no, proof_no`);
const theseOf = (debt) => `customer_id = ${debt.customer_id} and invoice_id = ${debt.invoice_id}`;
const contentsOf = async (debt) => Number((await owed.query(`select count(*)::int as n from proof_content
  where customer_id = ${debt.customer_id}`))[0].n);
const sha256 = (file) => createHash('sha256').update(file).digest('hex');
const api = (address, options = {}) => request(`${gateway.settings.private.url}${address}`,
  { ca: readFileSync(gateway.settings.private.certificate), headers: { authorization: `Bearer ${key}` }, ...options });
const disputeOf = (debt, dispute = 1) => `/api/v1/disputes/${debt.customer_id}-${debt.invoice_id}-${dispute}/proofs`;

async function assertNothingKept(debt) {
  assert.deepEqual(await proofsOf(debt), []);
  assert.equal(await contentsOf(debt), 0);
}

// A page in the visitor's words, with a way back to the debt on the public side.
function assertRefusal(answer, status, title, debt) {
  assert.equal(answer.status, status, answer.text);
  assert.match(answer.text, new RegExp(`<h1 class="t">${title}`));
  assert.match(answer.headers['content-security-policy'], /default-src 'none'/);
  assert.equal(answer.headers['cache-control'], 'no-store');
  assert.equal(answer.headers.connection, 'close');
  if (debt) assert.ok(answer.text.includes(`href="${gateway.settings.public.url}/${debt.code}`), answer.text);
}

describe('a good file', () => {
  for (const kind of Object.keys(files))
    test(`${kind} is kept, told in the chain, and handed out as a download`, async () => {
      const debt = debtOf();
      const answer = await post(gateway, addressOf(debt), formOf(files[kind], { type: 'text/html' }));
      assert.equal(answer.status, 303, answer.text);
      assert.equal(answer.headers.location, `${gateway.settings.public.url}/${debt.code}/proof`);
      const digest = sha256(files[kind]);
      assert.deepEqual(await proofsOf(debt),
        [{ proof_no: 1, kind, bytes: files[kind].length, sha256: digest, content_sha256: digest }]);
      const [event] = await owed.query(`select facts from event where customer_id = ${debt.customer_id} and kind = 'dispute.proof'`);
      assert.deepEqual(JSON.parse(event.facts), { dispute_no: 1, proof_no: 1, kind, bytes: files[kind].length, sha256: digest });
      const [chain] = await owed.query(`select event_count = (select count(*) from event e
          where e.customer_id = i.customer_id and e.invoice_id = i.invoice_id) as is_counted,
          chain_head = (select hash from event e where e.customer_id = i.customer_id and e.invoice_id = i.invoice_id
            order by event_no desc limit 1) as is_headed
        from invoice i where customer_id = ${debt.customer_id} and invoice_id = ${debt.invoice_id}`);
      assert.deepEqual(chain, { is_counted: true, is_headed: true });

      const list = await api(disputeOf(debt));
      assert.equal(list.status, 200);
      assert.deepEqual((await api(disputeOf(debt).replace('/proofs', ''))).json().proofs, list.json().proofs, 'the dispute names them, too');
      const [listed] = list.json().proofs;
      assert.deepEqual([listed.proof, listed.kind, listed.bytes, listed.sha256, listed.erased], [1, kind, files[kind].length, digest, false]);
      const out = await api(`${disputeOf(debt)}/1`);
      assert.equal(out.status, 200);
      assert.ok(out.body.equals(files[kind]));
      assert.equal(out.headers['content-type'], kind === 'pdf' ? 'application/pdf' : `image/${kind}`);
      assert.match(out.headers['content-disposition'], new RegExp(`^attachment; filename="proof-[0-9-]+\\.${kind}"$`));
      assert.equal(out.headers['content-security-policy'], "sandbox; default-src 'none'");
      assert.equal(out.headers['x-content-type-options'], 'nosniff');
      assert.equal(out.headers['cache-control'], 'no-store');
    });

  test('of 8 MiB comes in and goes out whole', async () => {
    const debt = debtOf(), file = pdfOf(8 * MIB);
    assert.equal((await post(gateway, addressOf(debt), formOf(file))).status, 303);
    const out = await api(`${disputeOf(debt)}/1`);
    assert.equal(sha256(out.body), sha256(file));
    const head = await api(`${disputeOf(debt)}/1`, { method: 'HEAD' });
    assert.equal(head.headers['content-length'], String(8 * MIB));
    assert.equal(head.body.length, 0);
  });

  test('leads back to thanks in the language that was chosen', async () => {
    const debt = debtOf();
    const answer = await post(gateway, `${addressOf(debt)}?lang=uk`, formOf(files.pdf));
    assert.equal(answer.headers.location, `${gateway.settings.public.url}/${debt.code}/proof?lang=uk`);
    const thanks = await request(answer.headers.location, { ca: owed.caText });
    assert.equal(thanks.status, 200);
    assert.match(thanks.text, /Дякуємо, ваш файл у нас/);
    assert.ok(thanks.text.includes(`href="/${debt.code}?lang=uk"`), thanks.text);
    assert.equal((await request(`${gateway.settings.public.url}/${'A'.repeat(debt.code.length)}/proof`, { ca: owed.caText })).status, 404);
  });

  test('may be one of three of a dispute, not of four', async () => {
    const debt = debtOf();
    for (const kind of ['pdf', 'png', 'jpeg'])
      assert.equal((await post(gateway, addressOf(debt), formOf(files[kind]))).status, 303);
    assertRefusal(await post(gateway, addressOf(debt), formOf(files.webp)), 409, 'We have three files already', debt);
    assert.deepEqual((await proofsOf(debt)).map(({ kind }) => kind), ['pdf', 'png', 'jpeg']);
    assert.equal(await contentsOf(debt), 3);
    await owed.execute(`update dispute set state = 'withdrawn' where ${theseOf(debt)}`);
    await openDisputes(owed, 2, theseOf(debt));
    assert.equal((await post(gateway, addressOf(debt, { dispute: 2 }), formOf(files.webp))).status, 303);
  });
});

describe('a ticket', () => {
  test('lets one of two in that come at once', async () => {
    const debt = debtOf(), address = addressOf(debt);
    const answers = await Promise.all([post(gateway, address, formOf(pdfOf(4 * MIB))), post(gateway, address, formOf(pdfOf(4 * MIB)))]);
    assert.equal(answers.filter(({ status }) => status === 303).length, 1, answers.map(({ status }) => status).join());
    assert.equal((await proofsOf(debt)).length, 1);
    assert.equal(await contentsOf(debt), 1);
    const again = await post(gateway, address, formOf(files.pdf));
    assertRefusal(again, 409, 'This form was sent already', debt);
    assert.equal((await proofsOf(debt)).length, 1);
  });

  test('is good for two minutes', async () => {
    const debt = debtOf();
    assertRefusal(await post(gateway, addressOf(debt, { secondsAgo: 130 }), formOf(files.pdf)), 403, 'Please choose the file once more', debt);
    await assertNothingKept(debt);
    assert.equal((await post(gateway, addressOf(debt, { secondsAgo: 100 }), formOf(files.pdf))).status, 303);
  });

  test('of another link, or of nobody, is refused', async () => {
    const debt = debtOf(), other = debtOf();
    const forged = [`/${debt.code}/proof/${ticketOf(gateway, other)}`, `/${debt.code}/proof/${'A'.repeat(60)}`, `/${debt.code}/proof/x`];
    for (const address of forged)
      assertRefusal(await post(gateway, address, formOf(files.pdf)), 403, 'Please choose the file once more', debt);
    assertRefusal(await post(gateway, `/${'A'.repeat(debt.code.length)}/proof/${ticketOf(gateway, debt)}`, formOf(files.pdf)),
      404, 'This link leads to no payment');
    await assertNothingKept(debt);
    await assertNothingKept(other);
  });

  test('of a debt that there is not is refused', async () => {
    const debt = debtOf();
    const answer = await post(gateway, addressOf({ ...debt, code: debt.code, invoice_id: '999999' }), formOf(files.pdf));
    assertRefusal(answer, 409, 'This report is closed', debt);
    await assertNothingKept(debt);
  });

  for (const [state, at] of [['withdrawn', 'null'], ['rejected', 'now()'], ['accepted', 'now()']])
    test(`of a dispute that is ${state} is refused in plain words`, async () => {
      const debt = debtOf(), address = addressOf(debt);
      await owed.execute(`update dispute set state = '${state}', answered_at = ${at} where ${theseOf(debt)}`);
      assertRefusal(await post(gateway, address, formOf(files.pdf)), 409, 'This report is closed', debt);
      await assertNothingKept(debt);
    });
});

describe('a disguised file', () => {
  const disguised = {
    'a page called .pdf': Buffer.from('<!doctype html><script>alert(1)</script>'.repeat(10)),
    'a drawing with a script': Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
    'an archive': Buffer.from(`PK\x03\x04${'\0'.repeat(40)}PK\x05\x06${'\0'.repeat(18)}`, 'latin1'),
    'a PDF that is an archive, too': Buffer.concat([files.pdf, Buffer.from(`PK\x05\x06${'\0'.repeat(18)}`, 'latin1')]),
    'a page with a PDF in it': Buffer.concat([Buffer.from('<html>'), files.pdf]),
    'a PNG with a page behind it': Buffer.concat([files.png, Buffer.from('<script>alert(1)</script>')]),
    'a program': Buffer.concat([Buffer.from('MZ'), randomBytes(200)]),
  };
  for (const [what, file] of Object.entries(disguised))
    test(`${what} is refused by its content`, async () => {
      const debt = spareDebt();
      assertRefusal(await post(gateway, addressOf(debt), formOf(file, { type: 'application/pdf' })), 415, 'We cannot take this kind of file', debt);
      await assertNothingKept(debt);
    });
});

describe('a form', () => {
  test('without a file says so', async () => {
    const debt = spareDebt();
    assertRefusal(await post(gateway, addressOf(debt), formOf(Buffer.alloc(0), { name: '' })), 422, 'No file was chosen', debt);
  });

  test('that is none, or of another field, is not read', async () => {
    const debt = spareDebt();
    const bad = [formOf(files.pdf, { field: 'other' }), files.pdf, Buffer.from(`--${boundary}--\r\n`), Buffer.alloc(0)];
    for (const body of bad)
      assertRefusal(await post(gateway, addressOf(debt), body), 400, 'We could not read the form', debt);
    assertRefusal(await post(gateway, addressOf(debt), Buffer.from('file=x'), { 'content-type': 'application/x-www-form-urlencoded' }),
      400, 'We could not read the form', debt);
    await assertNothingKept(debt);
  });

  test('of a little more than 8 MiB is told that the file is too large', async () => {
    const debt = spareDebt();
    assertRefusal(await post(gateway, addressOf(debt), formOf(pdfOf(8 * MIB + 1))), 413, 'The file is too large', debt);
    assertRefusal(await post(gateway, addressOf(debt), formOf(pdfOf(12 * MIB))), 413, 'The file is too large', debt);
    await assertNothingKept(debt);
  });
});

const peakOf = (pid) => 1024 * Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
const residentOf = (pid) => 1024 * Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
const forgetPeak = (pid) => writeFileSync(`/proc/${pid}/clear_refs`, '5');

// What a sender of raw bytes gets.
async function send(bytes, options) {
  return exchangeOn(await connectTls(Number(new URL(gateway.settings.upload.url).port)), bytes, options);
}
const headOf = (address, ...lines) => [`POST ${address} HTTP/1.1`, 'Host: localhost', 'Accept: text/html', 'Accept-Language: en',
  `Content-Type: ${formHeaders['content-type']}`, ...lines, '', ''].join('\r\n');

describe('what is refused at its head', () => {
  test('100 MB by length, with a ticket or without', async (t) => {
    const debt = spareDebt(), [pid] = gateway.processes('http');
    forgetPeak(pid);
    const before_ = peakOf(pid);
    for (const address of [addressOf(debt), `/${debt.code}/proof/x`]) {
      const answer = (await send(headOf(address, 'Content-Length: 100000000'))).answers[0];
      assert.equal(answer.status, 413);
      assert.match(answer.body, /The file is too large/);
    }
    // And the bytes as well: they are thrown away, or the sender is cut off.
    const socket = await connectTls(Number(new URL(gateway.settings.upload.url).port));
    const gone = closed(socket);
    socket.write(headOf(addressOf(debt), 'Content-Length: 100000000'));
    const part = Buffer.alloc(MIB);
    for (let sent = 0; sent < 100 && !socket.destroyed; ++sent)
      if (!socket.write(part)) await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), gone]);
    socket.end();
    await gone;
    const grown = peakOf(pid) - before_;
    t.diagnostic(`grown by ${Math.round(grown / 1024)} KiB`);
    assert.ok(grown < 20 * MIB, `${grown}`); // a megabyte or two; the sanitizer's own memory comes in large pages
    await assertNothingKept(debt);
  });

  test('a photograph of 12 MB, whose sender looks for the answer when all is sent', async () => {
    const address = addressOf(spareDebt()), socket = await connectTls(Number(new URL(gateway.settings.upload.url).port));
    socket.pause();
    const part = Buffer.alloc(MIB / 4), write = (bytes) => new Promise((resolve) => { socket.write(bytes, resolve); });
    await write(headOf(address, 'Content-Length: 12582912'));
    for (let sent = 0; sent < 12 * MIB; sent += part.length) await write(part);
    const exchange = exchangeOn(socket, '');
    socket.resume();
    const { answers } = await exchange;
    assert.deepEqual(answers.map(({ status }) => status), [413]);
    assert.match(answers[0].body, /The file is too large/);
  });

  test('a chunked body, however long', async () => {
    const debt = spareDebt();
    const exchange = await send(`${headOf(addressOf(debt), 'Transfer-Encoding: chunked')}100000\r\n${'x'.repeat(0x100000)}\r\n`);
    assert.equal(exchange.answers[0].status, 400);
    assert.match(exchange.answers[0].body, /We could not read the form/);
    await assertNothingKept(debt);
  });

  test('heads that can be read in two ways', async () => {
    const address = addressOf(spareDebt());
    const heads = [
      headOf(address, 'Content-Length: 5', 'Content-Length: 9'),
      headOf(address, 'Content-Length: 5', 'Transfer-Encoding: chunked'),
      headOf(address, 'Content-Length: 0x5'),
      headOf(address, 'X: y\nContent-Length: 8454144'),
      headOf(address, 'Host: other', 'Content-Length: 5'),
      `POST ${address} HTTP/1.1\nContent-Length: 8454144\r\nHost: localhost\r\n\r\n`,
    ];
    for (const head of heads) {
      const { answers, isClosed } = await send(`${head}hello`);
      assert.deepEqual(answers.map(({ status }) => status), [400], head);
      assert.ok(isClosed);
    }
  });

  test('what is not at an address of a form, and a second request', async () => {
    const second = 'GET /favicon.svg HTTP/1.1\r\nHost: localhost\r\n\r\n';
    const debt = spareDebt();
    const rows = [
      [`GET /favicon.svg HTTP/1.1\r\nHost: localhost\r\n\r\n${second}`, 200],
      [`POST /${debt.code}/payments HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8000000\r\n\r\nx`, 404],
      [`PUT ${addressOf(debt)} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8000000\r\n\r\nx`, 405],
      [`GET ${addressOf(debt)} HTTP/1.1\r\nHost: localhost\r\n\r\n`, 405],
      ['GET /api/v1/invoices HTTP/1.1\r\nHost: localhost\r\n\r\n', 404],
    ];
    for (const [bytes, status] of rows) {
      const { answers, isClosed } = await send(bytes);
      assert.deepEqual(answers.map((answer) => answer.status), [status], bytes);
      assert.ok(isClosed);
    }
    assert.equal((await send('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')).text.includes('HTTP/2'), false);
  });

  test('a used ticket, before its body is read', async () => {
    const debt = debtOf(), address = addressOf(debt);
    assert.equal((await post(gateway, address, formOf(files.pdf))).status, 303);
    const exchange = await send(headOf(address, 'Content-Length: 8000000'));
    assert.equal(exchange.answers[0].status, 409);
  });
});

describe('few at once', () => {
  const slowly = async (debt) => {
    const socket = await connectTls(Number(new URL(gateway.settings.upload.url).port));
    socket.write(headOf(addressOf(debt), 'Content-Length: 1000000'));
    return socket;
  };

  test('the fifth waits, a second of the same customer too, and slow ones are cut', async () => {
    const own = debtOf(), fifth = debtOf(), sixth = debtOf(), others = [debtOf(), debtOf(), debtOf()];
    const slow = await Promise.all([own, ...others].map(slowly));
    await eventually(async () => {
      const answer = await post(gateway, addressOf(fifth), formOf(files.pdf, { name: '' }).subarray(0, 40), {});
      return answer.status === 503 && answer.text.includes('Please try again in a moment');
    }, { what: 'four are under way' });
    const began = performance.now();
    await Promise.all(slow.map(closed));
    assert.ok(performance.now() - began < 6000);
    assert.equal((await post(gateway, addressOf(fifth), formOf(files.pdf))).status, 303);

    const first = await slowly(own);
    await eventually(async () => (await post(gateway, addressOf(own), Buffer.from('x'))).status === 503, { what: 'one is under way' });
    assert.equal((await post(gateway, addressOf(sixth), formOf(files.pdf))).status, 303);
    first.destroy();
    await eventually(async () => (await post(gateway, addressOf(own), formOf(files.pdf))).status === 303, { what: 'the place is free' });
  });

  test('four of 8 MiB at once cost a bounded memory, and a connection that ends', async (t) => {
    const [pid] = gateway.processes('http');
    forgetPeak(pid);
    const before_ = peakOf(pid), resident = residentOf(pid);
    const answers = await Promise.all([debtOf(), debtOf(), debtOf(), debtOf()].map((debt) => post(gateway, addressOf(debt), formOf(pdfOf(8 * MIB)))));
    assert.deepEqual(answers.map(({ status }) => status), [303, 303, 303, 303]);
    t.diagnostic(`peak grown by ${Math.round((peakOf(pid) - before_) / MIB)} MiB`);
    const connections = () => owed.query(`select from pg_stat_activity
      where query like '%insert into proof (%' and pid <> pg_backend_pid()`);
    assert.equal((await connections()).length, 1);
    await eventually(async () => (await connections()).length === 0,
      { what: 'the connection for files has ended', within: 15000 });
    t.diagnostic(`kept ${Math.round((residentOf(pid) - resident) / MIB)} MiB`);
    assert.ok(peakOf(pid) - before_ < 200 * MIB);
  });
});

describe('the API', () => {
  test('wants the scope, and knows what there is not', async () => {
    const debt = debtOf();
    assert.deepEqual((await api(disputeOf(debt))).json(), { proofs: [] });
    for (const address of [`${disputeOf(debt)}/1`, `${disputeOf(debt)}/0`, `${disputeOf(debt)}/x`, '/api/v1/disputes/x/proofs', '/api/v1/disputes/1-2/proofs/1'])
      assert.equal((await api(address)).status, 404, address);
    const other = gateway.makeKey('invoices');
    assert.equal((await api(disputeOf(debt), { headers: { authorization: `Bearer ${other}` } })).status, 403);
  });

  test('says that a file was erased', async () => {
    const debt = debtOf();
    await post(gateway, addressOf(debt), formOf(files.pdf));
    await owed.execute(`update proof_content set content = null where customer_id = ${debt.customer_id}`);
    assert.equal((await api(disputeOf(debt))).json().proofs[0].erased, true);
    assert.equal((await api(`${disputeOf(debt)}/1`)).status, 404);
  });
});

test('killed at any step, a file is there with its event and its ticket, or nothing is', async () => {
  const crashFile = path.join(gateway.dir, 'crash');
  gateway.under = ['env', `TEST_CRASH_FILE=${crashFile}`];
  await gateway.stop();
  await gateway.start();
  for (const [step, isKept] of [['proof_read', false], ['proof_sent', false], ['proof_kept', true]]) {
    const debt = debtOf(), address = addressOf(debt), file = formOf(pdfOf(3 * MIB));
    writeFileSync(crashFile, step);
    await assert.rejects(post(gateway, address, file), step);
    await eventually(async () => (await post(gateway, `/${debt.code}/proof/x`, Buffer.alloc(0)).catch(() => ({}))).status === 403,
      { what: 'the process is back', within: 20000 });
    const events = await owed.query(`select from event where customer_id = ${debt.customer_id} and kind = 'dispute.proof'`);
    const found = [(await proofsOf(debt)).length, await contentsOf(debt), events.length];
    // What had been sent whole may be kept although nobody was told: all three, or none.
    assert.ok(found.every((count) => count === found[0]), `${step}: ${found}`);
    if (step !== 'proof_sent') assert.equal(found[0], isKept ? 1 : 0, step);
    assert.equal((await post(gateway, address, file)).status, found[0] === 1 ? 409 : 303, step);
    assert.equal((await proofsOf(debt)).length, 1);
  }
});
