// One database and the gateways on it, as one installation: its nodes, and the waiting for all that is
// due to have come to its end.
import { readFileSync } from 'node:fs';

import { atEnd } from './cleanup.mjs';
import { execute, query } from './demo.mjs';
import { eventually } from './eventually.mjs';

export class Bed {
  nodes = []; // those that run

  // Starts it as one of the nodes.
  async add(gateway) {
    await gateway.start();
    atEnd(() => gateway.end());
    this.nodes.push(gateway);
    return gateway;
  }

  // kill -9 of all its processes at once, as a machine that loses power.
  cutPower(gateway) {
    for (const pid of [gateway.pid, ...gateway.processes('')]) process.kill(pid, 'SIGKILL');
    this.nodes = this.nodes.filter((node) => node !== gateway);
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
