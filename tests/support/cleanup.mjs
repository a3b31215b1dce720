// What is to be done when a test file is over, the newest first. Registered here once and for all,
// because node's own `after` belongs to where it is called: in a `before` hook it runs when the hook
// ends.
import { after } from 'node:test';

const jobs = [];

after(async () => {
  const failures = [];
  for (const job of jobs.reverse()) {
    try {
      await job();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
});

export function atEnd(job) {
  jobs.push(job);
}
