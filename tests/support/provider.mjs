// A provider that never stops calling back: so many new callbacks a second, each again until it is
// told 200, and some again although they were. Each is a part of its payment, known by its movement.
import assert from 'node:assert/strict';

import { message, send } from './callbacks.mjs';
import { keepAliveAgent } from './https.mjs';
import { about, assertBooksBalance } from './money.mjs';

const PART_MINOR = 100;
const PARTS_MAX = 60; // of one payment: Dunlin keeps 64
const AGAIN = 0.05;   // of the answered ones come again

export class Provider {
  // `onAnswer({ id, status, headers, ms })` sees each answer; `status` is an error's code when there
  // was none.
  constructor(owed, payments, { perSecond, width = 48, onAnswer = () => {} }) {
    Object.assign(this, { owed, payments, perSecond, width, onAnswer });
    this.agent = keepAliveAgent(owed.caText, { maxSockets: width });
    this.count = 0;          // of callbacks made
    this.answered = new Map(); // told 200: id to callback
    this.again = [];         // not told 200
    this.inHand = new Set();
    this.statuses = {};      // how often each
    this.offered = 0;
  }

  start() {
    this.started = performance.now();
    this.timer = setInterval(() => this.offer(), 10);
    return this;
  }

  // What is due by the clock, as far as there are connections for it.
  offer() {
    const due = Math.floor((performance.now() - this.started) / 1000 * this.perSecond) - this.offered;
    for (let i = 0; i < due; ++i) {
      ++this.offered;
      if (this.inHand.size < this.width) this.send(this.choose());
    }
  }

  choose() {
    if (this.again.length > 0 && Math.random() < 0.5) return this.again.shift();
    if (this.answered.size > 0 && Math.random() < AGAIN) return this.last;
    return this.make();
  }

  make() {
    const payment = this.payments[this.count % this.payments.length];
    const part = Math.floor(this.count++ / this.payments.length);
    assert.ok(part < PARTS_MAX, 'the flood needs more payments');
    const movement = `mv_${payment.id}_${part}`;
    return { id: `msg_${payment.id}_${part}`, movement,
      body: message('paid', about(payment, { movement, amount_minor: PART_MINOR })) };
  }

  send(callback) {
    const begun = performance.now();
    const told = send(this.owed, callback.body, { id: callback.id, agent: this.agent })
      .catch((error) => ({ status: error.code, headers: {} }))
      .then(({ status, headers, text }) => {
        this.inHand.delete(told);
        this.note(callback, status);
        this.onAnswer({ id: callback.id, status, headers, text, ms: performance.now() - begun });
      });
    this.inHand.add(told);
    return told;
  }

  note(callback, status) {
    this.statuses[status] = (this.statuses[status] ?? 0) + 1;
    if (status === 200) {
      this.answered.set(callback.id, callback);
      this.last = callback;
    } else if (!this.answered.has(callback.id)) {
      this.again.push(callback);
    }
  }

  // No new ones; all that were not told 200 come until they are.
  async finish() {
    clearInterval(this.timer);
    this.seconds = (performance.now() - this.started) / 1000;
    await Promise.all(this.inHand);
    for (const end = Date.now() + 30000; this.again.length > 0;) {
      assert.ok(Date.now() < end, `${this.again.length} callbacks are not taken: ${JSON.stringify(this.statuses)}`);
      await Promise.all(this.again.splice(0, this.width).map((callback) => this.send(callback)));
    }
    this.agent.destroy();
  }

  // Every callback that was told 200 is booked, each exactly once, and nothing else is for these payments.
  async assertBooked() {
    const outcomes = await this.owed.query(`select dedup_key from callback_outcome where state = 'applied'`);
    const applied = new Set(outcomes.map((row) => row.dedup_key));
    assert.deepEqual([...this.answered.keys()].filter((id) => !applied.has(id)), [], 'told 200 and not kept');
    const entries = await this.owed.query(`select e.source_reference as movement, e.amount_minor
      from ledger_entry e join payment p using (customer_id, payment_no)
      where e.kind = 'payment' and p.form_nonce = '${this.payments[0].id.split('_')[0]}'`);
    const wanted = [...this.answered.values()].map((callback) => `${callback.movement} ${-PART_MINOR}`);
    assert.deepEqual(entries.map((row) => `${row.movement} ${row.amount_minor}`).sort(), wanted.sort());
    const wrong = await this.owed.query(`select p.customer_id from payment p where p.paid_minor <> -(
      select coalesce(sum(e.amount_minor), 0) from ledger_entry e
      where e.customer_id = p.customer_id and e.payment_no = p.payment_no)`);
    assert.deepEqual(wrong, []);
    await assertBooksBalance(this.owed);
  }
}
