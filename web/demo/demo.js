// The demo's panes: small views that ask for JSON every second or so and draw it.
import { $, channelNames, clockNow, clockState, clockTake, dayYear, el, hour, isLaterPlace, learnSteps, linked, money, post, short, stepName, watch, when } from './base.js';
import { dunning } from './dunning.js';
import { office } from './office.js';
import { segmentChip, story } from './story.js';
import { team } from './team.js';

// -- the clock --------------------------------------------------------------------------------------
export function clockBar(root) {
    const set = async (body) => {
        const answer = await post('/clock', body);
        if (answer.ok) take(answer.body);
    };
    const pause = el('button', { type: 'button', onclick: () => set({ action: clockState().running ? 'pause' : 'run', speed: 1 }) }, 'Pause');
    const fast = el('button', { type: 'button', title: 'Runs until you press Pause', onclick: () => set({ action: 'run', speed: 14400 }) }, 'Fast: a day in 6 s');
    const month = el('button', { type: 'button', class: 'go', 'data-month': true, title: 'Thirty days at a day in two seconds, with people who open, pay, pay late or never; then it stands', onclick: () => set({ action: 'month' }) }, 'A month in a minute');
    const stop = el('button', { type: 'button', class: 'red', 'data-stop': true, title: 'The red switch: nothing goes to anybody until you let it go on', onclick: async () => {
        stop.disabled = true;
        await post('/sending', { stop: stop.dataset.stopped !== 'true' });
        stop.disabled = false;
    } }, 'Stop all sending');
    const time = el('time', {});
    const note = el('p', { class: 'soft' });
    const bar = el('progress', { max: 30, value: 0, 'aria-label': 'The month' });
    const told = el('span', { class: 'soft' });
    const progress = el('div', { class: 'progress', hidden: true }, bar, told);
    const alarm = el('p', { class: 'alarm', role: 'status' });
    root.append(
        el('div', { class: 'when' }, time, note),
        el('div', { class: 'row' }, pause,
            el('button', { type: 'button', onclick: () => set({ action: 'advance', seconds: 3600 }) }, '+1 hour'),
            el('button', { type: 'button', onclick: () => set({ action: 'advance', seconds: 86400 }) }, '+1 day'),
            fast, month, stop), progress, alarm);
    function take(state) {
        clockTake(state);
        pause.textContent = state.running ? 'Pause' : 'Run';
        fast.setAttribute('aria-pressed', String(state.running && state.speed > 1 && (!state.month || state.month.done)));
        month.setAttribute('aria-pressed', String(Boolean(state.month && !state.month.done)));
        progress.hidden = !state.month;
        tick();
    }
    function tick() {
        const now = clockNow();
        time.textContent = `${dayYear.format(now)}, ${hour.format(now)}`;
        time.dateTime = now.toISOString();
        for (const node of document.querySelectorAll('[data-hour]')) node.textContent = hour.format(now);
        for (const node of document.querySelectorAll('[data-day]')) node.textContent = dayYear.format(now);
        const { month: run } = clockState();
        if (!run) return;
        const passed = Math.max(0, Math.min(30, (now - Date.parse(run.from)) / 86400000));
        if (!run.done) bar.value = passed;
        const people = `${run.opened} pushes opened, ${run.paid} payments`;
        told.textContent = run.done ? `The month is over: ${people}. The clock stands; press Run to go on.` : `Day ${Math.min(30, Math.floor(passed) + 1)} of 30: ${people}`;
        if (run.done) bar.value = 30;
    }
    setInterval(tick, 250);
    return (state) => {
        take(state.clock);
        const { figures, sending } = state;
        note.textContent = figures.next_at
            ? `${state.clock.running ? 'Running' : 'Paused'}. The next reminder is due ${when(figures.next_at)}.`
            : 'No reminder is waiting.';
        stop.dataset.stopped = String(sending.stopped);
        stop.textContent = sending.stopped ? 'Let sending go on' : 'Stop all sending';
        stop.setAttribute('aria-pressed', String(sending.stopped));
        alarm.textContent = sending.stopped ? `All sending is stopped since ${when(sending.at)}, by ${sending.by}. ${figures.waiting === 1 ? 'One message waits.' : `${figures.waiting} messages wait.`} When it goes on, only the newest step of each debt goes.` : '';
        root.classList.toggle('stopped', sending.stopped);
    };
}

// -- the phone --------------------------------------------------------------------------------------
const telephones = { apns: 'iPhone', fcm: 'Android' };
const initials = (creditor) => creditor.split(/\s+/).slice(0, 2).map((word) => word[0]).join('').toUpperCase();

