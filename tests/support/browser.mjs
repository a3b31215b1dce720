// Debian's Chromium by playwright-core, at the size of a phone, and axe on what it shows.
import axe from 'axe-core';
import { existsSync } from 'node:fs';
import { atEnd } from './cleanup.mjs';
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

const program = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
  .find((file) => existsSync(file));

function launch(env, flags) {
  return chromium.launch({
    executablePath: program,
    env,
    // A small /dev/shm ends big pages.
    args: ['--disable-dev-shm-usage', ...flags],
  });
}

// One browser a test file, closed after it. Options: env.
export async function openBrowser({ env } = {}) {
  assert.ok(program, 'chromium is not installed: scripts/install test');
  const unboxed = ['--no-sandbox'];
  // Root has no sandbox, and inside some containers nobody has.
  const browser = await launch(env, process.getuid() === 0 ? unboxed : [])
    .catch((error) => {
      if (!/sandbox/i.test(error.message)) throw error;
      return launch(env, unboxed);
    });
  atEnd(() => browser.close());
  return browser;
}

// A new context and page. Options: colorScheme 'light' | 'dark', locale, width, height, zoom,
// javaScriptEnabled. The page fails its test on what a visitor's console would show.
export async function openPhone(browser, { width = 360, height = 740, ...options } = {}) {
  const context = await browser.newContext({
    viewport: { width, height },
    deviceScaleFactor: 2,
    isMobile: true,
    hasTouch: true,
    locale: 'pl-PL',
    ignoreHTTPSErrors: true,
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(15000);
  page.complaints = [];
  page.on('pageerror', (error) => page.complaints.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') page.complaints.push(message.text());
  });
  return page;
}

// WCAG 2.2 AA and best practices: nothing found, or the test says what and where. axe is evaluated
// by the debugger, which the page's Content-Security-Policy does not concern.
export async function assertAccessible(page, what = page.url()) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  }));
  const found = violations.map((v) => `${v.id}: ${v.help}\n    ${v.nodes.map((n) => n.html).join('\n    ')}`);
  assert.equal(found.length, 0, `${what}:\n  ${found.join('\n  ')}`);
}

// Nothing sticks out to the right.
export async function assertFits(page, what = page.url()) {
  const [content, window] = await page.evaluate(() => [
    document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(content <= window, `${what}: ${content} px wide on a screen of ${window} px`);
}
