// Reminders by mail as a whole: customers in PostgreSQL, one or more nodes on it that share the account
// they send from and the mailbox that bounces come to.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { Bed } from './bed.mjs';
import { atEnd } from './cleanup.mjs';
import { startCluster } from './cluster.mjs';
import { dunlin } from './demo.mjs';
import { makeCertificate, makeGateway } from './gateway.mjs';
import { startImapServer } from './imap_server.mjs';
import { startMailServer } from './mail_server.mjs';
import { seedSql } from './push_seed.mjs';

class MailBed extends Bed {
  async startNode() {
    const gateway = await makeGateway({
      workers: 1, database: { url: this.cluster.app, owner_url: this.cluster.owner },
      link_keys_file: path.join(this.dir, 'link.keys'),
      mail: { url: `smtp://localhost:${this.server.port}`, user: 'dunlin', password_file: this.password,
        ca_file: this.certificate.certificate, from: 'office@bank.example', bounce_domain: 'bounces.bank.example',
        imap: { url: `imap://localhost:${this.imap.port}`, user: this.imap.user, password_file: this.password,
          done_folder: 'Done', every_seconds: 1 } },
    });
    return this.add(gateway);
  }

  // Their step is due now, in the order of their numbers.
  remind(customers) {
    return this.execute(`insert into reminder (customer_id, invoice_id, step, due_at, state, reason)
      select customer_id, invoice_id, 'due', now() - customer_id * interval '1 ms', 'scheduled', 'test'
        from invoice where customer_id in (${customers});
      notify dunlin_reminder`);
  }
}

// A database with `count` customers, each with an address (customer 7: `<name>.7@example.com`, by
// default `row.7@…`) and a debt of 100.00; nothing is due, and no node runs.
export async function startMailBed(count, nameOf = () => 'row') {
  const bed = new MailBed();
  bed.dir = mkdtempSync(path.join(os.tmpdir(), 'dunlin-mail-'));
  atEnd(() => rmSync(bed.dir, { recursive: true, force: true }));
  bed.certificate = makeCertificate(bed.dir, 'mail');
  bed.password = path.join(bed.dir, 'password');
  writeFileSync(bed.password, 'secret\n', { mode: 0o600 });
  bed.server = await startMailServer(bed.certificate);
  bed.imap = await startImapServer(bed.certificate);
  bed.cluster = await startCluster();
  const migrating = await makeGateway({ database: { url: bed.cluster.app, owner_url: bed.cluster.owner } });
  atEnd(() => migrating.end());
  migrating.writeSettings();
  execFileSync(dunlin, ['migrate', '--settings', path.join(migrating.dir, 'dunlin.yaml')], { stdio: 'pipe' });
  await bed.execute(seedSql({ count, devices: 'none', later: [] }));
  const addresses = Array.from({ length: count }, (_, i) => `(${i + 1}, '${nameOf(i + 1)}.${i + 1}@example.com')`);
  await bed.execute(`update customer k set email = a.email, language = 'pl' from (values ${addresses}) a (n, email) where k.customer_id = a.n;
    update invoice set needs_plan = false, payer_language = 'pl', due_date = current_date + 300; delete from reminder; analyze`);
  return bed;
}
