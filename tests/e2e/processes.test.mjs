// Supervisor and processes: certificates and sessions, crashes, ends, and one gateway taking over
// from another.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { descendants, isRunning } from '../support/demo.mjs';
import { eventually } from '../support/eventually.mjs';
import { closed, connectTls, exchangeOn, makeCertificate, makeGateway, parseAnswers, startGateway } from '../support/gateway.mjs';

const get = 'GET /favicon.svg HTTP/1.1\r\nHost: localhost\r\n\r\n';
const getAndClose = 'GET /favicon.svg HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
let gateway;

before(async () => {
    gateway = await startGateway();
});
after(() => gateway.end());

async function peerName(from, port = from.publicPort) {
    const socket = await connectTls(port);
    const name = socket.getPeerCertificate().subject.CN;
    socket.destroy();
    return name;
}

async function isServed(from) {
    return (await from.exchange(getAndClose)).answers[0]?.status === 200;
}

// The session a server hands out, after one request.
async function sessionFrom(from, version) {
    const socket = await from.connect({ maxVersion: version, minVersion: version });
    const found = once(socket, 'session');
    socket.write(getAndClose);
    const [session] = version === 'TLSv1.2' ? [socket.getSession()] : await found;
    await closed(socket);
    return session;
}

async function isResumed(from, session, version, options = {}) {
    const socket = await connectTls(options.port ?? from.publicPort, { session, maxVersion: version, minVersion: version });
    const answer = socket.isSessionReused();
    const exchange = await exchangeOn(socket, getAndClose);
    assert.equal(exchange.answers.length, 1);
    return answer;
}

describe('certificates', () => {
    const settings = () => gateway.settings.public;
    const replace = ({ certificate, key }) => {
        copyFileSync(key, settings().key);
        copyFileSync(certificate, settings().certificate);
    };

    test('a new one is used by new connections, while old connections go on', async () => {
        const old = await gateway.connect();
        assert.equal(await peerName(gateway), 'public');
        replace(makeCertificate(gateway.dir, 'renewed'));
        await eventually(async () => await peerName(gateway) === 'renewed' && await peerName(gateway) === 'renewed');
        assert.equal((await exchangeOn(old, getAndClose)).answers[0].status, 200);
    });

    test('a broken one is not used, and the log says so', async () => {
        const name = await peerName(gateway);
        const good = readFileSync(settings().certificate);
        writeFileSync(settings().certificate, 'no certificate');
        await eventually(() => gateway.log.includes('event="certificate not replaced"'));
        assert.equal(await peerName(gateway), name);
        writeFileSync(settings().certificate, good);
    });

    test('SIGHUP reads them at once', async () => {
        replace(makeCertificate(gateway.dir, 'on-signal'));
        gateway.child.kill('SIGHUP');
        await eventually(() => gateway.log.includes('event="certificate reloaded"'));
        await eventually(async () => await peerName(gateway) === 'on-signal');
    });

    test('who connected before a change and speaks after it is served', async () => {
        const early = await Promise.all(Array.from({ length: 8 }, async () => {
            const socket = net.connect(gateway.publicPort, '127.0.0.1');
            await once(socket, 'connect');
            return socket;
        }));
        replace(makeCertificate(gateway.dir, 'later'));
        await eventually(async () => await peerName(gateway) === 'later' && await peerName(gateway) === 'later');
        for (const socket of early) {
            const secure = await connectTls(undefined, { socket });
            assert.equal((await exchangeOn(secure, getAndClose)).answers[0]?.status, 200);
        }
    });
});

describe('sessions', () => {
    for (const version of ['TLSv1.2', 'TLSv1.3'])
        test(`${version}: are resumed by every process, and after a restart`, async () => {
            const session = await sessionFrom(gateway, version);
            for (let i = 0; i < 12; ++i)
                assert.ok(await isResumed(gateway, session, version), `connection ${i}`);
            await gateway.stop();
            await gateway.start();
            assert.ok(await isResumed(gateway, session, version), 'after a restart');
        });

    test('are not resumed on another listener', async () => {
        const session = await sessionFrom(gateway, 'TLSv1.3');
        const socket = await connectTls(gateway.privatePort, { session }).catch(() => null);
        assert.ok(socket === null || !socket.isSessionReused());
        socket?.destroy();
    });

    test('their keys are readable by us alone', () => {
        const files = execFileSync('find', [gateway.settings.data_dir, '-maxdepth', '1', '-name', '*key*', '-type', 'f', '-printf', '%m %f\n'],
            { encoding: 'utf8' }).trim().split('\n');
        assert.equal(files.length, 2, files.join());
        for (const file of files)
            assert.match(file, /^600 /);
    });
});

