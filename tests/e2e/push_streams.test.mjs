// Streams and connections: how many are opened, what is on them, and what is known of a push when one
// of them breaks.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';

import { appCertificate, serverCertificate } from '../fake/certificates.mjs';
import { code, representations } from '../fake/frames.mjs';
import { openWire } from '../fake/wire.mjs';
import { atEnd, temporaryFolder } from '../support/cleanup.mjs';
import { eventually } from '../support/eventually.mjs';
import { apnsPush, argsFor, certificate, deliver, folder, pushes, startApns, startDriver, topic } from '../support/push.mjs';

const one = ['--tune', 'connections_min=1', '--tune', 'connections_max=1'];
const accepted = ({ outcomes }) => outcomes.filter(({ outcome }) => outcome === 'accepted').length;

describe('streams', () => {
  for (const [what, options] of [['says so', {}], ['grants a thousand at once', { settings: { maxConcurrentStreams: 1000 } }]])
    test(`one until the first push was accepted, then as many as are allowed, where the server ${what}`, async () => {
      const apns = await startApns(options), answered = apns.onAnswered.bind(apns), openAtFirst = new Set();
      apns.delay = ({ connection }) => connection.requests === 1 ? 100 : 5;
      apns.onAnswered = (exchange, answer) => {
        if (exchange.connection.processed === 1) openAtFirst.add(exchange.connection.plain.seen.openMax);
        answered(exchange, answer);
      };
      assert.equal(accepted(await deliver(apns, pushes(500))), 500);
      assert.deepEqual([...openAtFirst], [1]);
      assert.equal(Math.max(...apns.connections.map(({ plain }) => plain.seen.openMax)) > 10, true);
      for (const { error } of apns.connections) assert.equal(error, undefined);
    });

  test('no more than allowed, when the limit falls to 1 and rises again', async () => {
    const apns = await startApns({ settings: { maxConcurrentStreams: 100 } });
    apns.delay = () => 2;
    let granted = 100;
    // Counted a round trip after the change: what crossed it was in its right.
    const over = [];
    apns.rules.add({ at: 300, settings: { maxConcurrentStreams: 1 }, do: () => { granted = 1; } });
    apns.rules.add({ at: 400, settings: { maxConcurrentStreams: 100 }, do: () => { granted = 100; } });
    apns.onAnswered = ({ connection, number }) => {
      if (granted === 1 && number > 385) over.push(connection.plain.seen.open.size);
    };
    const drive = await deliver(apns, pushes(1000), { args: one });
    assert.equal(accepted(drive), 1000);
    assert.equal(Math.max(...over) <= 2, true, `${over}`);
    assert.deepEqual([apns.twice.size, drive.summary.unknown_before], [0, 0]);
  });

  test('the caller\'s own limit holds below the server\'s', async () => {
    const apns = await startApns();
    apns.delay = () => 3;
    assert.equal(accepted(await deliver(apns, pushes(300), { args: [...one, '--tune', 'streams_max=7'] })), 300);
    assert.equal(apns.connections[0].plain.seen.openMax, 7);
  });

  test('a certificate has all of them at once, and needs no authorization', async () => {
    const apns = await startApns({ clientCa: readFileSync(certificate.ca) });
    const { cert, key } = appCertificate(folder, [topic], 'client');
    apns.args = ['--service', 'apns', '--cert', cert, '--cert-key', key, '--topic', topic];
    assert.equal(accepted(await deliver(apns, pushes(200))), 200);
    assert.equal(apns.accepted.some(({ headers }) => headers.authorization !== undefined), false);
  });
});

