// What all panes share: elements, asking and telling, money and dates for people, the clock, the names of
// steps. Whatever comes from outside is set as text, never as markup.
export const $ = (selector, root = document) => root.querySelector(selector);

export function el(tag, props = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(props)) {
        if (name === 'class') node.className = value;
        else if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
        else if (value !== null && value !== false) node.setAttribute(name, value === true ? '' : value);
    }
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
}

export async function get(path) {
    const answer = await fetch(path, { headers: { accept: 'application/json' } });
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return answer.json();
}

export async function post(path, body) {
    const answer = await fetch(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
    });
    return { ok: answer.ok, status: answer.status, body: await answer.json().catch(() => ({})) };
}

const amounts = {};
export function money(minor, currency) {
    amounts[currency] ??= new Intl.NumberFormat('en-GB', { style: 'currency', currency, currencyDisplay: 'code' });
    return amounts[currency].format(minor / 100);
}

export const zone = 'Europe/Warsaw';
export const day = new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'short', timeZone: zone });
export const dayYear = new Intl.DateTimeFormat('en-GB', { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric', timeZone: zone });
export const hour = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone: zone });
export const short = (iso) => (day.format(new Date(iso)) === day.format(clockNow()) ? hour.format(new Date(iso)) : day.format(new Date(iso)));
export const when = (iso) => `${day.format(new Date(iso))}, ${hour.format(new Date(iso))}`;

// -- the clock, as last heard ---
let clock = { now: new Date().toISOString(), running: true, speed: 1 };
let clockSeen = performance.now();
export function clockTake(state) {
    clock = state;
    clockSeen = performance.now();
}
export const clockState = () => clock;
export function clockNow() {
    if (!clock.running) return new Date(clock.now);
    const now = Date.parse(clock.now) + (performance.now() - clockSeen) * clock.speed;
    return new Date(clock.month && !clock.month.done ? Math.min(now, Date.parse(clock.month.until)) : now);
}

// -- steps ---
export const channelNames = { push: 'push', sms: 'SMS', email: 'e-mail', voice: 'voice message', call: 'call', handover: 'hand-over', preferred: 'preferred way' };
const days = {};
export function learnSteps(presets) {
    for (const preset of [...presets].sort((a, b) => a.in_force - b.in_force))
        for (const step of preset.steps) days[step.name] = { anchor: step.anchor, days: step.days ?? step.working_days, every: step.repeat?.every ?? 0 };
}
export function offsetName(offset, anchor = 'due') {
    const many = (n) => `${n} ${n === 1 ? 'day' : 'days'}`;
    if (anchor === 'issue') return offset === 0 ? 'issued' : `${many(offset)} after issue`;
    return offset === 0 ? 'due day' : offset < 0 ? `${many(-offset)} before` : `${many(offset)} after`;
}
const notices = { plan_agreed: 'plan agreed', plan_broken: 'plan is over', offer: 'new offer' };
/** "late_3+1", "weekly_2", "part_due.2": when that is, for people. */
export function stepName(step) {
    if (!step) return '';
    if (step.startsWith('thanks') || step.startsWith('paid_')) return 'thank-you';
    const notice = /^(plan_agreed|plan_broken|offer)_\d+(\+\d+)?$/.exec(step);
    if (notice && !days[step]) return notices[notice[1]];
    const part = /\.(\d+)/.exec(step);
    if (part) return `part ${part[1]}, ${stepName(step.replace(part[0], ''))}`;
    const base = step.replace(/\+\d+$/, '');
    const [, stem, nth] = days[base] ? [null, base, 0] : (/^(.*)_(\d+)$/.exec(base) ?? [null, base, 0]);
    const known = days[stem];
    if (!known) return base === 'campaign' || base.startsWith('campaign') ? 'campaign' : base.replaceAll('_', ' ');
    return offsetName(known.days + Number(nth) * known.every, known.anchor);
}
export const isLaterPlace = (step) => /\+\d+/.test(step ?? '');

/** Asks again and again while the page is visible; draws only what changed. */
export function watch(path, draw, everyMs) {
    let last = '';
    const turn = async () => {
        if (document.hidden) return;
        try {
            const data = await get(typeof path === 'function' ? path() : path);
            const text = JSON.stringify(data);
            if (text !== last) draw(data);
            last = text;
            document.body.classList.remove('away');
        } catch {
            document.body.classList.add('away');
        }
    };
    setInterval(turn, everyMs);
    document.addEventListener('visibilitychange', turn);
    turn();
    return () => {
        last = '';
        return turn();
    };
}

/** A text whose addresses are links. */
export function linked(text, link) {
    const at = link ? text.indexOf(link) : -1;
    if (at < 0) return [text];
    return [text.slice(0, at), el('a', { href: link, target: '_blank', rel: 'noopener' }, link), text.slice(at + link.length)];
}


// -- pictures of channels ---
const shapes = {
    push: 'M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 1.5h-15zM10 20.5a2 2 0 0 0 4 0',
    sms: 'M4 5h16v11H10.5L6.5 20v-4H4z',
    email: 'M3 6h18v12H3zM3.5 7l8.5 6 8.5-6',
    voice: 'M4 10v4h3l5 4V6L7 10zM15.5 9.5a3.5 3.5 0 0 1 0 5M18 7a7 7 0 0 1 0 10',
    call: 'M6 3.5h3.5l1.7 4.6-2.3 1.5a11 11 0 0 0 5.5 5.5l1.5-2.3 4.6 1.7V18a2.5 2.5 0 0 1-2.5 2.5A15.5 15.5 0 0 1 3.5 6 2.5 2.5 0 0 1 6 3.5z',
    handover: 'M3.5 8h17v11h-17zM9 8V5h6v3M3.5 13h17',
    preferred: 'M12 3.5l2.6 5.5 6 .8-4.4 4.2 1.1 6-5.3-2.9-5.3 2.9 1.1-6L3.4 9.8l6-.8z',
};
export function icon(channel) {
    const space = 'http://www.w3.org/2000/svg';
    const svg = document.createElementNS(space, 'svg');
    for (const [name, value] of Object.entries({ viewBox: '0 0 24 24', class: 'icon', 'aria-hidden': 'true', fill: 'none', stroke: 'currentColor', 'stroke-width': '2', 'stroke-linejoin': 'round', 'stroke-linecap': 'round' })) svg.setAttribute(name, value);
    const line = document.createElementNS(space, 'path');
    line.setAttribute('d', shapes[channel] ?? shapes.sms);
    svg.append(line);
    return svg;
}

/** 14400 → "4 h". */
export function span(seconds) {
    if (seconds % 86400 === 0 && seconds >= 172800) return `${seconds / 86400} days`;
    return seconds % 3600 === 0 ? `${seconds / 3600} h` : `${Math.round(seconds / 60)} min`;
}
/** [{channel, after_seconds, unless}] → "push, then SMS after 4 h unless opened, e-mail". */
export function cascadeText(places, from = 0) {
    return places.slice(from).map((place, i) => {
        const name = channelNames[place.channel] ?? place.channel;
        if (i === 0) return name;
        return place.after_seconds ? `then ${name} after ${span(place.after_seconds)} unless ${place.unless}` : `else ${name}`;
    }).join(', ');
}
export const segmentNames = { on_time: 'pays on time', sometimes_late: 'sometimes late', chronically_late: 'chronically late' };
