// Google's token endpoint and FCM's HTTP v1 as their documentation describes them.
//   accounts: { 'client email': { publicKey, keyId, project, roles } }
import crypto from 'node:crypto';
import { once } from 'node:events';
import https from 'node:https';

import { Fake } from './fake_service.mjs';
import { violations } from './fcm_message.mjs';
import { verify } from './jwt.mjs';

const scopes = ['https://www.googleapis.com/auth/firebase.messaging', 'https://www.googleapis.com/auth/cloud-platform'];
const googleAudience = 'https://oauth2.googleapis.com/token';
const grant = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const fcmError = 'type.googleapis.com/google.firebase.fcm.v1.FcmError';
const badRequest = 'type.googleapis.com/google.rpc.BadRequest';
const quotaFailure = 'type.googleapis.com/google.rpc.QuotaFailure';

// How each error code is told: HTTP, google.rpc status, and whether an FcmError stands in details.
export const errors = {
  INVALID_ARGUMENT: { status: 400, rpc: 'INVALID_ARGUMENT', isFcm: true },
  THIRD_PARTY_AUTH_ERROR: { status: 401, rpc: 'UNAUTHENTICATED', isFcm: true },
  UNAUTHENTICATED: { status: 401, rpc: 'UNAUTHENTICATED' },
  SENDER_ID_MISMATCH: { status: 403, rpc: 'PERMISSION_DENIED', isFcm: true },
  PERMISSION_DENIED: { status: 403, rpc: 'PERMISSION_DENIED' },
  UNREGISTERED: { status: 404, rpc: 'NOT_FOUND', isFcm: true },
  NOT_FOUND: { status: 404, rpc: 'NOT_FOUND' },
  QUOTA_EXCEEDED: { status: 429, rpc: 'RESOURCE_EXHAUSTED', isFcm: true },
  RESOURCE_EXHAUSTED: { status: 429, rpc: 'RESOURCE_EXHAUSTED' },
  INTERNAL: { status: 500, rpc: 'INTERNAL', isFcm: true },
  UNAVAILABLE: { status: 503, rpc: 'UNAVAILABLE', isFcm: true },
  UNSPECIFIED_ERROR: { status: 500, rpc: 'UNKNOWN', isFcm: true },
};

export class Fcm extends Fake {
  #access = new Map(); // access token -> { account, expires }
  #oauth;

  constructor({ accounts = {}, streams = 100, lifetime = 3599, audience = googleAudience, ...options }) {
    super({ ...options, settings: { maxConcurrentStreams: streams, ...options.settings } });
    Object.assign(this, { accounts, lifetime, audience });
    // Known targets: { error: a name of `errors`, fields }. All others take any message.
    this.targets = new Map();
    this.exchanges = []; // of tokens: { account, status, error, at }
    this.exchangeRules = []; // taken one by one: { status, error, description, body, delay, hang }
    this.validated = []; // accepted with validate_only
    this.#oauth = https.createServer(options.certificate, (request, response) => this.#onExchange(request, response));
  }

