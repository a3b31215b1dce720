// Resident memory of the HTTP processes with 4,000 idle TLS connections from 32 loopback addresses.
import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import tls from 'node:tls';

const connectionCount = 4000, addressCount = 32;

// Proportional set size: what the processes share is counted once.
function residentKb(pids) {
    return pids.reduce((sum, pid) => sum +
        Number(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8').match(/^Pss:\s+(\d+)/m)[1]), 0);
}

async function connect(bed, i) {
    const { hostname, port } = new URL(bed.publicOrigin);
    const socket = tls.connect({
        host: '127.0.0.1', port, servername: hostname, ca: bed.ca, ALPNProtocols: ['http/1.1'],
        localAddress: `127.0.0.${2 + i % addressCount}`,
    });
    socket.on('error', () => {});
    await once(socket, 'secureConnect');
    // One small request each, so that the connection is one that has been used and now rests.
    socket.write(`GET /robots.txt HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`);
    await once(socket, 'data');
    return socket;
}

export async function idle(bed) {
    const sockets = [];
    const open = async (count) => {
        while (sockets.length < count)
            sockets.push(...await Promise.all(Array.from(
                { length: Math.min(50, count - sockets.length) },
                (_, i) => connect(bed, sockets.length + i))));
    };
    try {
        await open(100);
        const before = residentKb(bed.httpPids());
        await open(100 + connectionCount);
        const kb = (residentKb(bed.httpPids()) - before) / connectionCount;
        const closed = sockets.filter((socket) => socket.destroyed).length;
        return [{
            name: 'idle', ours: kb, ceiling: 40, unit: 'kB/connection', ratio: closed > 0 ? null : kb / 40,
            wanted: '<= 1', isMet: closed === 0 && kb <= 40, remark: closed > 0 ? `${closed} were closed` : '',
        }];
    } finally {
        for (const socket of sockets)
            socket.destroy();
    }
}
