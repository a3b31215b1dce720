// Apple's push service as its documentation and its users describe it: what it checks, in which
// words it refuses, how many streams it grants. Keys are known as in Apple's portal:
//   keys: { KEYID: { publicKey, team, environment: 'any' | 'sandbox' | 'production', scope } }
//   topics: { TEAM: ['bank.example.app', …] }
// With certificate authentication the topics are those in the client's certificate.
import { verify } from './jwt.mjs';
import { Fake } from './fake_service.mjs';
import { topicsOfCertificate } from './certificates.mjs';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const hour = 3600, minute = 60;
const suffixOf = {
  alert: '', background: '', mdm: '', controls: '', voip: '.voip', complication: '.complication',
  fileprovider: '.pushkit.fileprovider', location: '.location-query', pushtotalk: '.voip-ptt',
  liveactivity: '.push-type.liveactivity', widgets: '.push-type.widgets',
};
const suffixes = Object.values(suffixOf).filter(Boolean).sort((a, b) => b.length - a.length);
const single = ['authorization', 'apns-id', 'apns-topic', 'apns-push-type', 'apns-priority', 'apns-expiration',
  'apns-collapse-id'];

export const statusOf = {
  BadCollapseId: 400, BadDeviceToken: 400, BadExpirationDate: 400, BadMessageId: 400, BadPriority: 400,
  BadTopic: 400, DeviceTokenNotForTopic: 400, DuplicateHeaders: 400, IdleTimeout: 400, InvalidPushType: 400,
  MissingDeviceToken: 400, MissingTopic: 400, PayloadEmpty: 400, TopicDisallowed: 400, BadCertificate: 403,
  BadCertificateEnvironment: 403, ExpiredProviderToken: 403, Forbidden: 403, InvalidProviderToken: 403,
  MissingProviderToken: 403, UnrelatedKeyIdInToken: 403, BadEnvironmentKeyIdInToken: 403, BadPath: 404,
  MethodNotAllowed: 405, ExpiredToken: 410, Unregistered: 410, PayloadTooLarge: 413,
  TooManyProviderTokenUpdates: 429, TooManyRequests: 429, InternalServerError: 500, ServiceUnavailable: 503,
  Shutdown: 503,
};

export class Apns extends Fake {
  #tokens = new Map(); // verified provider tokens, as verifying one takes longer than all else
  #expired = new Set();

  constructor({ keys = {}, topics = {}, environment = 'sandbox', streams = 1000, punishes = false, ...options }) {
    const isByCertificate = options.clientCa !== undefined;
    super({ ...options, settings: { maxConcurrentStreams: isByCertificate ? streams : 1, ...options.settings } });
    Object.assign(this, { keys, topics, environment, streams, punishes, isByCertificate });
    this.hasFixedStreams = options.settings?.maxConcurrentStreams !== undefined;
    // Known devices: { reason, timestamp (ms), topic, environment }. All others take any push.
    this.devices = new Map();
  }

  targetOf({ headers }) {
    return headers[':path'].replace(/^\/3\/device\//, '');
  }

  // Every token seen so far is over an hour old from now on.
  expireTokens() {
    for (const token of this.#tokens.keys()) this.#expired.add(token);
  }

  // How many good provider tokens were shown so far.
  get tokens() {
    return [...this.#tokens.values()].filter(Boolean).length;
  }

  scripted({ status, reason, timestamp, retryAfter, headers, body }, exchange) {
    if (status === 200) return this.#take(exchange);
    return refuse(reason, { status, timestamp, retryAfter, headers, body, exchange });
  }

  judge(exchange) {
    const reason = this.#addressProblem(exchange) ?? this.#credentialProblem(exchange) ??
      this.#headerProblem(exchange) ?? this.#payloadProblem(exchange) ?? this.#deviceProblem(exchange);
    if (reason === undefined) return this.#take(exchange);
    return refuse(reason, { timestamp: this.devices.get(exchange.target)?.timestamp, exchange });
  }

  // One stream until the first push with a good token was accepted; with `punishes` again after a
  // refusal, until the next accepted one.
  onAnswered({ connection }, { status }) {
    if (this.isByCertificate || this.hasFixedStreams) return;
    const granted = connection.granted ?? 1;
    const now = status === 200 ? this.streams : this.punishes && status < 500 && status !== 410 ? 1 : granted;
    if (now !== granted) connection.session.settings({ maxConcurrentStreams: now });
    connection.granted = now;
  }

  #take(exchange) {
    const { headers, target, body, connection } = exchange;
    const id = headers['apns-id'] ?? crypto.randomUUID();
    this.accept({
      key: id, id, target, collapse: headers['apns-collapse-id'], topic: headers['apns-topic'], headers,
      payload: JSON.parse(body), connection: connection.number,
    });
    const unique = this.environment === 'sandbox' ? { 'apns-unique-id': crypto.randomUUID() } : {};
    return { status: 200, headers: { 'apns-id': id, ...unique } };
  }

  #addressProblem({ headers, target, fields }) {
    if (headers[':method'] !== 'POST') return 'MethodNotAllowed';
    if (!headers[':path'].startsWith('/3/device')) return 'BadPath';
    if (target === '' || target === '/3/device') return 'MissingDeviceToken';
    if (target.includes('/')) return 'BadPath';
    const isTwice = (name) => fields.filter(([other]) => other === name).length > 1;
    return single.some(isTwice) ? 'DuplicateHeaders' : undefined;
  }

  #credentialProblem({ headers, connection }) {
    if (this.isByCertificate) return this.#certificateProblem(connection);
    const { authorization } = headers;
    if (authorization === undefined) return 'MissingProviderToken';
    const [, token] = /^bearer +(.+)$/i.exec(authorization) ?? [];
    const found = token && this.#verified(token);
    if (!found) return 'InvalidProviderToken';
    return this.#tokenProblem(connection, token, found);
  }

