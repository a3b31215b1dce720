// How this creditor duns: the presets, each with a small picture of its ladder, to choose from.
import { cascadeText, channelNames, el, icon, learnSteps, offsetName, post, segmentNames, watch, when } from './base.js';

const tones = { neutral: 'neutral', friendly: 'friendly', firm: 'firm', final: 'final' };

/** One mark for each time that a step comes. */
function marksOf(preset) {
    const marks = [];
    for (const step of preset.steps) {
        const first = step.days ?? step.working_days;
        const last = step.repeat ? step.repeat.until : first;
        for (let at = first; at <= last; at += step.repeat?.every ?? Infinity) marks.push({ step, at: step.anchor === 'issue' ? -1000 + at : at, anchor: step.anchor });
    }
    return marks;
}

function markTitle({ step, at, anchor }) {
    const who = step.segments ? ` · only ${step.segments.map((name) => segmentNames[name] ?? name).join(', ')}` : '';
    const what = step.products ? ` · ${step.products.join(', ')}` : '';
    const amount = step.amount_from_minor ? ` · from ${step.amount_from_minor / 100} ${step.currencies?.[0] ?? ''} on` : '';
    return `${offsetName(anchor === 'issue' ? at + 1000 : at, anchor)}: ${cascadeText(step.channels)} · ${step.tone}${who}${what}${amount}`;
}

function markView(mark) {
    const { step } = mark;
    const [first, ...others] = step.channels;
    return el('span', { class: `mark-step tone-${step.tone}${step.segments || step.products || step.amount_from_minor ? ' some' : ''}`, title: markTitle(mark) },
        icon(first.channel),
        others.length ? el('span', { class: 'others' }, ...others.map((place) => icon(place.channel))) : null);
}

function ladderPicture(preset) {
    const marks = marksOf(preset);
    const days = [...new Set([...marks.map(({ at }) => at), 0])].sort((a, b) => a - b);
    const label = (at) => (at < -500 ? 'issue' : at === 0 ? 'due' : at < 0 ? `−${-at}` : `+${at}`);
    const words = marks.sort((a, b) => a.at - b.at).map(markTitle).join('; ');
    return el('span', { class: `ladder${days.length > 12 ? ' long' : ''}`, role: 'img', 'aria-label': words },
        ...days.map((at) => el('span', { class: `day${at === 0 ? ' due' : ''}` },
            el('span', { class: 'stack' }, ...marks.filter((mark) => mark.at === at).map(markView)),
            el('span', { class: 'at' }, label(at)))));
}

function legend() {
    return el('p', { class: 'legend' },
        ...['push', 'sms', 'email', 'voice', 'call', 'handover', 'preferred'].map((channel) => el('span', {}, icon(channel), ` ${channelNames[channel]}`)),
        ...Object.values(tones).map((tone) => el('span', {}, el('i', { class: `dot tone-${tone}` }), ` ${tone}`)),
        el('span', {}, el('i', { class: 'dot some' }), ' for some only'));
}

export function dunning(root) {
    const list = el('div', { class: 'choices' });
    const note = el('p', { class: 'soft', role: 'status' });
    root.append(list, legend(), note);
    let busy = false;
    let again = null;
    const choose = async (preset) => {
        if (busy) return;
        busy = true;
        note.textContent = `Putting “${preset.title}” in force …`;
        const answer = await post('/scenario', { name: preset.scenario });
        busy = false;
        note.textContent = answer.ok
            ? `“${preset.title}” is in force. What was planned and has not gone is planned anew; running debts go on at the step that fits their day.`
            : 'That did not work. Once more?';
        again();
    };
    const card = (preset) => el('button', { type: 'button', class: 'choice', 'data-preset': preset.scenario, 'aria-pressed': String(preset.in_force), onclick: () => choose(preset) },
        el('span', { class: 'head' }, el('b', {}, preset.title), el('span', { class: `chip ${preset.in_force ? 'good' : 'plain'}` }, preset.in_force ? 'in force' : 'choose')),
        ladderPicture(preset));
    const made = el('span', { class: 'soft', role: 'status' });
    const make = el('button', { type: 'button', class: 'small', 'data-campaign': true, onclick: async () => {
        make.disabled = true;
        made.textContent = 'Checking fifty rows …';
        const answer = await post('/campaign', {});
        make.disabled = false;
        made.textContent = answer.ok ? `“${answer.body.name}”: ${answer.body.rows} messages go ${when(answer.body.send_at)}` : `That did not work: ${answer.body.reason ?? answer.status}`;
    } }, 'Send to 50 rows');
    const campaign = el('div', { class: 'choice campaign' },
        el('span', { class: 'head' }, el('b', {}, 'Campaign'), el('span', { class: 'chip plain' }, 'from a file')),
        el('span', { class: 'ladder', role: 'img', 'aria-label': 'One SMS to each row at a stated time, a call list after 48 hours' },
            el('span', { class: 'day due' }, el('span', { class: 'stack' }, el('span', { class: 'mark-step tone-neutral', title: 'one SMS to each row of the file' }, icon('sms'))), el('span', { class: 'at' }, 'send')),
            el('span', { class: 'day' }, el('span', { class: 'stack' }, el('span', { class: 'mark-step tone-firm', title: 'the call list, of those who neither paid nor answered' }, icon('call'))), el('span', { class: 'at' }, '+48 h'))),
        el('span', { class: 'soft' }, 'No ladder: one message to each row of a sheet, with its own columns, text and link. Who has not paid two days later is called. ', el('a', { 'data-api': '/', href: '/' }, 'Its API')),
        el('span', { class: 'acts' }, make, made));
    again = watch('/scenarios.json', ({ presets, in_force: inForce }) => {
        learnSteps(presets);
        const focus = document.activeElement?.dataset?.preset;
        list.replaceChildren(...presets.map(card), campaign);
        if (focus) list.querySelector(`[data-preset="${focus}"]`)?.focus();
        if (!inForce.some(({ name }) => presets.some(({ scenario }) => scenario === name))) note.textContent = inForce.length ? `In force: ${inForce.map(({ name }) => name).join(', ')}` : 'Nothing is in force.';
    }, 3000);
}
