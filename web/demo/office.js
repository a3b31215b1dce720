// The creditor's desk: who waits for an answer, and the answer. Its first words are in the customer's
// language, as they read it on their page.
import { el, money, post, watch, when } from './base.js';
import { reasonNames } from './story.js';

const titles = { plan: 'A plan in parts', dispute: 'A dispute', request: 'A request for restructuring', offer: 'Wants another offer' };
const answers = { plan: ['Approve', 'Refuse'], dispute: ['They are right', 'They are not'], request: ['Grant', 'Refuse'] };
const firstWords = {
    dispute: {
        pl: ['Masz rację. Poprawimy tę należność.', 'Sprawdziliśmy to: kwota jest właściwa i pozostaje do zapłaty.'],
        en: ['You are right. We will correct this debt.', 'We have checked this: the amount is right and remains due.'],
        uk: ['Ви маєте рацію. Ми виправимо цю заборгованість.', 'Ми перевірили: сума правильна, її потрібно сплатити.'],
    },
    request: {
        pl: ['Zgadzamy się. Nowe warunki wyślemy osobno.', 'Nie możemy zgodzić się na zmianę warunków, bo nie znamy Twoich dochodów.'],
        en: ['We agree. The new terms will follow.', 'We cannot agree to other terms, as we do not know your income.'],
        uk: ['Ми погоджуємося. Нові умови надішлемо окремо.', 'Ми не можемо погодитися на зміну умов, бо не знаємо ваших доходів.'],
    },
};
const refused = { late: 'The time to answer is over.', changed: 'The debt has changed since: refuse it, and they choose again.', not_asked: 'It was answered already.', decided: 'It was answered already, or withdrawn.', needs_a_text: 'Write what the customer is to read.' };

function details({ what, detail, currency }) {
    if (what === 'plan') return `${money(detail.total_minor, currency)} in ${detail.parts} parts`;
    if (what === 'dispute') return `${reasonNames[detail.reason]}${detail.proofs ? `, with ${detail.proofs === 1 ? 'a file' : `${detail.proofs} files`}` : ''}`;
    if (what === 'offer') return [detail.month_minor ? `${money(detail.month_minor, currency)} a month` : '', detail.from ? `from ${detail.from}` : ''].filter(Boolean).join(', ');
    return '';
}

function item(wait, onDone) {
    const said = el('p', { class: 'soft', role: 'status' });
    const words = firstWords[wait.what]?.[wait.language] ?? firstWords[wait.what]?.pl;
    const text = words ? el('textarea', { rows: '3', maxlength: '4000', 'aria-label': `Answer to ${wait.name ?? wait.number}` }, words[1]) : null;
    const give = (yes) => async () => {
        // Words that nobody has changed follow the button.
        if (text && words.includes(text.value)) text.value = words[yes ? 0 : 1];
        const answer = await post('/office', { what: wait.what, id: wait.id, yes, ...(text && { text: text.value.trim() }) });
        if (answer.ok) onDone();
        else said.textContent = refused[answer.body.reason] ?? 'That did not work; try again.';
    };
    const [yes, no] = answers[wait.what] ?? [];
    return el('li', { 'data-id': `${wait.what} ${wait.id}` },
        el('p', {}, el('b', {}, titles[wait.what]), ' ', el('span', { class: 'soft' }, `${wait.name ?? ''} · ${wait.number} · ${money(wait.due_minor, wait.currency)}`)),
        el('p', {}, details(wait)),
        wait.detail.written ? el('blockquote', {}, wait.detail.written) : null,
        el('p', { class: 'soft' }, `${when(wait.asked_at)}${wait.answer_by ? ` · to be answered by ${wait.answer_by}` : ''}`),
        text,
        yes ? el('p', { class: 'acts' }, el('button', { type: 'button', class: 'small', onclick: give(true) }, yes), el('button', { type: 'button', class: 'small', onclick: give(false) }, no))
            : el('p', { class: 'soft' }, 'Answered with a new offer, over the API.'),
        said);
}

export function office(root) {
    const list = el('ul', { class: 'office' });
    root.append(list);
    let shown = new Map();
    const again = watch('/office.json', (waits) => {
        // What somebody writes in stays as it is.
        const kept = new Map(waits.map((wait) => {
            const key = `${wait.what} ${wait.id}`;
            return [key, shown.get(key) ?? item(wait, () => again())];
        }));
        shown = kept;
        const nodes = kept.size ? [...kept.values()] : [el('li', { class: 'soft' }, 'Nobody waits. Ask for a plan above 1,500 zł, or say on a page that something is wrong.')];
        for (const node of [...list.children]) if (!nodes.includes(node)) node.remove();
        nodes.forEach((node, at) => { if (list.children[at] !== node) list.insertBefore(node, list.children[at] ?? null); });
    }, 1500);
}
