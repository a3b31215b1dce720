// Thousands of clients with one bad habit; crowd.c says which and what comes out.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';

import { atEnd } from './cleanup.mjs';
import { dunlin } from './demo.mjs';

const program = path.join(path.dirname(dunlin), 'tests', 'crowd');

// Returns { standing, over, end() }: promises of what the crowd has seen when all have come, and when
// all are gone again or were told to go.
export function startCrowd(habit, count, port, { from = '127.1.0.1', addresses = 32, paths = [] } = {}) {
  const child = spawn(program, [habit, count, port, from, addresses, ...paths].map(String),
    { stdio: ['pipe', 'pipe', 'inherit'] });
  atEnd(() => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`the crowd of ${habit} ended early (${child.signalCode ?? child.exitCode})`);
    return JSON.parse(value);
  };
  const standing = next();
  const over = standing.then(next);
  over.catch(() => {}); // who awaits it hears of it
  return {
    standing,
    over,
    end() {
      child.stdin.end();
      return over;
    },
  };
}
