// A real SMTP server (smtp-server) with what mail servers do to mails: the recipient's name says
// which. Mails are read with mailparser.
import { simpleParser } from 'mailparser';
import { readFileSync } from 'node:fs';
import { SMTPServer } from 'smtp-server';

import { atEnd } from './cleanup.mjs';

const refusal = (code, text) => Object.assign(new Error(text), { responseCode: code });

// What happens to a recipient whose address begins so; the others are taken. Each once, where `times` says so.
const atRecipient = {
  grey: { times: 1, answer: refusal(451, '4.7.1 Greylisted, come back in 30 seconds') },
  nobody: { answer: refusal(550, '5.1.1 <nobody@example.com>: Recipient address rejected: User unknown') },
  unnamed: { answer: refusal(550, 'not here') },
  full: { answer: refusal(552, '5.2.2 Mailbox full') },
  policy: { answer: refusal(554, '5.7.1 Relay access denied') },
  drop: { times: 1, drop: true },
};
// And to its message: `cut` in the middle of it, `lost` after its final dot; `held` is taken, and the answer
// waits for release().
const atData = { cut: { times: 1 }, lost: {}, held: {}, spam: { answer: refusal(550, '5.7.26 Message does not pass authentication') } };

export async function startMailServer({ key, certificate, user = 'dunlin', password = 'secret' }) {
  const seen = {}, mails = [], held = [], commands = { connections: 0, logins: 0, loginMs: 0 };
  const ruleOf = (rules, address) => {
    const name = address.split(/[@+.]/)[0], rule = rules[name], at = `${rules === atData}${address}`;
    seen[at] = (seen[at] ?? 0) + 1;
    return rule && seen[at] <= (rule.times ?? Infinity) ? { name, ...rule } : null;
  };
  const server = new SMTPServer({
    key: readFileSync(key), cert: readFileSync(certificate), size: 1 << 20, authMethods: ['PLAIN', 'LOGIN'],
    onConnect(session, done) { ++commands.connections; done(); },
    onAuth(auth, session, done) {
      ++commands.logins;
      if (auth.username !== user || auth.password !== password) return done(refusal(535, '5.7.8 Authentication failed'));
      setTimeout(() => done(null, { user }), commands.loginMs);
    },
    onRcptTo({ address }, session, done) {
      const rule = ruleOf(atRecipient, address);
      if (rule?.drop) return hangUp(session);
      done(rule?.answer);
    },
    onData(stream, session, done) {
      const to = session.envelope.rcptTo[0].address, rule = ruleOf(atData, to), parts = [];
      stream.on('data', (part) => {
        parts.push(part);
        if (rule?.name === 'cut') hangUp(session);
      });
      stream.on('end', async () => {
        if (rule?.name === 'lost') return hangUp(session);
        if (rule?.answer) return done(rule.answer);
        const raw = Buffer.concat(parts);
        mails.push({ ...await simpleParser(raw, { skipImageLinks: true }),
          to, from: session.envelope.mailFrom.address, session, raw: raw.toString('latin1') });
        const say = () => done(null, '2.0.0 Ok: queued');
        if (rule?.name === 'held') held.push(say);
        else say();
      });
    },
  });
  const hangUp = (session) => [...server.connections].find((c) => c.session === session)._socket.destroy();
  server.on('error', () => {}); // connections that end early
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const hangUpOnAll = () => server.connections.forEach((connection) => connection._socket.destroy());
  const close = () => new Promise((resolve) => {
    hangUpOnAll();
    server.close(resolve);
  });
  atEnd(close);
  return { port: server.server.address().port, mails, held, commands, close, hangUpOnAll,
    release: () => held.splice(0).forEach((say) => say()),
    to: (address) => mails.filter((mail) => mail.to === address) };
}