const wayOf = (message) => `${stepName(message.step)}${isLaterPlace(message.step) ? `, then ${channelNames[message.channel]}` : ''}`;

function sms(message) {
    if (message.channel === 'voice') return el('article', { class: 'note voice' },
        el('header', {}, el('i', { class: 'call', 'aria-hidden': 'true' }, '☎'), el('b', {}, 'Voice message'), el('span', { title: when(message.at) }, short(message.at))),
        el('p', {}, `“${message.body}”`),
        el('small', {}, `to ${message.name ?? message.to} · ${wayOf(message)}`));
    return el('article', { class: 'note' },
        el('header', {}, el('i', { class: 'sms', 'aria-hidden': 'true' }, 'SMS'), el('b', {}, 'Messages'), el('span', { title: when(message.at) }, short(message.at))),
        el('p', {}, ...linked(message.body, message.link)),
        el('small', {}, `to ${message.name ?? message.to} · ${wayOf(message)}`));
}

/** As a lock screen shows it. `earlier`: what was there under the same collapse id. */
function notification(message, creditor, earlier) {
    const tap = () => {
        if (!message.opened_at) post('/phone/opened', { id: message.id });
    };
    const marks = [
        earlier.length ? el('span', { class: 'mark-replaced', title: earlier.map((old) => `${stepName(old.step)}, ${when(old.at)}: ${old.body}`).join('\n') },
            earlier.length > 1 ? `replaced ${earlier.length} earlier` : earlier[0].step ? `replaced “${stepName(earlier[0].step)}”` : 'replaced an earlier one') : null,
        message.opened_at ? el('span', { class: 'mark-opened' }, 'opened') : null,
    ].filter(Boolean);
    const inside = [
        el('i', { class: 'app', 'aria-hidden': 'true' }, initials(creditor)),
        el('div', {},
            el('header', {}, el('b', {}, creditor), el('span', { title: when(message.at) }, short(message.at))),
            message.title ? el('strong', {}, message.title) : null,
            el('p', {}, message.body),
            el('small', {}, `${message.name ?? message.to}${message.service ? `’s ${telephones[message.service]}` : ''}${message.step ? ` · ${wayOf(message)}` : ''}`),
            marks.length ? el('div', { class: 'marks' }, ...marks) : null),
    ];
    const kind = `note push ${message.service ?? ''}${earlier.length ? ' stacked' : ''}${message.opened_at ? ' seen' : ''}`;
    return message.link
        ? el('a', { class: `${kind} tap`, href: message.link, target: '_blank', rel: 'noopener', onclick: tap }, ...inside)
        : el('article', { class: kind }, ...inside);
}

/** What is on the screen, each with what it replaced. */
function onScreen(messages) {
    return messages.filter((message) => !message.replaced_at).map((message) => ({
        message,
        earlier: message.collapse ? messages.filter((old) => old.replaced_at && old.collapse === message.collapse && old.to === message.to) : [],
    }));
}

export function phone(root, options = {}) {
    let customer = options.customer ?? '';
    let creditor = 'App';
    let shown = [];
    const filter = el('div', { class: 'chipbar' });
    const list = el('div', { class: 'list', role: 'region', 'aria-label': 'Messages on the phone', tabindex: '0' });
    root.append(filter, el('div', { class: 'phone' }, el('div', { class: 'screen' },
        el('div', { class: 'status', 'aria-hidden': 'true' }, el('span', { 'data-hour': true }), el('span', {}, '5G ▮▮▮')),
        el('div', { class: 'big' }, el('b', { 'data-hour': true }), el('span', { 'data-day': true })), list)),
    el('p', { class: 'soft under' }, 'The demo shows the whole text. A bank’s own lock screens are neutral unless it wants otherwise: who writes, and to open the app.'));
    let name = options.name;
    const draw = (messages) => {
        shown = messages;
        const [chip] = filter.getElementsByClassName('chip');
        if (chip && !name && messages[0]?.name) chip.textContent = `${messages[0].name}’s phone`;
        const notes = onScreen(messages).map(({ message, earlier }) => (message.channel === 'push' ? notification(message, creditor, earlier) : sms(message)));
        list.replaceChildren(...(notes.length ? notes : [el('p', { class: 'note' }, 'Nothing yet. Move the clock a day on.')]));
    };
    const again = watch(() => `/phone.json?channel=phone&limit=90${customer ? `&customer=${customer}` : ''}`, draw, 1200);
    const show = (id, whose) => {
        customer = id;
        name = whose;
        filter.replaceChildren(...(id
            ? [el('span', { class: 'chip info' }, name ? `${name}’s phone` : `customer ${id}`), el('button', { type: 'button', class: 'small', onclick: () => show('', '') }, 'Show all phones')]
            : [el('span', { class: 'soft' }, 'All phones, newest first. Some people have the app and get pushes, the others SMS.')]));
        list.scrollTop = 0;
        return again();
    };
    show(customer, options.name);
    return { show, state: (state) => {
        if (state.creditor === creditor) return;
        creditor = state.creditor;
        draw(shown);
    } };
}

