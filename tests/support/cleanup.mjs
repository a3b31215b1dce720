// What is to be done when a test file is over, the newest first. Registered here once and for all,
// because node's own `after` belongs to where it is called: in a `before` hook it runs when the hook
// ends.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
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

// A folder that root's unprivileged database user can pass through, removed after the file.
export function temporaryFolder() {
  const folder = mkdtempSync(path.join(tmpdir(), 'dunlin-test-'));
  chmodSync(folder, 0o755);
  atEnd(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}
