// Those who give money back over the API: one asks, a second one allows what is large.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';

import { dunlin, execute } from './demo.mjs';
import { eventually } from './eventually.mjs';
import { request } from './https.mjs';

export class Office {
  constructor(at) {
    this.at = at;
    this.ca = readFileSync(at.gateway.settings.private.certificate);
    this.asker = this.key('asker', 'refunds');
    this.second = this.key('second', 'refund_approvals');
    this.both = this.key('both', 'refunds', 'refund_approvals');
  }

  key(name, ...scopes) {
    const text = execFileSync(dunlin, ['key', 'api', 'make', name, ...scopes, '--settings', path.join(this.at.gateway.dir, 'dunlin.yaml')],
      { encoding: 'utf8' });
    return /dk_\S+/.exec(text)[0];
  }

  async call(key, method, where, body, headers = {}) {
    const answer = await request(`${this.at.gateway.settings.private.url}/api/v1${where}`, { ca: this.ca, method,
      headers: { authorization: `Bearer ${key}`, ...headers }, body: body && JSON.stringify(body) });
    return { status: answer.status, ...JSON.parse(answer.text || '{}') };
  }

  async paid() {
    const debt = await this.at.debt(), order = await this.at.start(debt);
    this.at.fake.decide(order, 'paid');
    await this.at.stateIs(debt, 'paid');
    return { ...debt, order };
  }

  ask(debt, body, idempotency = `${debt.number}-1`, key = this.asker) {
    return this.call(key, 'POST', `/invoices/${debt.customer_id}-${debt.invoice_id}/payments/1/refunds`, { reason: 'paid twice', ...body },
      { 'idempotency-key': idempotency });
  }

  async stateOf(id) {
    return (await this.call(this.asker, 'GET', '/refunds')).items.find((one) => one.id === id);
  }

  becomes(id, state) {
    return eventually(async () => {
      await this.hurry();
      const one = await this.stateOf(id);
      return one.state === state && one;
    }, { what: `refund ${id} is ${state}`, within: 30000 });
  }

  // Its next time has come.
  hurry() { return execute(this.at.owner, `update refund set next_try_at = now() where next_try_at > now()`); }
}
