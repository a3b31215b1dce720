// A TCP proxy in front of a server that cannot read TLS: it cuts the bytes into pieces of `octets`,
// holds them back, or ends the connection.
import { once } from 'node:events';
import net from 'node:net';

export async function openWire(port, { octets = Infinity } = {}) {
  const pairs = new Set();
  const wire = { octets, isFrozen: false, refuses: false, accepted: 0 };
  const forward = (from, to) => {
    from.on('data', (chunk) => {
      if (wire.isFrozen) return;
      for (let i = 0; i < chunk.length; i += Math.min(wire.octets, chunk.length))
        to.write(chunk.subarray(i, i + wire.octets));
    });
    from.on('end', () => to.end());
    from.on('error', () => {});
    from.on('close', () => to.destroy());
  };
  const server = net.createServer({ noDelay: true }, (near) => {
    ++wire.accepted;
    if (wire.refuses) return near.resetAndDestroy();
    const far = net.connect({ port, host: '127.0.0.1', noDelay: true });
    const pair = { near, far };
    pairs.add(pair);
    near.on('close', () => pairs.delete(pair));
    forward(near, far);
    forward(far, near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(wire, {
    port: server.address().port,
    cutAll() {
      for (const { near, far } of pairs) {
        near.resetAndDestroy();
        far.destroy();
      }
    },
    async close() {
      wire.cutAll();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}
