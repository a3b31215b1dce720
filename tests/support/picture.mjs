// Takes the README's picture, docs/payment.webp, from a demo: a message, the page, the bank, paid.
//     node --test tests/support/picture.mjs
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';

import { openBrowser, openPhone } from './browser.mjs';
import { eventually, startDemo } from './demo.mjs';

const size = { width: 360, height: 740 };

async function shoot(page, from = 0) {
  await page.evaluate((top) => window.scrollTo(0, top), from);
  return page.screenshot({ type: 'png' });
}

async function takeAll(demo, browser) {
  const shots = [];
  const message = await eventually(async () => (await demo.pane('/phone.json?channel=sms'))
    .find(({ link, step }) => link && !step.startsWith('thanks')), { what: 'an SMS with a link' });
  const phone = await openPhone(browser, size);
  await phone.goto(`${demo.panes}/phone?customer=${message.customer}`);
  const [{ y }] = await phone.locator('time, .clock, [class*=phone]').evaluateAll((found) => found
    .map((e) => ({ y: e.getBoundingClientRect().y })).filter((box) => box.y > 300));
  shots.push(await shoot(phone, y - 20));
  const page = await openPhone(browser, size);
  await page.goto(message.link);
  shots.push(await shoot(page));
  await page.locator('button[value=redirect]').click();
  await page.waitForURL(`${demo.panes}/bank/pay/**`);
  shots.push(await shoot(page));
  await page.locator('button[value=pay]').click();
  await page.waitForURL(`${demo.url}/**`);
  await eventually(async () => (await demo.query(
    `select due_minor from invoice where number = '${message.number}'`))[0].due_minor === 0,
  { what: 'the payment is booked' });
  await page.goto(message.link);
  shots.push(await shoot(page));
  return shots;
}

// Side by side on one sheet.
async function compose(browser, shots) {
  const page = await browser.newPage({ viewport: { width: 1320, height: 640 } });
  const images = shots.map((shot) => `<img src="data:image/png;base64,${shot.toString('base64')}">`);
  await page.setContent(`<style>body{margin:0;background:#dfe5ea;display:flex;gap:24px;padding:24px;
    box-sizing:border-box;width:1320px;justify-content:center}
    img{width:288px;height:592px;border-radius:22px;box-shadow:0 6px 24px #0003}</style>${images.join('')}`);
  const webp = await page.evaluate(async (png) => {
    const image = new Image();
    image.src = `data:image/png;base64,${png}`;
    await image.decode();
    const canvas = Object.assign(document.createElement('canvas'), { width: image.width, height: image.height });
    canvas.getContext('2d').drawImage(image, 0, 0);
    return canvas.toDataURL('image/webp', 0.85).split(',')[1];
  }, (await page.screenshot({ type: 'png' })).toString('base64'));
  return Buffer.from(webp, 'base64');
}

test('the picture is taken', async () => {
  const demo = await startDemo();
  const browser = await openBrowser();
  const file = new URL('../../docs/payment.webp', import.meta.url);
  writeFileSync(file, await compose(browser, await takeAll(demo, browser)));
});