// -- the inbox --------------------------------------------------------------------------------------
export function inbox(root) {
    const list = el('ul', { class: 'mail scroll', tabindex: '0', 'aria-label': 'Mails' });
    const letter = el('div', { class: 'letter', 'aria-live': 'polite' });
    let open = null;
    let mails = [];
    const read = () => {
        const mail = mails.find(({ id }) => id === open) ?? mails[0];
        if (!mail) {
            letter.replaceChildren(el('p', { class: 'soft' }, 'No mail yet.'));
            return;
        }
        open = mail.id;
        letter.replaceChildren(el(root.dataset.heading ?? 'h3', {}, mail.title ?? ''), el('p', { class: 'soft' }, `To ${mail.name ?? ''} <${mail.to}> · ${when(mail.at)} · ${wayOf(mail)}`), ...linked(mail.body, mail.link));
        for (const button of list.querySelectorAll('button')) button.setAttribute('aria-pressed', String(Number(button.dataset.id) === open));
    };
    root.append(list, letter);
    watch('/inbox.json?limit=60', (data) => {
        mails = data;
        list.replaceChildren(...mails.map((mail) => el('li', {}, el('button', { type: 'button', 'data-id': mail.id, 'aria-pressed': 'false', onclick: () => { open = mail.id; read(); } },
            el('b', {}, mail.title ?? ''), el('span', {}, el('span', {}, mail.name ?? ''), el('span', {}, when(mail.at)))))));
        read();
    }, 1500);
}

// -- the bank ---------------------------------------------------------------------------------------
const payStates = { open: ['waiting for the customer', 'info'], pending: ['waiting for the app', 'info'], paid: ['paid', 'good'], failed: ['not paid', 'bad'], refunded: ['refunded', 'warn'], charged_back: ['charged back', 'warn'] };

function payment(pay, onDone) {
    const [name, tone] = payStates[pay.state] ?? [pay.state, 'plain'];
    const act = (action, label) => el('button', { type: 'button', class: 'small', onclick: async (event) => {
        event.target.disabled = true;
        await post(`/bank/payments/${pay.id}`, { action });
        onDone();
    } }, label);
    const told = pay.callbacks;
    const tellings = told.told === 0 ? 'nothing to tell yet'
        : told.delivered === told.told ? `told the gateway (${told.tries} ${told.tries === 1 ? 'delivery' : 'deliveries'})`
            : `telling the gateway: try ${told.tries}, last answer ${told.last_status || 'none'}`;
    const acts = pay.state === 'paid' ? [act('refund', 'Refund'), pay.returned_minor === 0 ? act('charge_back', 'Charge back') : null]
        : pay.state === 'charged_back' ? [act('reverse', 'Reverse the charge-back')]
            : pay.state === 'open' ? [el('a', { class: 'button', href: `/bank/pay/${pay.id}`, target: '_blank', rel: 'noopener' }, 'Open its page')] : [];
    return el('li', {},
        el('span', {}, el('b', {}, pay.title), ' ', el('span', { class: 'soft' }, `${pay.method === 'blik' ? 'BLIK' : 'transfer'} · ${tellings}${pay.reason ? ` · ${pay.reason.replaceAll('_', ' ')}` : ''}`)),
        el('span', {}, el('b', {}, money(pay.paid_minor || pay.amount_minor, pay.currency)), ' ', el('span', { class: `chip ${tone}` }, name)),
        acts.length ? el('span', { class: 'acts' }, ...acts) : null);
}

export function bank(root) {
    const list = el('ul', { class: 'pays scroll', tabindex: '0', 'aria-label': 'Payments at the bank' });
    root.append(list);
    const again = watch('/bank/payments.json', (pays) => {
        list.replaceChildren(...(pays.length ? pays.map((pay) => payment(pay, () => again())) : [el('li', { class: 'soft' }, 'No payment yet. Open a link and press Pay.')]));
    }, 1500);
}

