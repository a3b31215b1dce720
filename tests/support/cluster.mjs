// A PostgreSQL cluster of a test's own that no Dunlin runs: to be restarted, frozen and killed as an
// operator's database is. Durable as it comes (Dunlin refuses one that forgets); socket only.
import { execFile, execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, chownSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import { atEnd } from './cleanup.mjs';
import { descendants, postgresPrograms } from './local.mjs';

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
  }

  async run(program, ...args) {
    await promisify(execFile)(path.join(postgresPrograms(), program), args, { ...this.user, cwd: '/' });
  }

  // start, stop or restart, and what else pg_ctl should be told. Its children keep no pipe of ours.
  async control(action, ...more) {
    await this.run('pg_ctl', action, '-D', this.data, '-s', '-w', '-t', '60', '-l', path.join(this.dir, 'log'),
      '-o', `-c listen_addresses= -c unix_socket_directories=${this.dir}`, ...more);
  }

  processes() {
    const postmaster = Number(readFileSync(path.join(this.data, 'postmaster.pid'), 'utf8').split('\n')[0]);
    return [postmaster, ...descendants(postmaster)];
  }

  freeze() {
    this.frozen = this.processes();
    this.frozen.forEach((pid) => process.kill(pid, 'SIGSTOP'));
  }

  thaw() {
    this.frozen?.forEach((pid) => process.kill(pid, 'SIGCONT'));
    this.frozen = undefined;
  }

  async remove() {
    this.thaw();
    await this.control('stop', '-m', 'immediate').catch(() => {}); // stopped already
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 3 });
  }
}

// Settings for a gateway on it: { database: { url: cluster.app, owner_url: cluster.owner } }. `conf`: lines
// of postgresql.conf.
export async function startCluster(conf = []) {
  const cluster = new Cluster();
  atEnd(() => cluster.remove());
  await cluster.run('initdb', '-D', cluster.data, '-U', 'owner', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync');
  appendFileSync(path.join(cluster.data, 'postgresql.conf'), `${conf.join('\n')}\n`);
  await cluster.control('start');
  return cluster;
}
