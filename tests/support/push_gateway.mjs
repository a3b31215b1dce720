// A gateway that pushes: `dunlin serve` with apps at fake APNs and FCM services, debtors with devices
// made by SQL, and the sandbox's channels beside push, so that reminders can go another way.
import { writeFileSync } from 'node:fs';
import path from 'node:path';

import { startOwed } from './owed.mjs';
import { account, certificate, folder, keyId, provider, startApns, startFcm, team, topic } from './push.mjs';

export const app = topic;
export { startApns, startFcm };

const at = (fake) => ({ host: 'localhost', connect: `127.0.0.1:${fake.port}`, ca_file: certificate.ca });

export function apnsApp(fake, more = {}) {
  return { app, service: 'apns', environments: ['production'], key_file: provider.file, key_id: keyId,
    team_id: team, ...at(fake), ...more };
}

export function fcmApp(fake, more = {}) {
  const file = path.join(folder, `account-${fake.port}.json`);
  writeFileSync(file, JSON.stringify({ ...account.account, token_uri: fake.tokenUri }), { mode: 0o600 });
  fake.audience = fake.tokenUri;
  return { app, service: 'fcm', account_file: file, ...at(fake), ...more };
}

export const apnsToken = (n) => n.toString(16).padStart(64, '0');
export const fcmToken = (n) => `device-${n}:${'x'.repeat(100)}`;

// Customers K0 … each owe 100.00 PLN (FV/0 …) and have a telephone; nothing is due yet.
export async function startPushGateway(debts, apps, settings = {}) {
  process.env.TEST_CHANNELS = 'sandbox';
  const owed = await startOwed(debts, { push: { apps }, ...settings });
  delete process.env.TEST_CHANNELS;
  // Customers first, as whoever claims locks them.
  await owed.execute(`update customer set phone = '+4850000' || substr(reference, 2);
    update reminder set state = 'cancelled', reason = 'test' where state = 'scheduled'`);
  const idOf = `(select customer_id from customer_registry where reference = '%')`;
  return Object.assign(owed, {
    async addDevice(n, { service = 'apns', token = apnsToken(n), language = null, environment = 'production',
      installation = `installation-${n}-${service}`, registered = 'now()' } = {}) {
      const customer = idOf.replace('%', `K${n}`), lang = language ? `'${language}'` : 'null';
      await owed.execute(`insert into device (customer_id, installation, app, service, environment, target_kind, token,
          language, state, reason, registered_at, seen_at)
        values (${customer}, '${installation}', '${app}', '${service}', '${environment}', 'token', '${token}', ${lang},
          'live', 'registered', ${registered}, now());
        insert into device_token values ('${token}', '${app}', '${service}', ${customer}, '${installation}')
          on conflict do nothing;
        insert into device_installation values ('${installation}', '${app}', ${customer}) on conflict do nothing`);
    },
    async pushes(n, step = 'due') {
      return owed.query(`select p.*, f.fate from push p join push_fate f using (customer_id, invoice_id, step, installation)
        join invoice i using (customer_id, invoice_id) where i.number = 'FV/${n}' and p.step = '${step}'
        order by p.installation`);
    },
    async device(n) {
      const [row] = await owed.query(`select * from device where customer_id = ${idOf.replace('%', `K${n}`)}`);
      return row;
    },
    // How many pushes ended how, and how many were claimed.
    async fates() {
      const rows = await owed.query('select fate, count(*)::int as count from push_fate group by fate');
      return Object.fromEntries(rows.map(({ fate, count }) => [fate, count]));
    },
  });
}