  #verified(token) {
    if (!this.#tokens.has(token)) {
      const found = verify(token, 'ES256', ({ kid }) => this.keys[kid]?.publicKey);
      const isWhole = Number.isInteger(found?.claims.iat) && typeof found?.claims.iss === 'string';
      this.#tokens.set(token, isWhole ? found : undefined);
    }
    return this.#tokens.get(token);
  }

  // What Apple's servers remember of a connection: its team, its key, the token's age on it.
  #tokenProblem(connection, token, { header, claims }) {
    const key = this.keys[header.kid], now = this.now();
    if (!key || claims.iss !== key.team) return 'InvalidProviderToken';
    if (connection.team !== undefined && connection.team !== key.team) return 'Forbidden';
    if (connection.key !== undefined && connection.key !== header.kid) return 'UnrelatedKeyIdInToken';
    if (!['any', undefined, this.environment].includes(key.environment)) return 'BadEnvironmentKeyIdInToken';
    // A connection that once had an expired token stays unusable (jchambers/pushy's token handler).
    if (connection.hadExpired || now - claims.iat > hour || this.#expired.has(token)) {
      connection.hadExpired = true;
      return 'ExpiredProviderToken';
    }
    // How far ahead a clock may be is not documented.
    if (claims.iat - now > 5 * minute) return 'InvalidProviderToken';
    if (connection.token !== token && now - connection.tokenSince < 20 * minute)
      return 'TooManyProviderTokenUpdates';
    if (connection.token !== token) Object.assign(connection, { token, tokenSince: now });
    Object.assign(connection, { team: key.team, key: header.kid });
    return undefined;
  }

  #certificateProblem(connection) {
    if (!connection.peer || !connection.isPeerTrusted) return 'BadCertificate';
    connection.topics ??= topicsOfCertificate(connection.peer);
    return connection.topics.length === 0 ? 'BadCertificate' : undefined;
  }

  #headerProblem(exchange) {
    const { headers } = exchange;
    const id = headers['apns-id'], priority = headers['apns-priority'], kind = headers['apns-push-type'];
    if (id !== undefined && !uuid.test(id)) return 'BadMessageId';
    if (!/^\d{1,10}$/.test(headers['apns-expiration'] ?? '0')) return 'BadExpirationDate';
    if (priority !== undefined && !['10', '5', '1'].includes(priority)) return 'BadPriority';
    if (kind === 'background' && priority === '10') return 'BadPriority';
    if (kind !== undefined && suffixOf[kind] === undefined) return 'InvalidPushType';
    if (Buffer.byteLength(headers['apns-collapse-id'] ?? '') > 64) return 'BadCollapseId';
    return this.#topicProblem(exchange, kind ?? 'alert');
  }

  #topicProblem({ headers, connection }, kind) {
    const allowed = this.isByCertificate ? connection.topics : this.topics[connection.team] ?? [];
    const topic = headers['apns-topic'] ?? (this.isByCertificate && allowed.length === 1 ? allowed[0] : undefined);
    if (topic === undefined) return 'MissingTopic';
    if (!/^[A-Za-z0-9.-]+$/.test(topic)) return 'BadTopic';
    const suffix = suffixes.find((end) => topic.endsWith(end)) ?? '';
    if (suffix !== suffixOf[kind]) return 'BadTopic';
    return allowed.includes(topic.slice(0, topic.length - suffix.length)) ? undefined : 'TopicDisallowed';
  }

  #payloadProblem({ headers, body }) {
    const kind = headers['apns-push-type'];
    if (body.length === 0) return 'PayloadEmpty';
    if (body.length > (['voip', 'liveactivity'].includes(kind) ? 5120 : 4096)) return 'PayloadTooLarge';
    let payload;
    try {
      payload = JSON.parse(body);
    } catch {
      return 'PayloadEmpty'; // Apple has no reason of its own for what is not JSON.
    }
    if (typeof payload?.aps !== 'object') return 'PayloadEmpty';
    const isShown = ['alert', 'badge', 'sound'].some((name) => payload.aps[name] !== undefined);
    const isQuiet = payload.aps['content-available'] === 1 && !isShown;
    return kind === 'background' && !isQuiet ? 'InvalidPushType' : undefined;
  }

  #deviceProblem({ target, headers }) {
    const device = this.devices.get(target);
    if (!/^([0-9a-f]{2}){1,100}$/i.test(target)) return 'BadDeviceToken';
    if (device?.environment && device.environment !== this.environment) return 'BadDeviceToken';
    if (device?.topic && !(headers['apns-topic'] ?? device.topic).startsWith(device.topic))
      return 'DeviceTokenNotForTopic';
    return device?.reason;
  }
}

function refuse(reason, { status = statusOf[reason], timestamp, retryAfter, headers, body, exchange }) {
  const id = exchange.headers['apns-id'];
  return {
    status,
    reason,
    headers: {
      ...(id && uuid.test(id) && { 'apns-id': id }),
      ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }),
      ...headers,
    },
    body: body ?? JSON.stringify({ reason, ...(status === 410 && { timestamp: timestamp ?? Date.now() }) }),
  };
}
