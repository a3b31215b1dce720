// Dovecot, run as whoever runs the tests: its own configuration, folder and port on loopback.
import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

import { atEnd } from './cleanup.mjs';
import { eventually } from './eventually.mjs';
import { freePorts } from './local.mjs';

const id = (flag) => execFileSync('id', [flag], { encoding: 'utf8' }).trim();

function answers(port) {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: '127.0.0.1' });
    socket.once('data', (data) => { socket.destroy(); resolve(/^\* OK/.test(data)); });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}

// Offers STARTTLS with the certificate, and lets nobody log in without. Mails lie in Maildir folders.
export async function startImapServer({ certificate, key, user = 'bounces', password = 'secret', folders = ['Done'] } = {}) {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'dunlin-imap-')), port = await freePorts(1);
  const isRoot = process.getuid() === 0, name = isRoot ? 'nobody' : id('-un'), group = isRoot ? 'nogroup' : id('-gn');
  const mail = path.join(dir, 'mail');
  for (const folder of ['', ...folders.map((f) => `.${f}`)])
    for (const part of ['cur', 'new', 'tmp']) mkdirSync(path.join(mail, folder, part), { recursive: true });
  const uid = execFileSync('id', ['-u', name], { encoding: 'utf8' }).trim(), gid = execFileSync('id', ['-g', name], { encoding: 'utf8' }).trim();
  copyFileSync(certificate, path.join(dir, 'certificate'));
  copyFileSync(key, path.join(dir, 'key'));
  writeFileSync(path.join(dir, 'users'), `${user}:{PLAIN}${password}:${uid}:${gid}::${dir}::\n`);
  writeFileSync(path.join(dir, 'dovecot.conf'), `
protocols = imap
listen = 127.0.0.1
base_dir = ${dir}/run
state_dir = ${dir}/state
log_path = ${dir}/log
default_internal_user = ${name}
default_internal_group = ${group}
default_login_user = ${name}
first_valid_uid = 1
first_valid_gid = 1
ssl = required
ssl_cert = <${dir}/certificate
ssl_key = <${dir}/key
mail_location = maildir:${mail}
passdb {
  driver = passwd-file
  args = ${dir}/users
}
userdb {
  driver = passwd-file
  args = ${dir}/users
}
service imap-login {
  chroot =
  inet_listener imap {
    address = 127.0.0.1
    port = ${port}
  }
  inet_listener imaps {
    port = 0
  }
}
service anvil {
  chroot =
}
`);
  if (isRoot) execFileSync('chown', ['-R', `${name}:${group}`, dir]);
  if (isRoot) execFileSync('chmod', ['755', dir]);
  const child = spawn('/usr/sbin/dovecot', ['-F', '-c', path.join(dir, 'dovecot.conf')], { stdio: 'ignore' });
  atEnd(async () => {
    child.kill();
    if (child.exitCode === null) await new Promise((resolve) => child.once('exit', resolve));
    rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
  });
  await eventually(() => answers(port), { what: 'dovecot answers', every: 20 });
  let count = 0;
  const listed = (folder) => readdirSync(path.join(mail, folder, 'cur')).concat(readdirSync(path.join(mail, folder, 'new')));
  return {
    port, user, password, dir,
    deliver(text) {
      const unique = `${Date.now()}.${++count}.test`, file = path.join(mail, 'tmp', unique);
      writeFileSync(file, text.replaceAll(/\r?\n/g, '\r\n'));
      if (isRoot) execFileSync('chown', [`${name}:${group}`, file]);
      renameSync(file, path.join(mail, 'new', unique)); // it may be fetched the moment it is there
    },
    inbox: () => listed(''),
    folder: (f) => listed(`.${f}`),
  };
}
