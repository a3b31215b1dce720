// The phone team: who is to be called, with the text for whoever calls, and the cases that left for
// collection.
import { el, money, segmentNames, short, stepName, watch, when } from './base.js';

function call(item, onPhone) {
    const step = item.why.replace(/^step /, '');
    return el('li', {},
        el('details', {},
            el('summary', {},
                el('span', {}, el('b', {}, item.customer.name ?? item.customer.phone ?? item.customer.reference), el('br'), el('span', { class: 'soft' }, `${stepName(step)} · ${segmentNames[item.queue] ?? item.queue}`)),
                el('span', { class: 'num' }, el('b', {}, money(item.due_minor, item.currency)), el('br'), el('span', { class: 'soft', title: when(item.created_at) }, short(item.created_at)))),
            el('p', { class: 'script' }, item.text || 'No text.'),
            el('p', { class: 'acts' }, item.customer.phone ? el('span', { class: 'chip plain' }, `☎ ${item.customer.phone}`) : null,
                el('span', { class: 'soft' }, item.number),
                onPhone ? el('button', { type: 'button', class: 'small', onclick: () => onPhone({ customer: item.customer_id, name: item.customer.name ?? item.customer.phone }) }, 'Their phone') : null)));
}

export function team(root, onPhone) {
    const open = new Set();
    const part = (path, title, nothing) => {
        const count = el('span', { class: 'chip plain' }, '0');
        const list = el('ul', { class: 'work scroll', tabindex: '0', 'aria-label': title });
        root.append(el('h3', {}, title, ' ', count), list);
        watch(path, (items) => {
            count.textContent = String(items.length);
            for (const node of list.children) if (node.dataset.id) open[node.firstChild.open ? 'add' : 'delete'](node.dataset.id);
            list.replaceChildren(...(items.length ? items.reverse().slice(0, 40).map((item) => {
                const node = call(item, onPhone);
                node.dataset.id = item.id;
                node.firstChild.open = open.has(item.id);
                return node;
            }) : [el('li', { class: 'soft nothing' }, nothing)]));
        }, 2000);
    };
    part('/calls.json', 'To be called', 'Nobody. The service firm’s ladder ends in calls: choose it and let a month pass.');
    part('/handovers.json', 'Handed over for collection', 'No case. The CRM ladder hands over three weeks after the due date.');
}
