// The schema of FCM's `message` as Google documents it: what is in no table is refused. A check is
// a function value -> undefined or a list of { field, description }.

const no = (field, description) => [{ field, description }];
const inside = (name, found) => (found ?? []).map(({ field, description }) =>
  ({ field: field ? `${name}.${field}` : name, description }));

const ofType = (type) => (value) => typeof value === type ? undefined : no('', `Invalid value (${type} expected)`);
const string = ofType('string'), boolean = ofType('boolean');
const integer = (value) => Number.isInteger(value) ? undefined : no('', 'Invalid value (TYPE_INT32)');
const number = ofType('number');
const oneOf = (...words) => (value) => words.includes(value) ? undefined : no('', `Invalid value at '${value}'`);
const pattern = (form, what) => (value) =>
  typeof value === 'string' && form.test(value) ? undefined : no('', `Illegal ${what}`);
const listOf = (check) => (value) => Array.isArray(value) ?
  value.flatMap((item, i) => inside(`[${i}]`, check(item))) : no('', 'Invalid value (list expected)');
const mapOf = (check) => (value) => isObject(value) ?
  Object.entries(value).flatMap(([key, item]) => inside(`${key}`, check(item))) : no('', 'Invalid value (map expected)');
const anything = (value) => isObject(value) ? undefined : no('', 'Invalid value (Struct expected)');

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const object = (fields) => (value) => isObject(value) ?
  Object.entries(value).flatMap(([key, item]) => inside(key,
    Object.hasOwn(fields, key) ? fields[key](item) : no('', `Unknown name "${key}": Cannot find field.`))) :
  no('', 'Invalid value (object expected)');

const seconds = pattern(/^\d+(\.\d{1,9})?s$/, 'duration format; duration must end with \'s\'');

function ttl(value) {
  return seconds(value) ?? (parseFloat(value) <= 2419200 ? undefined : no('', 'TTL is above four weeks'));
}

function data(value) {
  const reserved = (key) => ['from', 'message_type'].includes(key) || /^(google|gcm)/.test(key);
  return mapOf(string)(value).concat(Object.keys(isObject(value) ? value : {}).filter(reserved)
    .map((key) => ({ field: key, description: `Invalid data payload key: ${key}` })));
}

const androidNotification = object({
  title: string, body: string, icon: string, color: pattern(/^#[0-9a-fA-F]{6}$/, 'color'), sound: string, tag: string,
  click_action: string, body_loc_key: string, body_loc_args: listOf(string), title_loc_key: string,
  title_loc_args: listOf(string), channel_id: string, ticker: string, sticky: boolean,
  event_time: pattern(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/, 'timestamp'), local_only: boolean,
  notification_priority: oneOf('PRIORITY_UNSPECIFIED', 'PRIORITY_MIN', 'PRIORITY_LOW', 'PRIORITY_DEFAULT',
    'PRIORITY_HIGH', 'PRIORITY_MAX'),
  default_sound: boolean, default_vibrate_timings: boolean, default_light_settings: boolean,
  vibrate_timings: listOf(seconds), visibility: oneOf('VISIBILITY_UNSPECIFIED', 'PRIVATE', 'PUBLIC', 'SECRET'),
  notification_count: integer,
  light_settings: object({
    color: object({ red: number, green: number, blue: number, alpha: number }),
    light_on_duration: seconds, light_off_duration: seconds,
  }),
  image: string, proxy: oneOf('PROXY_UNSPECIFIED', 'ALLOW', 'DENY', 'IF_PRIORITY_LOWERED'),
});

const message = object({
  name: string, data, notification: object({ title: string, body: string, image: string }),
  android: object({
    collapse_key: string, priority: oneOf('NORMAL', 'HIGH', 'normal', 'high'), ttl,
    restricted_package_name: string, data, notification: androidNotification,
    fcm_options: object({ analytics_label: string }), direct_boot_ok: boolean, bandwidth_constrained_ok: boolean,
    restricted_satellite_ok: boolean,
  }),
  webpush: object({
    headers: mapOf(string), data: mapOf(string), notification: anything,
    fcm_options: object({ link: string, analytics_label: string }),
  }),
  apns: object({
    headers: mapOf(string), payload: anything, live_activity_token: string,
    fcm_options: object({ analytics_label: string, image: string }),
  }),
  fcm_options: object({ analytics_label: string }),
  token: string, topic: string, condition: string, fid: string,
});

const request = object({ validate_only: boolean, message });

// What Apple would say of the headers that are for it.
function apnsProblems({ apns: { headers = {}, payload } = {} }) {
  const found = [];
  if (headers['apns-expiration'] !== undefined && !/^\d+$/.test(headers['apns-expiration']))
    found.push({ field: 'message.apns.headers.apns-expiration', description: 'Invalid apns-expiration' });
  if (headers['apns-priority'] !== undefined && !/^(1|5|10)$/.test(headers['apns-priority']))
    found.push({ field: 'message.apns.headers.apns-priority', description: 'Invalid apns-priority' });
  if (Buffer.byteLength(String(headers['apns-collapse-id'] ?? '')) > 64)
    found.push({ field: 'message.apns.headers.apns-collapse-id', description: 'Too long' });
  if (payload !== undefined && !isObject(payload.aps))
    found.push({ field: 'message.apns.payload', description: 'No aps' });
  return found;
}

// Without the target, as "topics 2048, others 4096" is said of the payload.
function isTooLarge({ token, topic, condition, fid, ...rest }) {
  const limit = topic !== undefined || condition !== undefined ? 2048 : 4096;
  return Buffer.byteLength(JSON.stringify(rest)) > limit;
}

// The field violations of a whole request body (an object); empty when it may go.
export function violations(body) {
  const found = request(body);
  if (found.length > 0) return found;
  if (!body.message) return no('message', 'Message is empty.');
  const targets = ['token', 'topic', 'condition', 'fid'].filter((name) => body.message[name] !== undefined);
  if (targets.length !== 1) return no('message', 'Exactly one of token, topic, condition or fid is required');
  if (isTooLarge(body.message)) return no('message', 'Android message is too big');
  return apnsProblems(body.message);
}
