// A PostgreSQL cluster of a test's own that no Dunlin runs: to be restarted, frozen and killed as an
// operator's database is. Durable as it comes (Dunlin refuses one that forgets); socket only.
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { atEnd } from './cleanup.mjs';
import { postgresPrograms } from './local.mjs';

// PostgreSQL does not run as root: { uid, gid } of somebody else, or nothing.
function unprivileged() {
  if (process.getuid() !== 0) return {};
  for (const name of ['postgres', 'nobody']) {
    try {
      const id = (flag) => Number(execFileSync('id', [flag, name], { stdio: ['ignore', 'pipe', 'ignore'] }));
      return { uid: id('-u'), gid: id('-g') };
    } catch {
      // The next one.
    }
  }
  throw new Error('no unprivileged user');
}

class Cluster {
  constructor() {
    this.user = unprivileged();
    this.dir = mkdtempSync(path.join(tmpdir(), 'dunlin-test-'));
    if (this.user.uid) chownSync(this.dir, this.user.uid, this.user.gid);
    chmodSync(this.dir, 0o755);
    this.data = path.join(this.dir, 'data');
    this.app = `host=${this.dir} port=5432 user=dunlin_app dbname=postgres`;
    this.owner = `host=${this.dir} port=5432 user=owner dbname=postgres`;
    this.run('initdb', '-D', this.data, '-U', 'owner', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync');
  }

  run(program, ...args) {
    execFileSync(path.join(postgresPrograms(), program), args, { ...this.user, cwd: '/', stdio: 'ignore' });
  }

  // start, stop or restart, and what else pg_ctl should be told.
  control(action, ...more) {
    this.run('pg_ctl', action, '-D', this.data, '-s', '-w', '-t', '60', '-l', path.join(this.dir, 'log'),
      '-o', `-c listen_addresses= -c unix_socket_directories=${this.dir}`, ...more);
  }

  remove() {
    try {
      this.control('stop', '-m', 'immediate');
    } catch {
      // It is stopped already.
    }
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 3 });
  }
}

// Settings for a gateway on it: { database: { url: cluster.app, owner_url: cluster.owner } }.
export function startCluster() {
  const cluster = new Cluster();
  atEnd(() => cluster.remove());
  cluster.control('start');
  return cluster;
}