describe('crashes', () => {
    test('a killed worker is started again, while the others serve', async () => {
        const [first] = gateway.processes('http');
        process.kill(first, 'SIGKILL');
        for (let i = 0; i < 5; ++i)
            assert.ok(await isServed(gateway));
        await eventually(() => gateway.processes('http').length === 2 && !gateway.processes('http').includes(first));
        assert.match(gateway.log, /event="process died" name=http\d status=-1 signal=9 restart_ms=0/);
    });

    test('readiness tells of a process without a sign of life', async () => {
        const ready = async () => (await fetch(`http://127.0.0.1:${gateway.operatorsPort}/readyz`)).status;
        await eventually(async () => await ready() === 200);
        const [first] = gateway.processes('http');
        process.kill(first, 'SIGSTOP');
        try {
            await eventually(async () => await ready() === 503);
        } finally {
            process.kill(first, 'SIGCONT');
        }
        await eventually(async () => await ready() === 200);
    });

    test('a process that hangs is replaced, while the others serve', async () => {
        const [first] = gateway.processes('http');
        process.kill(first, 'SIGSTOP');
        await eventually(async () => {
            assert.ok(await isServed(gateway));
            return gateway.processes('http').length === 2 && !gateway.processes('http').includes(first);
        });
        assert.match(gateway.log, /event="process hangs" name=http\d silent_ms=10000/);
    });

    test('when the supervisor is killed nothing is left, and it starts again', async () => {
        const family = descendants(gateway.pid);
        assert.ok(family.length >= 4);
        await gateway.stop('SIGKILL');
        await eventually(() => !family.some(isRunning), { within: 30000 });
        await gateway.start();
        assert.ok(await isServed(gateway));
    });
});

describe('ends', () => {
    test('SIGTERM finishes what is in hand and leaves no process', async () => {
        const family = descendants(gateway.pid);
        // Half a request is in hand: its other half comes after the signal.
        const busy = await gateway.connect();
        busy.write(get.slice(0, 30));
        const idle = await gateway.connect();
        assert.equal((await new Promise((resolve) => {
            idle.once('data', (data) => resolve(data.toString()));
            idle.write(get);
        })).slice(0, 15), 'HTTP/1.1 200 OK');
        const idleClosed = closed(idle);
        await new Promise((resolve) => busy.write(get.slice(30, 40), resolve));
        const started = Date.now(), stopped = gateway.stop();
        await idleClosed;
        const exchange = await exchangeOn(busy, get.slice(40));
        assert.equal(exchange.answers[0]?.status, 200);
        assert.equal(exchange.answers[0].headers.connection, 'close');
        assert.equal(await stopped, 0);
        assert.ok(Date.now() - started < 10000, `${Date.now() - started} ms`);
        assert.ok(!family.some(isRunning));
        await gateway.start();
    });
});

describe('the end of one process', () => {
    test('a request that has come before it on a kept connection is answered', async () => {
        const sockets = await Promise.all(Array.from({ length: 12 }, () => gateway.connect()));
        const answered = (socket) => new Promise((resolve) => {
            let text = '';
            socket.removeAllListeners('data').on('data', (data) => {
                text += data.toString('latin1');
                const [answer] = parseAnswers(text);
                if (answer?.body.length === Number(answer?.headers['content-length'])) resolve(answer.status);
            });
            socket.once('close', () => resolve('closed'));
            socket.write(get);
        });
        for (const socket of sockets)
            assert.equal(await answered(socket), 200);
        const workers = gateway.processes('http');
        workers.forEach((pid) => process.kill(pid, 'SIGSTOP'));
        workers.forEach((pid) => process.kill(pid, 'SIGTERM'));
        const answers = sockets.map(answered);
        await eventually(() => sockets.every((socket) => socket.writableLength === 0));
        workers.forEach((pid) => process.kill(pid, 'SIGCONT'));
        assert.deepEqual([...new Set(await Promise.all(answers))], [200]);
        await eventually(() => gateway.processes('http').length === 2);
    });
});

describe('one gateway beside another', () => {
    test('takes over without a refused connection', async () => {
        const url = readFileSync(path.join(gateway.settings.data_dir, 'database.conninfo'), 'utf8').trim().split('\n')[0];
        const old = await makeGateway({ database: { url } });
        await old.start();
        const young = await makeGateway({
            database: { url }, data_dir: old.settings.data_dir, public: old.settings.public,
            private: old.settings.private, operators: old.settings.operators,
        });
        const failures = [];
        let isOver = false, servedCount = 0;
        const visitors = Array.from({ length: 8 }, async () => {
            while (!isOver) {
                try {
                    assert.equal((await old.exchange(getAndClose)).answers[0]?.status, 200);
                    ++servedCount;
                } catch (error) {
                    failures.push(error);
                }
            }
        });
        await young.start();
        await old.stop();
        const servedBefore = servedCount;
        await eventually(() => servedCount > servedBefore + 50);
        isOver = true;
        await Promise.all(visitors);
        assert.deepEqual(failures, []);
        await young.end();
        await old.end();
    });
});

