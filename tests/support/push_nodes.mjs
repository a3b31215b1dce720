// Reminders by push as a whole: customers in PostgreSQL, one or more gateways on it, APNs and FCM as
// the fakes play them, and a bank whose customers pay meanwhile.
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { atEnd } from './cleanup.mjs';
import { startCluster } from './cluster.mjs';
import { Bed } from './bed.mjs';
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

class PushBed extends Bed {
  // A gateway on the database of all. Nodes of one installation have the keys of its links in common.
  async startNode() {
    const gateway = await makeGateway({
      workers: 1, database: { url: this.cluster.app, owner_url: this.cluster.owner },
      link_keys_file: this.linkKeys, push: { apps: appsOf(this) },
    });
    gateway.settings.providers = [{ provider: 'sandbox', api_url: 'http://127.0.0.1:9', start_origin: 'http://127.0.0.1:9',
      secret_files: [this.secretFile] }];
    return this.add(gateway);
  }

  // Customers `first` to `last` pay, at random.
  startPayer(gateway, options) {
    return new PushPayer(this.owedBy(gateway), options).start();
  }

  // The telephones of customers `first` to `last` change hands: who is `last` further on registers the
  // token, by the API, as a bank's back end does. Resolves when all have.
  async moveApnsDevices(gateway, { first, last }) {
    const key = gateway.makeKey('devices');
    const ca = readFileSync(gateway.settings.private.certificate), agent = keepAliveAgent(ca, { maxSockets: 4 });
    await inParallel(Array.from({ length: last - first + 1 }, (_, i) => first + i), 4, async (n) => {
      const body = { customer: `push-${n + last}`, app: APNS_APP, service: 'apns', token: apnsToken(n) };
      const { status, text } = await request(`${gateway.settings.private.url}/api/v1/devices/moved-${n}-at`,
        { method: 'PUT', ca, agent, headers: { authorization: `Bearer ${key}` }, body: JSON.stringify(body) });
      if (status >= 300) throw new Error(`device of ${n}: ${status} ${text}`);
    });
    agent.destroy();
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
  migrating.command('migrate');
  await bed.execute(seedSql({ count, devices }));
  return bed;
}
