// Reminders as mail, from a due row in PostgreSQL to a real SMTP server, read by a mail parser.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import jsQR from 'jsqr';
import { PNG } from 'pngjs';

import { dunlin, eventually } from '../support/demo.mjs';
import { startMailGateway } from '../support/mail_gateway.mjs';

const run = promisify(execFile);
const owed = await startMailGateway(23), { remind, reminder, server } = owed;

const until = (n, is, what) => eventually(async () => {
  const row = await reminder(n);
  assert.ok(is(row), JSON.stringify(row)); // so that what it waited for is told
  return row;
}, { what: `${what} of reminder ${n}`, every: 20 });
const ended = (n) => until(n, ({ state }) => !['scheduled', 'claimed'].includes(state), 'the end');
const givenBack = (n) => until(n, ({ state, try_at: at, reason }) => state === 'scheduled' && at !== null &&
  !/too slow/.test(reason), 'the return');
const comeBack = (n) => owed.execute(`update reminder r set try_at = null from invoice i
  where i.number = 'FV/${n}' and i.invoice_id = r.invoice_id and r.customer_id = i.customer_id; notify dunlin_reminder`);

test('a mail says what is owed in text and HTML, how to pay it, and how to refuse mails', async () => {
  await remind(0, 'anna@example.com');
  assert.equal((await ended(0)).state, 'sent');
  const [mail] = server.to('anna@example.com');
  assert.ok(mail.session.secure, 'under TLS');
  assert.equal(mail.session.user, 'dunlin');
  assert.match(mail.from, /^bounce(\+[0-9A-Za-z]{18})?@bounces\.bank\.example$/);
  const { headers } = mail;
  assert.equal(headers.get('from').text, '"Bank Przykładowy" <office@bank.example>');
  assert.equal(headers.get('subject'), 'FV/0: termin płatności jest dzisiaj');
  assert.equal(headers.get('auto-submitted'), 'auto-generated');
  const link = mail.text.match(/https:\/\/localhost:\d+\/[0-9A-Za-z]{18}/)[0];
  assert.match(mail.raw, new RegExp(`List-Unsubscribe: <${link}/unsubscribe>\r\n`));
  assert.match(mail.raw, /List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n/);
  assert.match(mail.text, /Do zapłaty: 100,00/);
  assert.match(mail.html, /Do zapłaty: 100,00/);
  assert.match(mail.html, new RegExp(`<a href="${link}"`));
  assert.doesNotMatch(mail.raw.replaceAll('\r\n', ''), /[\r\n]/);
});

test('the transfer code in the mail is the one of the page', async () => {
  const [mail] = server.to('anna@example.com'), [picture] = mail.attachments;
  assert.equal(picture.contentType, 'image/png');
  assert.equal(picture.contentDisposition, 'inline');
  assert.match(mail.html, new RegExp(`src="cid:${picture.cid}"`));
  const png = PNG.sync.read(picture.content);
  const code = jsQR(new Uint8ClampedArray(png.data), png.width, png.height);
  assert.match(code.data, /^\|PL\|61109010140000071219812874\|010000\|Bank Przykładowy\|FV\/0/);
});

test('a greylisted mail comes again when the server asked for it, and arrives once', async () => {
  await remind(1, 'grey.1@example.com');
  const row = await givenBack(1);
  assert.match(row.reason, /^451 4\.7\.1 try later/);
  const waits = (new Date(row.try_at) - Date.now()) / 1000;
  assert.ok(waits > 20 && waits <= 38, `waits ${waits} s`);
  await comeBack(1);
  assert.equal((await ended(1)).state, 'sent');
  assert.equal(server.to('grey.1@example.com').length, 1);
});

test('a refused recipient ends the reminder, and the server\'s words go no further', async () => {
  for (const [n, name, reason] of [[2, 'nobody', '550 5.1.1 no such address'], [3, 'unnamed', '550 refused'],
    [4, 'full', '552 5.2.2 refused']]) {
    await remind(n, `${name}@example.com`);
    const row = await ended(n);
    assert.deepEqual([row.state, row.reason], ['failed', reason]);
  }
  assert.doesNotMatch(owed.gateway.log, /nobody@|User unknown/);
});

