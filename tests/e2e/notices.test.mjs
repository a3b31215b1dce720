// What a visitor reads when something is in the way: too many tries, a bank that does not answer, a
// database that does not. Each is brought about for real, and is a page as good as the others.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { assertAccessible, assertFits, openBrowser, openPhone } from '../support/browser.mjs';
import { descendants, eventually, startDemo } from '../support/demo.mjs';
import { startPayment } from '../support/payer.mjs';

const demo = await startDemo();
const browser = await openBrowser();

// The demo's processes of this name, frozen while `work` runs, which is not long: who gives no sign of
// life for ten seconds is replaced.
async function whileFrozen(name, work) {
  const pids = descendants(demo.pid).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === name;
    } catch {
      return false;
    }
  });
  assert.ok(pids.length > 0, `no process called ${name}`);
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  try {
    return await work();
  } finally {
    for (const pid of pids) process.kill(pid, 'SIGCONT');
  }
}

async function assertNotice(page, answer, { status, says, retryAfter }) {
  assert.equal(answer.status(), status);
  const headers = answer.headers();
  assert.equal(headers['retry-after'], retryAfter);
  assert.equal(headers['cache-control'], 'no-store');
  const text = (await page.textContent('body')).replaceAll('\u00a0', ' ');
  assert.match(text, says);
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    await assertAccessible(page, `${status}, ${colorScheme}`);
  }
  for (const width of [360, 320, 1280]) {
    await page.setViewportSize({ width, height: 740 });
    await assertFits(page, `${status} at ${width}`);
  }
  assert.deepEqual(page.complaints.filter((c) => !c.includes(`${status}`)), []);
  await page.context().close();
}

async function press(page) {
  const [answer] = await Promise.all([page.waitForNavigation({ timeout: 30000 }), page.click('button.g')]);
  return answer;
}

test('the sixth payment that a link starts within ten minutes is 429, and says when to come back', async () => {
  const [link] = demo.links;
  const page = await openPhone(browser);
  await page.goto(link);
  for (let i = 0; i < 5; ++i) await startPayment(demo, link);
  await assertNotice(page, await press(page), { status: 429, says: /Za dużo prób/, retryAfter: '600' });
});

test('a bank that does not answer is 502, and the visitor may try again', async () => {
  const page = await openPhone(browser);
  await page.goto(demo.links[1]);
  const answer = await whileFrozen('panes', () => press(page));
  await assertNotice(page, answer, { status: 502, says: /Operator płatności nie odpowiada/ });
});

test('a database that does not answer is 503, and its page comes from memory', async () => {
  const page = await openPhone(browser);
  const answer = await whileFrozen('postgres', () => page.goto(demo.links[2]));
  await assertNotice(page, answer, { status: 503, says: /przerwa/, retryAfter: '1' });
  await eventually(async () => (await demo.get(demo.links[2])).status === 200, { what: 'the page is back' });
});
