// The five presets, each day of two years: what goes out is what tests/simulation says, written by hand.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { instantOf, isDeed, lineOf, placeOf, play, readTable } from '../support/simulation.mjs';

const span = { from: '2027-12-01', to: '2029-11-30' };
const presets = ['consumer_lender', 'bank', 'service_firm', 'crm'];

for (const name of [...presets, 'campaign']) {
  test(`the table of ${name} agrees with the calendar and with itself`, () => {
    const table = readTable(name);
    assert.deepEqual([...table.stories.keys()], table.debts.map(({ debt }) => debt), 'a story for each debt');
    for (const { debt, zone = 'Europe/Warsaw' } of table.debts) {
      const { title, rows, stops } = table.stories.get(debt);
      assert.ok(stops, `${title}: does not say how it stops`);
      rows.forEach((row, i) => {
        const { date, day, local } = row;
        assert.deepEqual({ date, day, local }, placeOf(row, zone), `${title}: ${lineOf(row)}`);
        assert.ok(i === 0 || instantOf(row) >= instantOf(rows[i - 1]), `${title}: ${lineOf(row)} is out of order`);
      });
    }
  });
}

describe('two years of days', { concurrency: true }, () => {
  for (const name of presets) {
    describe(name, () => {
      const table = readTable(name);
      let playing; // by the first of the tests, for all of them
      const played = () => (playing ??= play(table, span));
      for (const { debt } of table.debts) {
        const { title, rows, stops } = table.stories.get(debt);
        test(`${title} (${stops})`, async () => {
          const { messages, stops: ends } = await played();
          const sent = messages.get(debt);
          assert.deepEqual(sent.map(lineOf), rows.filter((row) => !isDeed(row)).map(lineOf));
          assert.equal(ends.get(debt), stops);
          for (const row of sent) {
            if (row.step !== 'thanks') assert.equal(row.scenario, name, lineOf(row));
            if (['push', 'sms', 'email'].includes(row.channel)) assert.equal(row.laid_down, 1, `${lineOf(row)}: arrived once`);
          }
        });
      }
    });
  }
});
