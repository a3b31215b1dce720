// A gateway whose mail goes to a real SMTP server, and debtors whose reminders are mails.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { atEnd } from './cleanup.mjs';
import { makeCertificate } from './gateway.mjs';
import { startImapServer } from './imap_server.mjs';
import { startMailServer } from './mail_server.mjs';
import { startOwed } from './owed.mjs';

// With `hasBounces` also a mailbox for bounces.
export async function startMailGateway(debts, { mail = {}, hasBounces = false, ...settings } = {}) {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'dunlin-mail-'));
  atEnd(() => rmSync(dir, { recursive: true, force: true }));
  const certificate = makeCertificate(dir, 'mail');
  const server = await startMailServer(certificate), password = path.join(dir, 'password');
  writeFileSync(password, 'secret\n', { mode: 0o600 });
  const imap = hasBounces ? await startImapServer(certificate) : null;
  const owed = await startOwed(debts, {
    creditor: { name: 'Bank Przykładowy', website: 'https://bank.example', phone: '+48 22 000 00 00',
      account: 'PL61109010140000071219812874' },
    mail: { url: `smtp://localhost:${server.port}`, user: 'dunlin', password_file: password, ca_file: certificate.certificate,
      from: 'office@bank.example', bounce_domain: 'bounces.bank.example', ...mail,
      ...(imap && { imap: { url: `imap://localhost:${imap.port}`, user: imap.user, password_file: password,
        done_folder: 'Done', every_seconds: 1 } }) },
    ...settings,
  });
  await owed.execute(`update reminder set state = 'cancelled', reason = 'test' where state = 'scheduled'`);
  const { remind } = owed;
  return Object.assign(owed, {
    server, imap, dir, password, certificate,
    // Customer n's reminder is due now, as a mail to this address.
    async remind(n, address, step = 'due') {
      await owed.execute(`update customer set email = '${address}', phone = null where reference = 'K${n}'`);
      await remind([n], step);
    },
    async customer(n) {
      return (await owed.query(`select * from customer where reference = 'K${n}'`))[0];
    },
  });
}