describe('connections', () => {
  test('grow with the backlog, and those above the minimum are closed when idle', async () => {
    const apns = await startApns({ settings: { maxConcurrentStreams: 10 } });
    apns.delay = () => 10;
    const drive = startDriver(argsFor(apns, { args: ['--concurrency', '600', '--tune', 'connections_min=1',
      '--tune', 'connections_max=4', '--tune', 'idle_close=300'] }));
    drive.say(...pushes(600));
    await drive.until(600);
    assert.equal(apns.connections.length, 4);
    await eventually(() => apns.server.open.length === 1, { every: 5, what: 'one connection to be left' });
    for (const { plain } of apns.connections.filter(({ isOpen }) => !isOpen)) assert.notEqual(plain.seen.goaway, undefined, 'closed in good manners');
    drive.say(apnsPush(601));
    await drive.finish();
    assert.deepEqual([accepted(drive), apns.connections.length, drive.summary.unknown_before], [601, 4, 0]);
  });

  test('an idle one is asked whether it is there, and replaced when it is not', async () => {
    const apns = await startApns();
    const drive = startDriver(argsFor(apns, { args: [...one, '--tune', 'ping_busy=100', '--tune', 'ping_idle=100', '--tune', 'ping_timeout=300'] }));
    drive.say(apnsPush(1));
    await drive.until(1);
    const [first] = apns.connections;
    await eventually(() => first.plain.seen.frames.ping >= 2, { every: 5, what: 'two PINGs' });
    assert.equal(apns.connections.length, 1, 'which answers');
    first.plain.isSilent = true;
    await eventually(() => apns.connections.length === 2, { every: 5, what: 'another connection' });
    drive.say(apnsPush(2));
    await drive.finish();
    assert.deepEqual([accepted(drive), drive.summary.unknown_before], [2, 0]);
  });

  // Reference 1.2: at 47 minutes, and the connections are kept.
  test('outlive their token: a new one is minted in time, whatever the load', async () => {
    const apns = await startApns();
    apns.rules.add({ at: 200, do: () => { apns.clockOffset = 48 * 60; } });
    const drive = await deliver(apns, pushes(400), { args: [...one, '--clock-step', '200:2880'] });
    assert.deepEqual([accepted(drive), drive.summary.tokens, drive.summary.attempts, apns.connections.length], [400, 2, 400, 1]);
  });

  // Nobody says a host here: the service's own is asked for by name, and must show it.
  for (const [name, args] of [['api.push.apple.com', []], ['api.sandbox.push.apple.com', ['--sandbox']]])
    test(`are to ${name} by default`, async () => {
      const own = serverCertificate(temporaryFolder(), name), apns = await startApns({ certificate: own });
      const drive = await deliver(apns, pushes(3), { ca: own.ca, host: '', args });
      assert.equal(accepted(drive), 3);
      assert.equal(apns.accepted[0].headers[':authority'], name);
      const other = await deliver(apns, pushes(1, apnsPush, { deadline: 300 }), { ca: own.ca, host: '', args: args.length ? [] : ['--sandbox'] });
      assert.equal(accepted(other), 0);
    });
});

describe('what is sent', () => {
  test('no PRIORITY frame, no push promised to be taken, one token for all connections', async () => {
    const apns = await startApns();
    apns.delay = () => 5;
    assert.equal(accepted(await deliver(apns, pushes(2000), { args: ['--concurrency', '2000', '--tune', 'streams_max=50'] })), 2000);
    assert.equal(apns.connections.length > 1, true);
    assert.equal(apns.tokens, 1);
    for (const { plain: { seen } } of apns.connections) {
      assert.equal(seen.frames.priority, undefined);
      assert.equal(seen.settings.includes(Buffer.from([0, 2, 0, 0, 0, 0])), true, 'SETTINGS_ENABLE_PUSH is 0');
    }
  });

  test('the headers of a push, and none besides', async () => {
    const apns = await startApns(), expires_at = Math.floor(Date.now() / 1000) + 3600;
    await deliver(apns, [apnsPush(1, { expires_at, priority: 5 })]);
    const { headers } = apns.accepted[0];
    assert.equal(headers[':scheme'], 'https');
    assert.match(headers[':authority'], /^localhost(:\d+)?$/);
    assert.equal(headers['apns-expiration'], String(expires_at));
    assert.equal(headers['apns-priority'], '5');
    assert.match(headers.authorization, /^bearer eyJ/);
    const known = /^(:method|:path|:scheme|:authority|authorization|apns-(topic|push-type|id|expiration|priority|collapse-id)|content-(type|length)|user-agent)$/;
    for (const name of Object.keys(headers)) assert.match(name, known);
  });

  // Apple's advice for HPACK. Places of the static table: 4 is :path, 23 authorization.
  test('path and token are never indexed, what is the same in all pushes is', async () => {
    const apns = await startApns();
    await deliver(apns, pushes(5), { args: one });
    const blocks = apns.connections[0].plain.seen.blocks.map(representations);
    for (const block of blocks)
      for (const name of [4, 23]) assert.deepEqual(block.filter((field) => field.name === name), [{ kind: 'never', name }]);
    const count = (block, kind) => block.filter((field) => field.kind === kind).length;
    assert.equal(count(blocks[0], 'incremental') >= 5, true, 'among them apns-id and apns-collapse-id, the first time');
    assert.deepEqual([count(blocks[1], 'incremental'), count(blocks[1], 'never')], [0, 4], 'afterwards they are not');
  });

  test('an expiration of now', async () => {
    const apns = await startApns();
    await deliver(apns, [apnsPush(1, { expiration_now: true })]);
    assert.equal(apns.accepted[0].headers['apns-expiration'], '0');
  });

  test('nothing secret in a trace', async () => {
    const apns = await startApns(), push = apnsPush(1, { target: 'ab'.repeat(32) });
    const { trace } = await deliver(apns, [push], { args: ['--trace'] });
    assert.match(trace, /apns-topic/);
    assert.doesNotMatch(trace, /eyJ|BEGIN/);
    assert.equal(trace.includes(push.target), false);
  });
});