test('a refusal by policy is nobody\'s address: it waits, and raises the alarm', async () => {
  for (const [n, name, reason] of [[5, 'policy', '554 5.7.1 refused by policy'], [6, 'spam', '550 5.7.26 refused by policy']]) {
    await remind(n, `${name}@example.com`);
    const row = await givenBack(n);
    assert.equal(row.reason, reason);
    assert.ok(new Date(row.try_at) - Date.now() > 3500e3);
  }
  assert.match(owed.gateway.log, /event="mail refused" why="554 5\.7\.1 refused by policy"/);
});

test('a connection lost before the mail sends it again, during it and after it nobody knows', async () => {
  await remind(7, 'drop@example.com');
  await givenBack(7);
  await comeBack(7);
  assert.equal((await ended(7)).state, 'sent');
  assert.equal(server.to('drop@example.com').length, 1);
  for (const [n, name] of [[8, 'cut'], [9, 'lost']]) { // a small mail is out with its end when the first of it arrives
    await remind(n, `${name}@example.com`);
    const row = await ended(n);
    assert.deepEqual([row.state, row.reason], ['uncertain', 'connection lost after the mail']);
  }
});

test('an address that is none is never written to', async () => {
  await remind(10, 'eve@example.com, anna@example.com');
  assert.equal((await ended(10)).state, 'failed');
  assert.equal(server.mails.filter(({ to }) => /eve|anna@.*,/.test(to)).length, 0);
});

test('a mail whose end is not confirmed yet holds up no other', async () => {
  await remind(21, 'held@example.com');
  await eventually(() => server.held.length === 1, { what: 'the server has it', every: 20 });
  await remind(22, 'after@example.com');
  assert.equal((await ended(22)).state, 'sent');
  assert.equal((await reminder(21)).state, 'claimed');
  server.release();
  assert.equal((await ended(21)).state, 'sent');
});

test('mails go over connections that are there', async () => {
  const sessions = new Set();
  for (let n = 11; n < 20; ++n) {
    await remind(n, `row${n}@example.com`);
    assert.equal((await ended(n)).state, 'sent');
    sessions.add(server.to(`row${n}@example.com`)[0].session.id);
  }
  // Not one a mail; where the machine is busy, more are opened beside these, to be there for the next.
  assert.ok(sessions.size <= 3, `9 mails over ${sessions.size} connections`);
});

test('a server that takes longer to let us in than a claim waits gets its mail the next time', async () => {
  server.hangUpOnAll();
  server.commands.loginMs = 300; // of the 200 that are between a claim and the wire
  await remind(20, 'far@example.com');
  assert.equal((await ended(20)).state, 'sent');
  assert.equal(server.to('far@example.com').length, 1);
  server.commands.loginMs = 0;
});

test('dunlin check proves the mail server, and says what is wrong with it', async () => {
  const check = async (settings) => {
    const file = path.join(owed.gateway.dir, 'check.yaml');
    writeFileSync(file, readFileSync(path.join(owed.gateway.dir, 'dunlin.yaml'), 'utf8').replace(...settings));
    const { stdout } = await run(dunlin, ['check', '--json', '--settings', file]).catch((refused) => refused);
    return JSON.parse(stdout).filter(({ setting }) => setting.startsWith('mail.')).map(({ level, setting, text }) => `${level} ${setting} ${text}`);
  };
  const before = server.mails.length;
  assert.deepEqual(await check(['', '']), ['good mail.url answers, and the login is good',
    'warning mail.imap.url names no folder: nobody hears of addresses that are dead']);
  assert.match((await check(['"dunlin"', '"somebody"']))[0], /^refusal mail\.password_file does not let us log in: 535 5\.7\.8/);
  assert.match((await check([`localhost:${server.port}`, 'localhost:9']))[0], /^warning mail\.url cannot be asked now: /);
  assert.equal(server.mails.length, before);
});
