// HTTP/2 frames as octets (RFC 9113): reading where one begins and ends, and writing those that no
// well-behaved library sends.

export const type = {
  data: 0, headers: 1, priority: 2, reset: 3, settings: 4, push: 5, ping: 6, goaway: 7, window: 8,
  continuation: 9,
};
export const flag = { ack: 1, endStream: 1, endHeaders: 4 };
export const code = {
  noError: 0, protocolError: 1, internalError: 2, flowControl: 3, refusedStream: 7, cancel: 8,
  compression: 9, enhanceYourCalm: 11,
};
export const lastId = 2 ** 31 - 1;
export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

const name = Object.fromEntries(Object.entries(type).map(([word, number]) => [number, word]));

export function frame(kind, flags, stream, payload = Buffer.alloc(0)) {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = kind;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

function numbers(...values) {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => bytes.writeUInt32BE(value, 4 * i));
  return bytes;
}

export const goaway = (last, error = code.noError, debug = '') =>
  frame(type.goaway, 0, 0, Buffer.concat([numbers(last, error), Buffer.from(debug)]));
export const reset = (stream, error) => frame(type.reset, 0, stream, numbers(error));
export const windowUpdate = (stream, octets) => frame(type.window, 0, stream, numbers(octets));
export const ping = (opaque = Buffer.alloc(8)) => frame(type.ping, 0, 0, opaque);

// Pairs of [identifier, value]; 3 is SETTINGS_MAX_CONCURRENT_STREAMS, 4 the initial window.
export const settings = (...pairs) => frame(type.settings, 0, 0, Buffer.concat(
  pairs.map(([id, value]) => Buffer.concat([Buffer.from([id >> 8, id & 255]), numbers(value)]))));

// A header field as a literal without indexing, so that Node's own compression state stays right.
export function field(title, value) {
  const length = (n) => {
    if (n < 127) return Buffer.from([n]);
    const bytes = [127];
    for (n -= 127; n >= 128; n = Math.floor(n / 128)) bytes.push((n % 128) | 128);
    return Buffer.from([...bytes, n]);
  };
  const text = (word) => Buffer.concat([length(Buffer.byteLength(word)), Buffer.from(word)]);
  return Buffer.concat([Buffer.from([0]), text(title), text(value)]);
}

// An integer of HPACK with a prefix of `bits` (RFC 7541 5.1): [value, next].
function integer(block, at, bits) {
  const most = 2 ** bits - 1;
  let value = block[at] & most;
  if (value < most) return [value, at + 1];
  for (let shift = 1; ; shift *= 128) {
    value += (block[++at] & 127) * shift;
    if (block[at] < 128) return [value, at + 1];
  }
}

// How the fields of a header block are written, in order: { kind, name }, where the name is its
// place in the table, 0 for one spelt out. The values are not read.
export function representations(block) {
  const kinds = [[0x80, 0x80, 7, 'indexed'], [0xc0, 0x40, 6, 'incremental'], [0xe0, 0x20, 5, 'size'],
    [0xf0, 0x10, 4, 'never'], [0xf0, 0x00, 4, 'without']];
  const found = [];
  for (let at = 0; at < block.length; ) {
    const [, , bits, kind] = kinds.find(([mask, start]) => (block[at] & mask) === start);
    let name;
    [name, at] = integer(block, at, bits);
    const strings = kind === 'indexed' || kind === 'size' ? 0 : name === 0 ? 2 : 1;
    for (let i = 0; i < strings; ++i) {
      const [length, from] = integer(block, at, 7);
      at = from + length;
    }
    found.push({ kind, name });
  }
  return found;
}

// Follows the frames of one direction through chunks of any size. `on({ type, flags, stream, length,
// payload })` is called when a frame is whole; payloads of DATA are not kept.
export class FrameReader {
  #head = Buffer.alloc(9);
  #have = 0;
  #left = 0;
  #frame;
  #parts;
  #skip;

  constructor(on, { skip = 0 } = {}) {
    this.on = on;
    this.#skip = skip;
  }

  get isBetweenFrames() {
    return this.#have === 0 && this.#skip === 0;
  }

  read(chunk) {
    let at = Math.min(this.#skip, chunk.length);
    this.#skip -= at;
    while (at < chunk.length) at += this.#have < 9 ? this.#readHead(chunk, at) : this.#readPayload(chunk, at);
  }

  #readHead(chunk, at) {
    const used = chunk.copy(this.#head, this.#have, at, at + 9 - this.#have);
    this.#have += used;
    if (this.#have < 9) return used;
    this.#left = this.#head.readUIntBE(0, 3);
    this.#parts = [];
    this.#frame = {
      type: name[this.#head[3]] ?? this.#head[3],
      flags: this.#head[4],
      stream: this.#head.readUInt32BE(5) & 0x7fffffff,
      length: this.#left,
    };
    if (this.#left === 0) this.#finish();
    return used;
  }

  #readPayload(chunk, at) {
    const used = Math.min(this.#left, chunk.length - at);
    if (this.#frame.type !== 'data') this.#parts.push(Buffer.from(chunk.subarray(at, at + used)));
    this.#left -= used;
    if (this.#left === 0) this.#finish();
    return used;
  }

  #finish() {
    this.#have = 0;
    const whole = this.#frame;
    whole.payload = Buffer.concat(this.#parts);
    this.on(whole);
  }
}
