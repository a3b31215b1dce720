// One psql that stays open, for tests that ask thousands of small things: starting one each time would
// be most of their time.
import { spawn } from 'node:child_process';
import path from 'node:path';

import { atEnd } from './cleanup.mjs';
import { postgresPrograms } from './local.mjs';

export class Psql {
  constructor(conninfo) {
    this.child = spawn(path.join(postgresPrograms(), 'psql'), ['-X', '-A', '-t', '-q', '-d', conninfo],
      { stdio: ['pipe', 'pipe', 'pipe'] });
    this.text = '';
    this.complaint = '';
    this.waiting = [];
    this.child.stdout.setEncoding('utf8').on('data', (part) => {
      this.text += part;
      this.look();
    });
    this.child.stderr.setEncoding('utf8').on('data', (part) => { this.complaint += part; });
    this.child.on('exit', (code) => this.waiting.splice(0).forEach(({ reject }) => reject(
      new Error(`psql ended (${code}): ${this.complaint}`))));
    atEnd(() => this.child.stdin.end());
  }

  look() {
    for (let at; this.waiting.length > 0 && (at = this.text.indexOf('\n=end=\n')) >= 0;) {
      const answer = this.text.slice(0, at);
      this.text = this.text.slice(at + '\n=end=\n'.length);
      const { resolve, reject } = this.waiting.shift();
      if (this.complaint !== '') {
        reject(new Error(this.complaint));
        this.complaint = '';
      } else {
        resolve(answer.trim());
      }
    }
  }

  // Any statements; what they print.
  run(sql) {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      // psql writes what it complains of before it goes on, so it is there when the mark is.
      this.child.stdin.write(`${sql}\n;\n\\echo '\\n=end='\n`);
    });
  }

  // The rows of one query, as objects.
  async query(sql) {
    return JSON.parse(await this.run(`select coalesce(json_agg(row_to_json(rows)), '[]') from (${sql}) as rows`));
  }
}