describe('refusals at start', () => {
    const outcome = async (more) => {
        const other = await makeGateway(more);
        await assert.rejects(other.start());
        await other.end();
        assert.equal(other.child.exitCode, 1);
        return other.log;
    };

    test('an address in use is named', async () => {
        const server = net.createServer().listen(0, '127.0.0.1');
        await once(server, 'listening');
        const address = `127.0.0.1:${server.address().port}`;
        assert.ok((await outcome({ public: { listen: address } })).includes(`cannot listen on ${address}`));
        server.close();
    });
});

describe('limits of connections', () => {
    let small;
    before(async () => {
        small = await startGateway({
            workers: 1,
            trusted_proxy: { addresses: ['127.0.0.9'], header: 'x-real-ip' },
            public: { limits: { connections: 20, connections_per_address: 5 } },
        });
    });
    after(() => small.end());

    const open = async (count, localAddress) => {
        const tried = await Promise.allSettled(Array.from({ length: count }, () => small.connect({ localAddress })));
        return tried.filter((one) => one.status === 'fulfilled').map((one) => one.value);
    };
    const close = async (sockets) => {
        sockets.forEach((socket) => socket.destroy());
        await eventually(async () => /^dunlin_connections_now [01]$/m.test(
            await (await fetch(`http://127.0.0.1:${small.operatorsPort}/metrics`)).text()));
    };

    test('one address is limited when the listener is over half full, others are served', async () => {
        const crowd = await open(18, '127.0.0.2');
        assert.ok(crowd.length >= 10 && crowd.length <= 12, `${crowd.length} of 18`);
        const other = await open(1, '127.0.0.3');
        assert.equal((await exchangeOn(other[0], getAndClose)).answers[0].status, 200);
        await close(crowd);
    });

    test('four addresses that might fill it together leave room for one more', async () => {
        const crowd = [];
        for (let address = 50; address < 54; ++address)
            crowd.push(...await open(5, `127.0.0.${address}`));
        assert.ok(crowd.length > 12 && crowd.length < 20, `${crowd.length} of 20`);
        const other = await open(1, '127.0.0.60');
        assert.equal((await exchangeOn(other[0], getAndClose)).answers[0].status, 200);
        await close(crowd);
    });

    test('at the global limit a connection waits until another goes', async () => {
        const crowd = [];
        for (let address = 100; address < 120; ++address)
            crowd.push(...await open(1, `127.0.0.${address}`));
        assert.equal(crowd.length, 20);
        const waiting = small.connect({ localAddress: '127.0.0.20' });
        const first = await Promise.race([waiting.then(() => 'served'),
            new Promise((resolve) => setTimeout(resolve, 300, 'waits'))]);
        assert.equal(first, 'waits');
        crowd.splice(0, 5).forEach((socket) => socket.destroy());
        const served = await waiting;
        assert.equal((await exchangeOn(served, getAndClose)).answers[0].status, 200);
        await close(crowd);
    });

    test('behind the trusted proxy the visitor named in its header is counted', async () => {
        const ask = (socket, visitor) => new Promise((resolve) => {
            socket.once('data', (data) => resolve(Number(data.toString().slice(9, 12))));
            socket.write(`GET /favicon.svg HTTP/1.1\r\nHost: localhost\r\nX-Real-IP: ${visitor}\r\n\r\n`);
        });
        const crowd = await open(14, '127.0.0.9');
        assert.equal(crowd.length, 14);
        const answers = [];
        for (const socket of crowd)
            answers.push(await ask(socket, '203.0.113.7'));
        assert.ok(answers.filter((status) => status === 200).length >= 5);
        assert.ok(answers.includes(429), answers.join());
        const [other] = await open(1, '127.0.0.9');
        assert.equal(await ask(other, '203.0.113.8'), 200);
        await close([...crowd, other]);
    });

    test('a stranger may not name a visitor', async () => {
        const crowd = await open(5, '127.0.0.30');
        for (const socket of crowd)
            socket.write('GET /favicon.svg HTTP/1.1\r\nHost: localhost\r\nX-Real-IP: 203.0.113.9\r\n\r\n');
        await Promise.all(crowd.map((socket) => once(socket, 'data')));
        await close(crowd);
    });
});
