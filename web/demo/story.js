// Why a debt was, is or will be reminded: what has gone and what became of it, what waits and for what,
// and what the planner would do next.
import { cascadeText, channelNames, el, get, icon, isLaterPlace, money, segmentNames, stepName, when } from './base.js';

const segmentTone = { on_time: 'good', sometimes_late: 'warn', chronically_late: 'bad' };

export function segmentChip(debt) {
    const name = debt.segment ?? 'on_time';
    return el('span', { class: `chip ${segmentTone[name] ?? 'plain'}`, title: debt.segment_facts?.words ?? 'No history yet: taken to pay on time' }, segmentNames[name] ?? name);
}

const heldBy = {
    paid: 'Nothing is left to pay', campaign: 'Belongs to a campaign: no ladder follows', 'no link': 'It has no link that is good', 'in flight': 'A payment is on its way',
    dispute: 'Disputed', plan: 'In a payment plan', promise: 'A promise to pay', admin: 'Handed over, or held by hand', 'red switch': 'All sending is stopped',
    'stale feed': 'The payment feed is too old', 'quiet hours': 'Outside the hours for writing', budget: 'Over the contact budget', 'opted out': 'Opted out of a channel',
    'no consent': 'A channel needs their consent', 'dead address': 'An address is dead', 'day off': 'A day off',
    'no address': 'There is no way to reach them', 'hold-out': 'In the group that is never reminded',
};
const whyNot = { 'not in segments': 'for other customers', segment: 'for other customers' };

/** What became of a reminder that went, in words. */
function outcome(step) {
    const name = channelNames[step.channel] ?? step.channel;
    if (step.opened_at) return `${name}, opened ${when(step.opened_at)}`;
    if (step.delivery && step.delivery !== 'sent') return `${name}, ${step.delivery}`;
    return name;
}

function words(step) {
    const cascade = step.cascade ?? [];
    switch (step.state) {
    case 'sent': return outcome(step);
    case 'uncertain': return `${outcome(step)}: nobody knows whether it arrived`;
    case 'claimed': return 'on its way';
    case 'scheduled':
        if (step.try_at && step.try_at > step.due_at) return `put off to ${when(step.try_at)}: ${step.reason}`;
        return cascade.length ? cascadeText(cascade, step.place) : 'planned';
    default: return `${step.state}: ${step.reason}`;
    }
}

const stateClass = { sent: 'is-good', uncertain: 'is-warn', failed: 'is-bad', cancelled: 'is-gone', skipped: 'is-gone', scheduled: 'is-info', claimed: 'is-info' };

function line(step) {
    const next = step.cascade?.[step.place + 1];
    return el('li', { class: `${stateClass[step.state] ?? ''}${isLaterPlace(step.step) ? ' later' : ''}` },
        el('span', { class: 'dot-icon' }, icon(step.channel || step.cascade?.[step.place]?.channel || 'sms')),
        el('span', {},
            el('b', {}, isLaterPlace(step.step) ? `then ${channelNames[step.cascade?.[step.place]?.channel] ?? 'the next way'}` : stepName(step.step)),
            ' ', el('span', { class: 'soft' }, when(step.finished_at ?? step.try_at ?? step.due_at)),
            el('br'), el('span', { class: 'said' }, words(step)),
            step.others > 0 ? el('span', { class: 'chip info' }, `one message with ${step.others} more`) : null,
            step.state === 'sent' && next?.after_seconds && !step.opened_at ? el('span', { class: 'soft' }, ` · ${cascadeText(step.cascade.slice(step.place, step.place + 2)).replace(/^[^,]*, /, '')}`) : null));
}

function coming(step) {
    return el('li', { class: 'to-come' },
        el('span', { class: 'dot-icon' }, icon(step.channels[0])),
        el('span', {}, el('b', {}, stepName(step.step)), ' ', el('span', { class: 'soft' }, when(step.due_at)), el('br'),
            el('span', { class: 'said' }, `to come: ${step.channels.map((channel) => channelNames[channel] ?? channel).join(', else ')}${step.tone === 'neutral' ? '' : ` · ${step.tone}`}`)));
}

const states = {
    asked: ['waits for the office', 'warn'], active: ['in force', 'info'], completed: ['paid', 'good'], broken: ['broken', 'bad'], refused: ['refused', 'bad'], ended: ['ended', 'plain'],
    open: ['open', 'info'], kept: ['kept', 'good'], replaced: ['replaced', 'plain'], accepted: ['accepted', 'good'], rejected: ['rejected', 'bad'], withdrawn: ['withdrawn', 'plain'],
    waits: ['waits for a second yes', 'warn'], declined: ['declined', 'plain'], countered: ['another one asked for', 'warn'], expired: ['expired', 'plain'], granted: ['granted', 'good'],
};
export const reasonNames = { already_paid: 'paid already', not_mine: 'not theirs', wrong_amount: 'wrong amount', cannot_pay: 'cannot pay now', other: 'something else' };
const kindNames = { longer_term: 'more time', deferral: 'a pause', lower_rate: 'a lower rate', forgiveness: 'less to pay' };

