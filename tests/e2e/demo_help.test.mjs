// What customers do besides paying, as the demo lets one play it: a plan that is missed and broken by the
// clock's buttons, the offer after it, the office that answers, and the evidence of one debt.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { assertAccessible, assertFits, openBrowser, openPhone } from '../support/browser.mjs';
import { dunlin, eventually, request, startDemo, temporaryFolder } from '../support/demo.mjs';
import { invoiceOf, invoicesFile } from '../support/payer.mjs';

const DAY = 86400, folder = temporaryFolder();
const demo = await startDemo({ args: ['--import', invoicesFile(folder, [['LATE', '470,03', -4], ['LARGE', '2000,00', -3], ['WRONG', '120,00', -3], ['REFUSED', '1800,00', -3]], 30)] });
const debts = {};
for (const number of ['LATE', 'LARGE', 'WRONG', 'REFUSED']) {
  const { id, link } = await invoiceOf(demo, number), [customer, invoice] = id.split('-');
  debts[number] = { number, link, where: `customer=${customer}&invoice=${invoice}` };
}
await demo.setClock('pause');
const agreements = ({ where }) => demo.pane(`/agreements.json?${where}`);
const waiting = () => demo.pane('/office.json');
const answer = (body) => request(`${demo.panes}/office`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

// The form of a page that has this, filled in.
async function submit(page, what, fields) {
  const form = page.text.split('<form').slice(1).find((one) => one.includes(what) && one.includes('method="post"'));
  assert.ok(form, `a form with ${what}`);
  const hidden = Object.fromEntries([...form.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)"/g)].map(([, name, value]) => [name, value]));
  const sent = await demo.post(new URL(/action="([^"]+)"/.exec(form)[1], demo.url).href, { ...hidden, ...fields });
  assert.ok([200, 303].includes(sent.status), sent.text);
  return sent;
}
async function agree({ link }, parts) {
  const first = new Date(Date.parse((await demo.pane('/clock')).now) + 7 * DAY * 1000).toISOString().slice(0, 10);
  await submit(await demo.get(`${link}/plan?parts=${parts}&first=${first}`), 'name="accept"', { accept: '1' });
}

test('a plan is agreed, its parts are missed day by day, it breaks, and an offer follows', async () => {
  await agree(debts.LATE, 2);
  assert.deepEqual((await agreements(debts.LATE)).plans.map(({ state, parts }) => [state, parts.map(({ no, amount_minor: amount }) => [no, amount])]),
    [['active', [[1, 23502], [2, 23501]]]]);
  // Due in a week or, behind days off, a little later, and three days of grace. It is noted while somebody looks.
  const parts = async () => (await agreements(debts.LATE)).plans[0].parts.map(({ is_missed: isMissed }) => isMissed);
  await demo.setClock('advance', { seconds: 15 * DAY });
  await eventually(async () => (await parts())[0], { what: 'the first part is missed', within: 9000 });
  assert.deepEqual(await parts(), [true, false]);
  await demo.setClock('advance', { seconds: 32 * DAY });
  await eventually(async () => (await agreements(debts.LATE)).plans[0].state === 'broken', { what: 'the plan is broken', within: 9000 });
  await demo.setClock('advance', { seconds: DAY });
  await eventually(async () => (await agreements(debts.LATE)).offers.length === 1, { what: 'an offer', within: 9000 });
  assert.equal((await agreements(debts.LATE)).offers[0].state, 'open');
});

test('the offer is accepted, and the office has nothing to do with it', async () => {
  await submit(await demo.get(`${debts.LATE.link}/offer`), 'value="accept"', { answer: 'accept', accept: '1' });
  const { plans, offers } = await agreements(debts.LATE);
  assert.deepEqual([plans.map(({ state, offer }) => [state, offer]), offers.map(({ state }) => state)], [[['broken', null], ['active', 1]], ['accepted']]);
  assert.deepEqual(await waiting(), []);
});

test('the office approves a plan and refuses one, and answers a dispute; each once', async () => {
  for (const debt of [debts.LARGE, debts.REFUSED]) await agree(debt, 2);
  await submit(await demo.get(`${debts.WRONG.link}/dispute`), 'name="reason"', { reason: 'wrong_amount', text: 'Miało być 100 zł.' });
  const list = await waiting(), of = (number) => list.find((one) => one.number === number);
  assert.deepEqual(list.map(({ what, number }) => [what, number]).sort(), [['dispute', 'WRONG'], ['plan', 'LARGE'], ['plan', 'REFUSED']]);
  assert.deepEqual([of('WRONG').detail.reason, of('WRONG').detail.written], ['wrong_amount', 'Miało być 100 zł.']);
  assert.equal((await answer({ what: 'plan', id: of('LARGE').id, yes: true })).status, 200);
  assert.equal((await answer({ what: 'plan', id: of('LARGE').id, yes: false })).status, 409, 'it was answered');
  assert.equal((await answer({ what: 'plan', id: of('REFUSED').id, yes: false })).status, 200);
  assert.equal((await answer({ what: 'dispute', id: of('WRONG').id, yes: false })).status, 422, 'they are to read why');
  assert.equal((await answer({ what: 'dispute', id: of('WRONG').id, yes: false, text: 'Kwota jest dobra.' })).status, 200);
  for (const body of [{ what: 'plan', id: 'x', yes: true }, { what: 'nothing', id: of('LARGE').id, yes: true }, { what: 'plan', id: '999-1-1', yes: true }])
    assert.ok([409, 422].includes((await answer(body)).status), JSON.stringify(body));
  assert.deepEqual(await waiting(), []);
  assert.deepEqual([(await agreements(debts.LARGE)).plans[0].state, (await agreements(debts.REFUSED)).plans[0].state, (await agreements(debts.WRONG)).disputes[0].state],
    ['active', 'refused', 'rejected']);
  assert.match((await demo.get(`${debts.WRONG.link}/dispute`)).text, /Kwota jest dobra\./);
});

test('the evidence of a debt is got from its story, and holds', async () => {
  const file = path.join(folder, 'evidence.json'), json = await request(`${demo.panes}/evidence.json?${debts.LATE.where}`);
  writeFileSync(file, json.text);
  const { status, stdout } = spawnSync(dunlin, ['evidence', 'check', file], { encoding: 'utf8' });
  assert.equal(status, 0, stdout);
  const pdf = await request(`${demo.panes}/evidence.pdf?${debts.LATE.where}`);
  assert.deepEqual([pdf.status, pdf.headers['content-type'], pdf.text.slice(0, 5)], [200, 'application/pdf', '%PDF-']);
  for (const where of ['', '?customer=1', '?customer=999&invoice=1', '?customer=x&invoice=y']) assert.equal((await request(`${demo.panes}/evidence.json${where}`)).status, 404, where);
});

test('it is all to be seen and pressed, on a phone and a desk', async () => {
  const browser = await openBrowser();
  const desk = await openPhone(browser, { width: 1280, height: 900, isMobile: false }), phone = await openPhone(browser, { width: 390, height: 844 });
  for (const page of [desk, phone]) {
    await page.goto(demo.panes);
    await page.getByRole('button', { name: 'Why? Reminders of LATE' }).click();
    await page.getByText('Plan from an offer').waitFor();
    await page.getByText('235.02, missed').waitFor();
    assert.equal(await page.getByRole('link', { name: 'Evidence of LATE on paper' }).getAttribute('href'), `/evidence.pdf?${debts.LATE.where}`);
    await assertFits(page, 'the overview');
    await assertAccessible(page, 'the overview');
  }
  // They say it again, with other words; the office answers with a press.
  await submit(await demo.get(`${debts.WRONG.link}/dispute`), 'name="reason"', { reason: 'not_mine', text: 'To nie moje.' });
  for (const page of [desk, phone]) {
    await page.goto(`${demo.panes}/office`);
    await page.getByText('To nie moje.').waitFor();
    await assertFits(page, 'the office');
    await assertAccessible(page, 'the office');
  }
  await phone.getByRole('button', { name: 'They are right' }).click();
  await phone.getByText('Nobody waits.').waitFor();
  assert.match((await demo.get(`${debts.WRONG.link}/dispute`)).text, /Masz rację/);
  for (const page of [desk, phone]) assert.deepEqual(page.complaints, []);
});