describe('a cut of TCP', () => {
  for (const [cut, unknown, copies] of [['before', 1, 0], ['unanswered', 1, 1], ['amid', 1, 1], ['after', 0, 0]])
    test(`${cut} the answer: ${unknown ? 'unknown; sent again only where the caller says so' : 'nothing is unknown'}`, async () => {
      for (const again of [false, true]) {
        const apns = await startApns(), push = apnsPush();
        apns.rules.add({ cut, times: 1 });
        const { outcomes: [outcome] } = await deliver(apns, [push], { args: [...one, ...(again ? ['--resend-unknown'] : [])] });
        const ends = unknown && !again ? 'unknown' : 'accepted';
        assert.deepEqual([outcome.outcome, outcome.attempts], [ends, unknown && again ? 2 : 1]);
        assert.equal(apns.accepted.filter(({ key }) => key === push.id).length, again || cut !== 'before' ? 1 + (again ? copies : 0) : 0);
        assert.equal(new Set(apns.accepted.map(({ collapse }) => collapse)).size <= 1, true);
        if (again) assert.equal(outcome.unknown_before, unknown);
      }
    });

  test('RST_STREAM after processing is unknown, too', async () => {
    for (const reason of [code.cancel, code.internalError, code.enhanceYourCalm]) {
      const apns = await startApns();
      apns.rules.add({ lost: reason, times: 1 });
      const { outcomes: [outcome] } = await deliver(apns, [apnsPush()]);
      assert.deepEqual([outcome.outcome, outcome.attempts], ['unknown', 1]);
    }
  });

  test('before a single stream: nothing is unknown', async () => {
    const apns = await startApns(), wire = await openWire(apns.port);
    atEnd(() => wire.close());
    wire.refuses = true;
    const drive = startDriver(argsFor(apns, { port: wire.port }));
    drive.say(...pushes(20));
    await eventually(() => wire.accepted >= 2, { every: 5 });
    wire.refuses = false;
    await drive.finish();
    assert.deepEqual([accepted(drive), drive.summary.unknown_before, apns.twice.size], [20, 0, 0]);
  });
});

describe('a push that may not be sent any more', () => {
  test('paid while it waits for a stream: never sent', async () => {
    const apns = await startApns(), list = pushes(50);
    apns.rules.add({ at: 1, delay: 500 });
    const drive = startDriver(argsFor(apns, { args: one }));
    drive.say(...list);
    await eventually(() => apns.server.requests === 1, { every: 5 });
    drive.say(...list.slice(1).map(({ id }) => ({ paid: id })));
    await drive.finish();
    assert.deepEqual(apns.accepted.map(({ key }) => key), [list[0].id]);
    assert.equal(drive.summary.never_sent, 49);
  });

  test('withdrawn while it waits: never sent; on the wire: it ends as it does', async () => {
    const apns = await startApns(), list = pushes(10);
    apns.rules.add({ at: 1, delay: 500 });
    const drive = startDriver(argsFor(apns, { args: one }));
    drive.say(...list);
    await eventually(() => apns.server.requests === 1, { every: 5 });
    drive.say(...list.map(({ id }) => ({ withdraw: id })));
    await drive.finish();
    assert.deepEqual([drive.summary.accepted, drive.summary.never_sent], [1, 9]);
  });

  test('not on the wire within the time it was given: given back', async () => {
    const apns = await startApns(), list = pushes(20, apnsPush, { start_within: 200 });
    apns.rules.add({ at: 1, delay: 600 });
    const { summary } = await deliver(apns, list, { args: one });
    assert.deepEqual([summary.accepted, summary.never_sent, apns.accepted.length], [1, 19, 1]);
  });

  test('expired while it waits: never sent', async () => {
    const apns = await startApns(), expires_at = Math.floor(Date.now() / 1000) + 2;
    apns.rules.add({ at: 1, delay: 3000 });
    const { summary } = await deliver(apns, [apnsPush(1), ...pushes(5, apnsPush, { expires_at })], { args: one });
    assert.deepEqual([summary.accepted, summary.never_sent], [1, 5]);
  });
});

test('a queue has an end', async () => {
  const apns = await startApns();
  apns.rules.add({ never: true });
  const { outcomes } = await deliver(apns, pushes(100, apnsPush, { deadline: 500 }), { args: ['--tune', 'queue_max=10'] });
  assert.equal(outcomes.filter(({ outcome, error }) => outcome === 'rejected' && error === 'busy').length >= 10, true);
  assert.equal(outcomes.length, 100);
});

test('a thousand connections are not opened against a server that closes each at once', async () => {
  const apns = await startApns();
  apns.server.onConnection = ({ plain }) => setImmediate(() => plain.cut());
  const { outcomes, summary } = await deliver(apns, pushes(200, apnsPush, { deadline: 2000 }), { hurry: 1 });
  assert.deepEqual([outcomes.length, summary.accepted, summary.refused], [200, 0, 0]);
  assert.equal(summary.unknown <= summary.connects, true, 'one at most, the first, on each');
  assert.equal(summary.connects <= 8, true, `${summary.connects} connects in 2 s`);
});
