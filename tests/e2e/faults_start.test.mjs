// Starts that cannot be: certificates and keys that are missing or not to be used, a schema that is
// older or newer than the program. `serve` and `check` say which and what to do, and end with 1.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, describe, test } from 'node:test';

import { atEnd } from '../support/cleanup.mjs';
import { startCluster } from '../support/cluster.mjs';
import { dunlin } from '../support/demo.mjs';
import { eventually } from '../support/eventually.mjs';
import { makeCertificate, makeGateway } from '../support/gateway.mjs';
import { execute, query } from '../support/local.mjs';

// Root reads whatever it likes, unless it is told not to.
const asReader = process.getuid() === 0
  ? ['setpriv', '--bounding-set=-dac_override,-dac_read_search', '--inh-caps=-dac_override,-dac_read_search'] : [];

// { code, out, err } of a command that should end by itself.
function run(command, gateway) {
  const [program, ...args] = [...asReader, dunlin, command, '--settings', path.join(gateway.dir, 'dunlin.yaml')];
  return new Promise((resolve) => {
    execFile(program, args, { timeout: 30000, killSignal: 'SIGTERM' }, (error, out, err) =>
      resolve({ code: error === null ? 0 : error.code, out, err }));
  });
}

async function gatewayWith(settings = {}) {
  const gateway = await makeGateway(settings);
  gateway.writeSettings();
  atEnd(() => gateway.end());
  return gateway;
}

