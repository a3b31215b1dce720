// The four presets that are scenarios, each day of two years, and the fifth, the campaign, each day around
// the months that have one: what goes out is what tests/simulation says, written by hand.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { instantOf, isDeed, lineOf, placeOf, play, readTable } from '../support/simulation.mjs';

const twoYears = { from: '2027-12-01', to: '2029-11-30' };
const spans = { consumer_lender: twoYears, bank: twoYears, service_firm: twoYears, crm: twoYears,
  campaign: { from: '2028-03-01', to: '2028-07-31' } };

for (const name of Object.keys(spans)) {
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

describe('day by day', { concurrency: true }, () => {
  for (const [name, span] of Object.entries(spans)) {
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
            if (row.step !== 'thanks' && !row.step.startsWith('plan_')) assert.equal(row.scenario, table.campaigns ? null : name, lineOf(row));
            if (['push', 'sms', 'voice', 'email'].includes(row.channel)) assert.equal(row.laid_down, 1, `${lineOf(row)}: arrived once`);
          }
        });
      }
    });
  }
});
