// Business time for gateways that are started with TEST_CLOCK: the page of the demo's clock
// (server/app/demo_clock.c), standing still and written by the test.
import { openSync, writeSync } from 'node:fs';

export class TestClock {
  constructor(file, iso) {
    this.fd = openSync(file, 'w+');
    writeSync(this.fd, Buffer.alloc(48));
    this.set(Date.parse(iso));
  }

  // sequence, base, base of the wall clock, speed (0: it stands), what is kept for the next start.
  set(ms) {
    this.ms = ms;
    const us = Buffer.alloc(8);
    us.writeBigInt64LE(BigInt(ms) * 1000n);
    for (const at of [8, 32]) writeSync(this.fd, us, 0, 8, at);
  }

  advance(seconds) { this.set(this.ms + Math.round(seconds) * 1000); }

  get now() { return new Date(this.ms); }
}