describe('certificates and keys', () => {
  const faults = {
    'a certificate that is missing': { certificate: () => '/nowhere/chain.pem', says: /\/nowhere\/chain\.pem: No such file or directory/ },
    'a key that is missing': { key: () => '/nowhere/chain.key', says: /\/nowhere\/chain\.key: No such file or directory/ },
    'a certificate that we may not read': {
      certificate: ({ certificate }) => { chmodSync(certificate, 0); return certificate; }, says: /\.pem: Permission denied/ },
    'a key that we may not read': { key: ({ key }) => { chmodSync(key, 0); return key; }, says: /\.key: Permission denied/ },
    'a certificate that is none': {
      certificate: ({ certificate }) => { writeFileSync(certificate, 'hello\n'); return certificate; }, says: /\.pem.* no PEM certificate/ },
    'a key that is none': { key: ({ key }) => { writeFileSync(key, 'hello\n'); return key; }, says: /\.key.* no PEM key/ },
    'a key of another certificate': { key: (_, dir) => makeCertificate(dir, 'other').key, says: /is not the certificate's/ },
    'a key with a passphrase': {
      key: ({ key }) => {
        execFileSync('openssl', ['ec', '-in', key, '-out', `${key}.locked`, '-aes256', '-passout', 'pass:secret'], { stdio: 'ignore' });
        return `${key}.locked`;
      },
      says: /passphrase/,
    },
  };
  for (const [index, [name, { says, ...wrong }]] of Object.entries(faults).entries())
    test(`${name}: serve and check say so and end with 1`, async () => {
      const gateway = await gatewayWith();
      const listener = ['public', 'private'][index % 2], [setting, make] = Object.entries(wrong)[0];
      gateway.settings[listener][setting] = make(gateway.settings[listener], gateway.dir);
      gateway.writeSettings();
      const lines = readFileSync(path.join(gateway.dir, 'dunlin.yaml'), 'utf8').split('\n');
      const line = 1 + lines.findIndex((text, i) => i > lines.indexOf(`${listener}:`) && text.startsWith(`  ${setting}:`));

      const served = await run('serve', gateway);
      assert.equal(served.code, 1, served.err);
      assert.match(served.err, says);
      assert.ok(served.err.includes(`the ${listener} listener`), served.err);
      assert.ok(!existsSync(gateway.settings.data_dir), 'nothing was made');

      const checked = await run('check', gateway);
      assert.equal(checked.code, 1, checked.out);
      const found = checked.out.split('\n').find((text) => text.includes(`:${line}: refusal: ${listener}.${setting}`));
      assert.match(found ?? checked.out, says);
    });
});

describe('schemas', () => {
  const folder = new URL('../../migrations', import.meta.url).pathname;
  const files = readdirSync(folder).filter((name) => name.endsWith('.sql')).sort();
  let cluster;
  before(async () => { cluster = await startCluster(); });

  // A database with the first `count` migrations, as an older program has left it.
  async function databaseWith(name, count) {
    const at = (role) => `host=${cluster.dir} port=5432 user=${role} dbname=${name}`;
    await execute(cluster.owner, `create database ${name}`);
    await execute(at('owner'), 'create table schema_migration (version integer primary key, name text not null, '
      + 'sha256 text not null, applied_at timestamptz not null default now())');
    for (const file of files.slice(0, count)) {
      const sql = readFileSync(path.join(folder, file));
      await execute(at('owner'), sql.toString());
      await execute(at('owner'), `insert into schema_migration (version, name, sha256)
        values (${parseInt(file, 10)}, '${file}', '${createHash('sha256').update(sql).digest('hex')}')`);
    }
    return { url: at('dunlin_app'), owner_url: at('owner') };
  }
  const applied = async (database) => (await query(database.owner_url, 'select version from schema_migration order by 1')).length;
  const refuses = async (gateway, says) => {
    for (const command of ['serve', 'check']) {
      const { code, out, err } = await run(command, gateway);
      assert.equal(code, 1, `${command}: ${out}${err}`);
      assert.match(out + err, says);
    }
  };

  test('an older one is brought up to date by serve that knows the owner', async () => {
    const database = await databaseWith('old_known', files.length - 3);
    const gateway = await gatewayWith({ database });
    const checked = await run('check', gateway);
    assert.match(checked.out, /warning: database\.url .* older than this program: \d+ of \d+ migrations are applied/);
    await gateway.start();
    assert.equal(gateway.log.match(/event="migration applied"/g).length, 3);
    assert.equal(await applied(database), files.length);
  });

  test('an older one is refused where only the application is known; `dunlin migrate` as the owner helps', async () => {
    const { url, owner_url: owner } = await databaseWith('old_app', files.length - 1);
    const gateway = await gatewayWith({ database: { url } });
    for (const command of ['serve', 'migrate']) {
      const { code, err } = await run(command, gateway);
      assert.equal(code, 1, err);
      assert.match(err, /only the owner of the tables may migrate them \(database\.owner_url\)/);
    }
    assert.match((await run('check', gateway)).out, /older than this program.*run `dunlin migrate`/);
    const owned = await gatewayWith({ database: { url, owner_url: owner } });
    assert.equal((await run('migrate', owned)).out.trim(), `applied ${files.at(-1)}`);
    assert.match((await run('migrate', owned)).out, /up to date/);
    await gateway.start();
  });

  test('a newer one is refused, and a program that runs says that it is not ready', async () => {
    const database = await databaseWith('newer', files.length);
    const gateway = await (await gatewayWith({ database })).start();
    const ready = async () => (await fetch(`http://127.0.0.1:${gateway.operatorsPort}/readyz`)).status;
    assert.equal(await ready(), 200);
    await execute(database.owner_url, `insert into schema_migration (version, name, sha256) values (9999, '9999_later.sql', 'x')`);
    await eventually(async () => await ready() === 503, { what: 'it is not ready' });
    await gateway.stop();
    await refuses(gateway, /newer than this program: it has migration 9999.*run the newer program/);
    assert.equal((await run('migrate', gateway)).code, 1);
    assert.equal(await applied(database), files.length + 1);
  });

  test('one of another history is refused', async () => {
    const database = await databaseWith('changed', files.length);
    await execute(database.owner_url, `update schema_migration set sha256 = 'x' where version = 3`);
    await refuses(await gatewayWith({ database }), /migration 3 was applied .* another content/);
  });

  test('a database that is not there is refused', async () => {
    const url = `host=${cluster.dir} port=5432 user=dunlin_app dbname=nowhere`;
    await refuses(await gatewayWith({ database: { url } }), /database .nowhere. does not exist/);
    await refuses(await gatewayWith({ database: { url: 'host=/nowhere user=dunlin_app dbname=dunlin' } }),
      /No such file or directory/);
  });

  // A 2xx to a callback is a promise that such a database would not keep.
  for (const [name, spoil, says] of [
    ['that does not wait for the disk', 'alter database %s set synchronous_commit = off', /synchronous_commit is off: a crash would lose callbacks/],
    ['that takes no writes', 'alter database %s set default_transaction_read_only = on', /takes no writes|in a read-only transaction/],
    ['with a table that a crash empties', 'alter table import_bad_row set unlogged', /unlogged tables are emptied by a crash: import_bad_row/],
  ])
    test(`one ${name} is refused`, async () => {
      const database = `forgets_${name.length}`, urls = await databaseWith(database, files.length);
      await execute(spoil.includes('%s') ? cluster.owner : urls.owner_url, spoil.replace('%s', database));
      await refuses(await gatewayWith({ database: urls }), says);
    });
});