const troubles = [
    ['late', 'Answer late', 'The bank tells the gateway ten seconds later'],
    ['twice', 'Send twice', 'Each callback arrives twice at once'],
    ['disorder', 'Send out of order', 'A stale “pending” follows each outcome'],
    ['before_return', 'Before the customer returns', 'Told and answered before the browser is sent back'],
    ['wrong_signature', 'Wrong signature', 'The gateway must refuse; off again, it is re-sent'],
    ['refund', 'Refund', 'Four seconds after each payment'],
    ['charge_back', 'Charge back', 'Four seconds after each payment'],
];

const pushTroubles = [
    ['goaway', 'Go away', 'GOAWAY after ten pushes on a connection: the rest must find another'],
    ['429', 'Too many requests', 'Each push is refused with 429, for later'],
    ['503', 'Out of order', 'Each push is refused with 503, for later'],
    ['unregistered', 'App removed', 'The phones have lost the app: an SMS instead. Off again, the app is back'],
    ['silence', 'Silence', 'Pushes are shown but never answered: sent again, and still shown once'],
];

function switchboard(name, rows, set) {
    const boxes = Object.fromEntries(rows.map(([key]) => [key, el('input', { type: 'checkbox', role: 'switch', id: `t-${name}-${key}`, onchange: (event) => set(key, event.target.checked) })]));
    const board = el('div', { class: 'switches' }, ...rows.map(([key, title, what]) => el('label', { for: `t-${name}-${key}` }, boxes[key], el('span', {}, title, el('small', {}, what)))));
    return { board, boxes };
}

export function trouble(root) {
    let service = '';
    let last = null;
    const bankSide = switchboard('bank', troubles, (name, on) => post('/trouble', { switch: name, on }));
    const pushSide = switchboard('push', pushTroubles, (name, on) => post('/trouble', { switch: name, on, ...(service && { service }) }));
    const draw = (state) => {
        last = state;
        for (const [name, box] of Object.entries(bankSide.boxes)) if (document.activeElement !== box) box.checked = state.trouble[name];
        const of = (service ? [service] : ['apns', 'fcm']).map((name) => state.trouble.push[name]);
        for (const [name, box] of Object.entries(pushSide.boxes)) {
            box.indeterminate = of.some((one) => one[name]) && !of.every((one) => one[name]);
            if (document.activeElement !== box) box.checked = of.some((one) => one[name]);
        }
    };
    const pick = el('select', { 'aria-label': 'Which push service', onchange: (event) => { service = event.target.value; if (last) draw(last); } },
        el('option', { value: '' }, 'Apple and Google'), el('option', { value: 'apns' }, 'Apple (APNs)'), el('option', { value: 'fcm' }, 'Google (FCM)'));
    root.append(
        el('h3', {}, 'The bank'), bankSide.board,
        el('div', { class: 'subhead' }, el('h3', {}, 'The push services'), pick), pushSide.board);
    return draw;
}