function partChip(part, currency) {
    const [word, tone] = part.is_paid ? ['paid', 'good'] : part.is_missed ? ['missed', 'bad']
        : part.left_minor !== null && part.left_minor < part.amount_minor ? [`${money(part.left_minor, currency)} left`, 'warn'] : [null, 'plain'];
    return el('li', { class: `chip ${tone}` }, `${part.no}. ${part.due_date}: ${money(part.amount_minor, currency)}`, word ? `, ${word}` : '');
}

function agreement(title, item, more, parts) {
    const [name, tone] = states[item.state] ?? [null, 'plain'];
    return el('li', {},
        el('p', {}, el('b', {}, title), ' ', name ? el('span', { class: `chip ${tone}` }, name) : null, ' ', el('span', { class: 'soft' }, `${when(item.at)}${more ? ` · ${more}` : ''}`)),
        parts?.length ? el('ul', { class: 'parts' }, ...parts) : null);
}

/** What customer and creditor agreed, in the order in which it came. */
function agreed(lists, currency) {
    const items = [
        ...lists.offers.map((offer) => [offer, agreement('Offer', offer, `${kindNames[offer.kind]}: ${money(offer.total_minor, currency)} in ${offer.parts} ${offer.parts === 1 ? 'part' : 'parts'}${offer.state === 'open' ? `, until ${offer.valid_until}` : ''}`)]),
        ...lists.plans.map((plan) => [plan, agreement(plan.offer ? 'Plan from an offer' : 'Plan in parts', plan, '', (plan.parts ?? []).map((part) => partChip(part, currency)))]),
        ...lists.promises.map((promise) => [promise, agreement('Promise', promise, `${money(promise.amount_minor, currency)} on ${promise.promised_on}`)]),
        ...lists.disputes.map((dispute) => [dispute, agreement('Dispute', dispute, `${reasonNames[dispute.reason]}${dispute.state === 'open' ? `, answer by ${dispute.answer_by}` : ''}`)]),
        ...lists.demands.map((demand) => [demand, agreement('Demand', demand, `to be paid by ${demand.pay_by}`)]),
        ...lists.requests.map((request) => [request, agreement('Request for restructuring', request, request.state === 'open' ? `decision by ${request.decide_by}` : '')]),
    ];
    return items.sort(([a], [b]) => Date.parse(a.at) - Date.parse(b.at)).map(([, node]) => node);
}

/** Fills `root` with the story of a debt. */
export async function story(root, debt) {
    const where = `customer=${debt.customer}&invoice=${debt.invoice}`;
    const [ladder, why, lists] = await Promise.all([get(`/ladder.json?${where}`), get(`/why.json?${where}`).catch(() => null), get(`/agreements.json?${where}`)]);
    const agreements = agreed(lists, debt.currency);
    const known = new Set(ladder.map(({ step }) => step));
    const next = (why?.steps ?? []).filter(({ step, goes, is_missed: isMissed }) => goes && !isMissed && !known.has(step)).slice(0, 6);
    const holds = (why?.held_by ?? []).map(({ rule, data }) => el('span', { class: `chip ${rule === 'paid' ? 'good' : 'warn'}`, title: data ? JSON.stringify(data) : null }, heldBy[rule] ?? whyNot[rule] ?? rule));
    const facts = debt.segment_facts?.words;
    root.replaceChildren(
        el('p', { class: 'holds' }, segmentChip(debt), ...holds),
        facts ? el('p', { class: 'soft' }, facts) : '',
        ladder.length || next.length ? el('ol', { class: 'story' }, ...ladder.map(line), ...next.map(coming))
            : el('p', { class: 'soft' }, 'No reminder: its ladder was over when it came in.'),
        agreements.length ? el('ol', { class: 'agreed', 'aria-label': 'What was agreed' }, ...agreements) : '',
        el('p', { class: 'acts' },
            el('a', { class: 'button', href: `/evidence.pdf?${where}`, target: '_blank', rel: 'noopener', 'aria-label': `Evidence of ${debt.number} on paper` }, 'Evidence (PDF)'),
            el('a', { class: 'button', href: `/evidence.json?${where}`, download: `evidence-${debt.customer}-${debt.invoice}.json`, 'aria-label': `Evidence of ${debt.number} for checking` }, 'for checking (JSON)')));
}