  async listen() {
    this.#oauth.listen(0, '127.0.0.1');
    await once(this.#oauth, 'listening');
    this.tokenUri = `https://localhost:${this.#oauth.address().port}/token`;
    return super.listen();
  }

  async close() {
    this.#oauth.closeAllConnections();
    await new Promise((resolve) => this.#oauth.close(resolve));
    await super.close();
  }

  // Every access token given so far is bad from now on.
  expireTokens() {
    this.#access.clear();
  }

  #onExchange(request, response) {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => {
      const rule = this.exchangeRules.shift() ?? {};
      if (rule.hang) return;
      const answer = rule.status ? { status: rule.status, json: { error: rule.error, error_description: rule.description } } :
        this.#exchange(request, new URLSearchParams(Buffer.concat(parts).toString()));
      this.exchanges.push({ ...answer, at: Date.now() });
      setTimeout(() => response.writeHead(answer.status, { 'content-type': 'application/json', ...rule.headers })
        .end(rule.body ?? JSON.stringify(answer.json)), rule.delay ?? 0);
    });
  }

  #exchange(request, form) {
    const no = (error, error_description, status = 400) => ({ status, json: { error, error_description } });
    if (request.method !== 'POST' || request.url !== '/token') return no('not_found', 'No such page', 404);
    if (form.get('grant_type') !== grant) return no('unsupported_grant_type', `Invalid grant_type: ${form.get('grant_type')}`);
    let account;
    const found = verify(form.get('assertion') ?? '', 'RS256', ({ kid }) => {
      account = Object.entries(this.accounts).find(([, { keyId }]) => keyId === kid);
      return account?.[1].publicKey;
    });
    if (!found || found.claims.iss !== account[0]) return no('invalid_grant', 'Invalid JWT Signature.');
    const { iat, exp, aud, scope } = found.claims, now = this.now();
    if (aud !== this.audience) return no('invalid_grant', 'Invalid JWT: Failed audience check.');
    if (!(iat <= now + 300) || !(exp > now) || exp - iat > 3600)
      return no('invalid_grant', 'Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable ' +
        'timeframe. Check your iat and exp values in the JWT claim.');
    if (!scope || !scope.split(' ').every((one) => scopes.includes(one)))
      return no('invalid_scope', `Invalid OAuth scope or ID token audience provided.`);
    const access_token = `ya29.${crypto.randomBytes(80).toString('base64url')}`;
    this.#access.set(access_token, { ...account[1], expires: now + this.lifetime });
    return { status: 200, json: { access_token, expires_in: this.lifetime, token_type: 'Bearer' } };
  }

  targetOf(exchange) {
    try {
      const { message } = exchange.json = JSON.parse(exchange.body);
      return message.token ?? message.fid ?? message.topic ?? message.condition ?? '';
    } catch {
      return '';
    }
  }

  scripted({ status, error, retryAfter, headers, body }, exchange) {
    if (status === 200) return this.#take(exchange);
    return refuse(error, { status, retryAfter, headers, body });
  }

  judge(exchange) {
    const { headers, json, target } = exchange;
    const account = this.#access.get(/^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1]);
    if (!account || account.expires <= this.now()) return refuse('UNAUTHENTICATED');
    const [, project] = /^\/v1\/projects\/([^/]+)\/messages:send$/.exec(headers[':path']) ?? [];
    if (headers[':method'] !== 'POST' || project === undefined) return refuse('NOT_FOUND');
    if (project !== account.project || account.isForbidden) return refuse('PERMISSION_DENIED');
    if (!/^application\/json/.test(headers['content-type'] ?? '')) return refuse('INVALID_ARGUMENT', { fields: [] });
    const fields = json === undefined ? [{ field: '', description: 'Invalid JSON payload received.' }] : violations(json);
    if (fields.length > 0) return refuse('INVALID_ARGUMENT', { fields });
    const known = this.targets.get(target);
    return known?.error ? refuse(known.error, known) : this.#take(exchange);
  }

  #take({ json, target, connection, headers }) {
    const name = `projects/${headers[':path'].split('/')[3]}/messages/0:${Date.now()}%${crypto.randomBytes(8).toString('hex')}`;
    const record = { key: target, id: name, target, message: json.message, headers, connection: connection.number };
    if (json.validate_only) this.validated.push(record);
    else this.accept(record);
    return { status: 200, headers: { 'content-type': 'application/json; charset=UTF-8' }, body: JSON.stringify({ name }) };
  }
}

// `fields` makes it a BadRequest of our own making, without an FcmError.
function refuse(error, { status, fields, retryAfter, headers, body } = {}) {
  const known = errors[error] ?? { status: 500, rpc: error, isFcm: true };
  const details = [];
  if (known.isFcm && !fields) details.push({ '@type': fcmError, errorCode: error });
  if (fields) details.push({ '@type': badRequest, fieldViolations: fields });
  if (known.status === 429) details.push({ '@type': quotaFailure, violations: [{ subject: 'project', description: 'Quota exceeded' }] });
  const code = status ?? known.status;
  return {
    status: code,
    reason: error,
    headers: {
      'content-type': 'application/json; charset=UTF-8',
      ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }),
      ...headers,
    },
    body: body ?? JSON.stringify({ error: { code, message: `${error}: as told by the fake`, status: known.rpc, details } }),
  };
}
