// Commands whose exit status matters.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { dunlin } from './demo.mjs';

// Runs dunlin: { code, out, err }, whatever the exit status. Throws when it has none.
export async function run(...args) {
  const ended = await promisify(execFile)(dunlin, args).catch((error) => error);
  const { code = 0, stdout, stderr } = ended;
  if (typeof code !== 'number') throw ended;
  return { code, out: stdout, err: stderr };
}
