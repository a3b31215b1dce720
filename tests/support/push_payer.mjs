// Customers of push_seed.mjs who pay their debts in full, in random order, by signed callbacks.
import { message } from './callbacks.mjs';
import { eventually } from './eventually.mjs';
import { about, shuffled } from './money.mjs';
import { Provider } from './provider.mjs';
import { seededPayment } from './push_seed.mjs';

const AGAIN = 0.05; // of the answered ones come again

export class PushPayer extends Provider {
  // `owed` as for Provider; customers `first` to `last`; the rest of `options` as Provider's.
  constructor(owed, { first, last, ...options }) {
    super(owed, shuffled(Array.from({ length: last - first + 1 }, (_, i) => seededPayment(first + i))), options);
  }

  // Nobody pays any more.
  stop() {
    return super.finish();
  }

  // All have paid and been told so.
  async finish() {
    await eventually(() => this.answered.size === this.payments.length, { what: 'all have paid', within: 600000, every: 20 });
    await this.stop();
  }

  offer() {
    if (this.answered.size < this.payments.length) super.offer();
  }

  choose() {
    if (this.again.length > 0) return this.again.shift();
    const isOver = this.count >= this.payments.length;
    return this.last !== undefined && (isOver || Math.random() < AGAIN) ? this.last : this.make();
  }

  make() {
    const payment = this.payments[this.count++];
    return { id: `msg_${payment.id}`, movement: `mv_${payment.id}`, body: message('paid', about(payment)) };
  }
}
