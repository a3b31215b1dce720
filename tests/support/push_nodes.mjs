// Reminders by push as a whole: customers in PostgreSQL, one or more gateways on it, APNs and FCM as
// the fakes play them, and a bank whose customers pay meanwhile.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { atEnd } from './cleanup.mjs';
import { startCluster } from './cluster.mjs';
import { dunlin, execute, query } from './demo.mjs';
import { eventually } from './eventually.mjs';
import { makeGateway } from './gateway.mjs';
import { keepAliveAgent, request } from './https.mjs';
import { inParallel } from './money.mjs';
import { account, certificate, folder, keyId, provider, startApns, startFcm, team } from './push.mjs';
import { PushPayer } from './push_payer.mjs';
import { APNS_APP, apnsToken, FCM_APP, seedSql } from './push_seed.mjs';

// The account's file as Google's console gives it, but for where tokens are had.
function accountFileFor(fcm) {
  const file = path.join(folder, `account-${fcm.port}.json`);
  writeFileSync(file, JSON.stringify({ ...account.account, token_uri: fcm.tokenUri }), { mode: 0o600 });
  return file;
}

function appsOf({ apns, fcm }) {
  const common = { environments: ['production'], ca_file: certificate.ca, host: 'localhost' };
  return [
    { ...common, app: APNS_APP, service: 'apns', key_file: provider.file, key_id: keyId, team_id: team,
      topic: APNS_APP, connect: `127.0.0.1:${apns.port}` },
    { ...common, app: FCM_APP, service: 'fcm', account_file: accountFileFor(fcm), connect: `127.0.0.1:${fcm.port}` },
  ];
}

class PushBed {
  nodes = [];

  // A gateway on the database of all. Nodes of one installation have the keys of its links in common.
  async startNode() {
    const gateway = await makeGateway({
      workers: 1, database: { url: this.cluster.app, owner_url: this.cluster.owner },
      link_keys_file: this.linkKeys, push: { apps: appsOf(this) },
    });
    gateway.settings.providers = [{ provider: 'sandbox', api_url: 'http://127.0.0.1:9', start_origin: 'http://127.0.0.1:9',
      secret_files: [this.secretFile] }];
    await gateway.start();
    atEnd(() => gateway.end());
    this.nodes.push(gateway);
    return gateway;
  }

  query(sql) {
    return query(this.cluster.owner, sql);
  }

  execute(sql) {
    return execute(this.cluster.owner, sql);
  }

  // What tests/support/provider.mjs asks of whoever is owed.
  owedBy(gateway) {
    return {
      sandbox: { callback: `${gateway.settings.public.url}/callbacks/sandbox`, secret: this.secret },
      caText: readFileSync(gateway.settings.public.certificate),
      query: (sql) => this.query(sql), execute: (sql) => this.execute(sql),
    };
  }

  // Customers `first` to `last` pay, at random.
  startPayer(gateway, options) {
    return new PushPayer(this.owedBy(gateway), options).start();
  }

  // The telephones of customers `first` to `last` change hands: who is `last` further on registers the
  // token, by the API, as a bank's back end does. Resolves when all have.
  async moveApnsDevices(gateway, { first, last }) {
    const settings = path.join(gateway.dir, 'dunlin.yaml');
    const { key } = JSON.parse(execFileSync(dunlin, ['key', 'api', 'make', 'bank', 'devices', '--json', '--settings', settings]));
    const ca = readFileSync(gateway.settings.private.certificate), agent = keepAliveAgent(ca, { maxSockets: 4 });
    await inParallel(Array.from({ length: last - first + 1 }, (_, i) => first + i), 4, async (n) => {
      const body = { customer: `push-${n + last}`, app: APNS_APP, service: 'apns', token: apnsToken(n) };
      const { status, text } = await request(`${gateway.settings.private.url}/api/v1/devices/moved-${n}-at`,
        { method: 'PUT', ca, agent, headers: { authorization: `Bearer ${key}` }, body: JSON.stringify(body) });
      if (status >= 300) throw new Error(`device of ${n}: ${status} ${text}`);
    });
    agent.destroy();
  }

  // The counters of all nodes that answer, added up, by the name and labels of each.
  async metrics() {
    const sums = {};
    for (const { operatorsPort } of this.nodes) {
      const text = await fetch(`http://127.0.0.1:${operatorsPort}/metrics`).then((answer) => answer.text(), () => '');
      for (const line of text.split('\n').filter((one) => one !== '' && !one.startsWith('#'))) {
        const at = line.lastIndexOf(' '), name = line.slice(0, at);
        sums[name] = (sums[name] ?? 0) + Number(line.slice(at + 1));
      }
    }
    return sums;
  }

  // Reminders that wait for another attempt wait no longer: business time for them, moved.
  hurry() {
    return this.execute(`update reminder set try_at = now()
      where state = 'scheduled' and try_at > now()`);
  }

  // As if the three minutes after which the claims of a dead process are looked for had gone by for those
  // that nobody alive can still have in hand: where answers take no longer than five seconds.
  ageClaims() {
    return this.execute(`with aged as (
        update reminder set claimed_at = claimed_at - interval '4 minutes'
        where state = 'claimed' and claimed_at between now() - interval '3 minutes' and now() - interval '5 seconds'
        returning customer_id, invoice_id, step)
      update push p set claimed_at = p.claimed_at - interval '4 minutes' from aged a
      where p.customer_id = a.customer_id and p.invoice_id = a.invoice_id and p.step = a.step and p.state = 'claimed'`);
  }

  // All that was due has come to its end.
  async settled({ within, everyMs = 500, isHurried = true, what = 'every reminder ends' }) {
    let left;
    await eventually(async () => {
      if (isHurried) await this.hurry();
      [left] = await this.query(`select count(*) filter (where state = 'scheduled' and due_at <= now() + interval '1 hour')::int
        as scheduled, count(*) filter (where state = 'claimed')::int as claimed from reminder where state in ('scheduled', 'claimed')`);
      return left.scheduled + left.claimed === 0;
    }, { within, every: everyMs, what }).catch((error) => {
      error.message += `: ${JSON.stringify(left)}\n${this.nodes.map(({ log }) => log.slice(-3000)).join('\n')}`;
      throw error;
    });
  }
}

// Both fakes and a database with `count` customers; no gateway yet.
export async function startPushBed({ count, devices, apns = {}, fcm = {} }) {
  const bed = new PushBed();
  bed.count = count;
  bed.cluster = await startCluster();
  bed.apns = await startApns({ environment: 'production', topics: { [team]: [APNS_APP] }, ...apns });
  bed.fcm = await startFcm(fcm);
  bed.fcm.audience = bed.fcm.tokenUri;
  bed.secret = `whsec_${randomBytes(32).toString('base64')}`;
  bed.secretFile = path.join(folder, `bank-${bed.apns.port}.secret`);
  writeFileSync(bed.secretFile, bed.secret, { mode: 0o600 });
  bed.linkKeys = path.join(folder, `link-${bed.apns.port}.keys`);
  const migrating = await makeGateway({ database: { url: bed.cluster.app, owner_url: bed.cluster.owner } });
  atEnd(() => migrating.end());
  migrating.writeSettings();
  execFileSync(dunlin, ['migrate', '--settings', path.join(migrating.dir, 'dunlin.yaml')], { stdio: 'pipe' });
  await bed.execute(seedSql({ count, devices }));
  return bed;
}
