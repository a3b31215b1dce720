// The demo with each fake of a provider in turn: a person pays on its page, another refuses.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { eventually, freePorts, startDemo, temporaryFolder } from '../support/demo.mjs';
import { invoiceOf, invoicesFile, invoiceWhen, payBlik, startPayment } from '../support/payer.mjs';

// What a person presses on the fake's page; where it sends them.
async function press(demo, address, what) {
  const page = await demo.get(address);
  assert.equal(page.status, 200);
  const reference = /name="reference" value="(\w+)"/.exec(page.text)[1];
  assert.match(page.text, new RegExp(`<button name="what" value="${what}">`));
  const answer = await demo.post(new URL('/demo/decide', address).href, { reference, what });
  assert.equal(answer.status, 303);
  return answer.headers.location;
}

for (const provider of ['stripe', 'payu', 'przelewy24', 'tpay', 'adyen', 'standard'])
  test(`people pay and refuse at the fake of ${provider}`, async () => {
    const port = await freePorts(7);
    const demo = await startDemo({ port, provider, args: ['--import', invoicesFile(temporaryFolder(), [['P/1', '120,00', 10], ['P/2', '120,00', 10], ['P/3', '120,00', 10]])] });
    const fake = `https://localhost:${port + 6}`;
    await eventually(async () => demo.get(`${fake}/`).catch(() => null), { what: 'the fake listens', within: 30000 });
    const address = await startPayment(demo, (await invoiceOf(demo, 'P/1')).link);
    assert.equal(new URL(address).origin, fake);
    assert.ok((await press(demo, address, 'paid')).startsWith(`${new URL(demo.url).origin}/back/`), 'back to the page');
    await invoiceWhen(demo, 'P/1', ({ due_minor: due }) => due === 0, 'the paid invoice');
    await press(demo, await startPayment(demo, (await invoiceOf(demo, 'P/2')).link), 'failed');
    if (!['przelewy24', 'tpay'].includes(provider)) // which tell of payments alone
      await invoiceWhen(demo, 'P/2', ({ payments }) => payments[0]?.state === 'failed', 'the refused payment');
    assert.equal((await invoiceOf(demo, 'P/2')).due_minor, 12000);
    const [, code, what] = /<b>(777\d{3})<\/b>: (\w+)/.exec((await demo.get(`${fake}/`)).text) ?? [];
    if (code) {
      await payBlik(demo, (await invoiceOf(demo, 'P/3')).link, code);
      if (what === 'waits') await press(demo, `${fake}/`, 'paid');
      await invoiceWhen(demo, 'P/3', ({ due_minor: due }) => due === 0, 'the invoice paid by BLIK');
    }
    assert.equal(await demo.stop(), 0);
  });

test('another name is told the right ones', async () => {
  await assert.rejects(startDemo({ provider: 'strpie' }), /stripe\|payu\|przelewy24\|tpay\|adyen\|standard/);
});