// -- the debts --------------------------------------------------------------------------------------
const debtStates = { due: ['to pay', 'info'], overdue: ['overdue', 'bad'], part_paid: ['part paid', 'warn'], paid: ['paid', 'good'], overpaid: ['over-paid', 'good'], processing: ['processing', 'info'], held: ['on hold', 'warn'] };
export function debts(root, onPhone) {
    let words = '';
    let state = '';
    const open = new Set();
    const list = el('div', { class: 'debts' });
    const search = el('input', { type: 'search', placeholder: 'Name, number or reference', 'aria-label': 'Search debts', oninput: (event) => { words = event.target.value; again(); } });
    const pick = el('select', { 'aria-label': 'State', onchange: (event) => { state = event.target.value; again(); } },
        el('option', { value: '' }, 'All states'), ...Object.entries(debtStates).map(([value, [name]]) => el('option', { value }, name)));
    root.append(el('div', { class: 'tools' }, search, pick), list);
    async function fill(steps, debt) {
        await story(steps, debt);
    }
    function row(debt) {
        const [name, tone] = debtStates[debt.state] ?? [debt.state, 'plain'];
        const steps = el('div', { class: 'steps', id: `steps-${debt.invoice}`, hidden: !open.has(debt.invoice) });
        if (open.has(debt.invoice)) fill(steps, debt);
        const why = el('button', { type: 'button', class: 'small', 'aria-expanded': String(open.has(debt.invoice)), 'aria-controls': `steps-${debt.invoice}`, 'aria-label': `Why? Reminders of ${debt.number}`, onclick: () => {
            steps.hidden = !steps.hidden;
            if (steps.hidden) open.delete(debt.invoice);
            else {
                open.add(debt.invoice);
                fill(steps, debt);
            }
            why.setAttribute('aria-expanded', String(!steps.hidden));
        } }, 'Why?');
        return el('div', { class: 'debt' },
            el('span', {}, el('b', {}, debt.name ?? debt.reference), el('br'), el('span', { class: 'soft' }, debt.number)),
            el('span', { class: 'what soft' }, debt.product ?? ''),
            el('span', { class: 'num' }, el('b', {}, money(debt.due_minor, debt.currency)), el('br'), el('span', { class: 'soft' }, `due ${debt.due_date}`)),
            el('span', { class: 'chips' }, el('span', { class: `chip ${tone}` }, name), segmentChip(debt)),
            el('span', { class: 'next soft' }, debt.next_at ? `next: ${stepName(debt.next_step)}, ${when(debt.next_at)}` : debt.last_step ? `last: ${stepName(debt.last_step)}` : ''),
            el('span', { class: 'acts' },
                debt.link ? el('a', { class: 'button', href: debt.link, target: '_blank', rel: 'noopener', 'aria-label': `Page of ${debt.number}` }, 'Page') : null,
                onPhone ? el('button', { type: 'button', 'aria-label': `Phone of ${debt.name ?? debt.reference}`, onclick: () => onPhone(debt) }, 'Phone') : null, why),
            steps);
    }
    const again = watch(() => `/debtors.json?limit=25&q=${encodeURIComponent(words)}&state=${state}`, (data) => {
        if (list.contains(document.activeElement)) return drawLater(data);
        list.replaceChildren(...(data.length ? data.map(row) : [el('p', { class: 'soft' }, 'Nothing like that.')]));
        return undefined;
    }, 2000);
    // A row under somebody's finger or focus is not pulled away: it is drawn when they leave.
    let waiting = null;
    function drawLater(data) {
        waiting = data;
        list.addEventListener('focusout', () => setTimeout(() => {
            if (waiting && !list.contains(document.activeElement)) list.replaceChildren(...waiting.map(row));
            if (!list.contains(document.activeElement)) waiting = null;
        }), { once: true });
    }
}

// -- pages ------------------------------------------------------------------------------------------
const views = [];
function showPhone(debt) {
    const pane = $('[data-view=phone]');
    pane?.showCustomer(debt.customer, debt.name ?? debt.reference);
    pane?.scrollIntoView({ behavior: 'smooth', block: 'nearest' });
}
if (!$('[data-view=dunning]')) watch('/scenarios.json', ({ presets }) => learnSteps(presets), 5000);
for (const node of document.querySelectorAll('[data-view]')) {
    const query = new URLSearchParams(location.search);
    if (node.dataset.view === 'clock') views.push(clockBar(node));
    if (node.dataset.view === 'phone') {
        const shown = phone(node, { customer: query.get('customer') ?? '' });
        views.push(shown.state);
        node.showCustomer = shown.show;
    }
    if (node.dataset.view === 'inbox') inbox(node);
    if (node.dataset.view === 'bank') bank(node);
    if (node.dataset.view === 'trouble') views.push(trouble(node));
    if (node.dataset.view === 'dunning') dunning(node);
    if (node.dataset.view === 'team') team(node, showPhone);
    if (node.dataset.view === 'office') office(node);
    if (node.dataset.view === 'debts') debts(node, showPhone);
}
watch('/state.json', (state) => {
    for (const view of views) view(state);
    const { figures } = state;
    for (const node of document.querySelectorAll('[data-figures]')) node.textContent = `${figures.invoices} invoices of ${figures.customers} fictional people, ${figures.paid} paid, ${money(figures.due_minor, 'PLN')} left to pay. ${figures.segments.on_time} people pay on time, ${figures.segments.sometimes_late} are sometimes late, ${figures.segments.chronically_late} chronically.${figures.put_off ? ` ${figures.put_off} reminders are put off.` : ''}`;
    for (const node of document.querySelectorAll('[data-api]')) node.href = state.api;
}, 1000);
const first = $('[data-first]');
if (first) {
    let state = 'due';
    watch(() => `/debtors.json?limit=1&state=${state}`, ([debt]) => {
        first.hidden = !debt?.link;
        if (debt?.link) first.href = debt.link;
        else state = state === 'due' ? 'overdue' : 'due';
    }, 4000);
}
