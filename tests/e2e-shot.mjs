import { chromium } from 'playwright-core';
const base = process.argv[2] ?? 'http://127.0.0.1:21446';
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
for (const [w, h] of [[1440, 1000], [390, 844]]) for (const p of (process.argv[3] ?? '/,/phone,/inbox,/bank').split(',')) {
  const page = await browser.newPage({ viewport: { width: w, height: h }, ignoreHTTPSErrors: true });
  page.on('console', (m) => console.log(p, m.text())); page.on('pageerror', (e) => console.log(p, String(e)));
  await page.goto(base + p); await page.waitForTimeout(2500);
  await page.screenshot({ path: `/tmp/demo/shots/${w}${p.replaceAll('/', '_').replaceAll('?', '_')}.png`, fullPage: w === 1440 });
  await page.close();
}
await browser.close();
