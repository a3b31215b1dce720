// Reminders by SMS as a whole: customers in PostgreSQL, who all pay one day, one or more gateways on it,
// and SMSAPI as the fake plays it. The server keeps the time of each commit.
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';

import { startSmsapiApart } from '../fake/smsapi_apart.mjs';
import { Bed } from './bed.mjs';
import { message, send } from './callbacks.mjs';
import { atEnd, temporaryFolder } from './cleanup.mjs';
import { startCluster } from './cluster.mjs';
import { makeGateway } from './gateway.mjs';
import { keepAliveAgent } from './https.mjs';
import { about } from './money.mjs';
import { Psql } from './psql.mjs';
import { seededPayment, seedSql } from './push_seed.mjs';

const AGAIN_MS = 50;

export const phoneOf = (customer) => String(48500000000 + customer);
export const customerOf = (phone) => Number(phone) - 48500000000;

class SmsBed extends Bed {
  agents = new Map();

  // Nodes of one installation have the keys of its links in common.
  async startNode(more = {}) {
    const gateway = await makeGateway({
      workers: 1, database: { url: this.cluster.app, owner_url: this.cluster.owner },
      link_keys_file: path.join(this.folder, 'link.keys'), ...more,
      sms: { gateway: 'smsapi', url: `${this.fake.url}/sms.do`, check_url: `${this.fake.url}/user.do?format=json&credits=1`,
        token_file: path.join(this.folder, 'token'), sender: 'MyBank', per_second: 0, ...more.sms },
    });
    gateway.settings.providers = [{ provider: 'sandbox', api_url: 'http://127.0.0.1:9', start_origin: 'http://127.0.0.1:9',
      secret_files: [path.join(this.folder, 'bank.secret')] }];
    return this.add(gateway);
  }

  // The payment of customer `n` is told to one of the nodes until it is taken.
  async pay(n) {
    const body = message('paid', about(seededPayment(n)));
    for (;;) {
      const node = this.nodes[Math.floor(Math.random() * this.nodes.length)], owed = this.owedBy(node);
      if (!this.agents.has(node)) this.agents.set(node, keepAliveAgent(owed.caText, { maxSockets: 32 }));
      const { status } = await send(owed, body, { id: `msg_${n}`, agent: this.agents.get(node) }).catch(({ code }) => ({ status: code }));
      if (status === 200) return;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS)); // as a provider does
    }
  }
}

// A database with `count` customers, each with a telephone and a debt of 100.00; nothing is due, and no
// gateway runs. `rules` are the fake's; `db`: a psql that stays open.
export async function startSmsBed({ count, rules }) {
  const bed = await startEmptySmsBed(await startSmsapiApart(rules));
  await bed.execute(seedSql({ count, devices: 'none', later: [] }));
  await bed.execute(`update customer set phone = '+' || 48500000000 + customer_id, language = 'pl';
    update invoice set needs_plan = false, payer_language = 'pl', due_date = current_date + 300; delete from reminder; analyze`);
  return bed;
}

// The same with nobody in it, at a fake of the caller's.
export async function startEmptySmsBed(fake) {
  const bed = new SmsBed();
  bed.folder = temporaryFolder();
  bed.cluster = await startCluster(['track_commit_timestamp = on']);
  bed.fake = fake;
  atEnd(() => bed.fake.close());
  atEnd(() => bed.agents.forEach((agent) => agent.destroy()));
  bed.secret = `whsec_${randomBytes(32).toString('base64')}`;
  writeFileSync(path.join(bed.folder, 'bank.secret'), bed.secret, { mode: 0o600 });
  writeFileSync(path.join(bed.folder, 'token'), bed.fake.token, { mode: 0o600 });
  const migrating = await makeGateway({ database: { url: bed.cluster.app, owner_url: bed.cluster.owner } });
  atEnd(() => migrating.end());
  migrating.writeSettings();
  migrating.command('migrate');
  bed.db = new Psql(bed.cluster.owner);
  return bed;
}
