// The fake SMSAPI on a thread of its own: what it gets has its own time, however busy the test is.
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

import { startSmsapi } from './smsapi.mjs';

// { url, token, points, books(), close() }; `books` tells requests, sent and complaints so far; `rules` as
// its own, without functions.
export async function startSmsapiApart(rules = []) {
  const worker = new Worker(new URL(import.meta.url), { workerData: rules });
  const told = () => new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  const fake = await told();
  return {
    ...fake,
    books() {
      const answer = told();
      worker.postMessage('books');
      return answer;
    },
    close: () => worker.terminate(),
  };
}

if (!isMainThread) {
  const fake = await startSmsapi();
  fake.points = Infinity;
  workerData.forEach((rule) => fake.add(rule));
  parentPort.on('message', () => {
    const { requests, sent, complaints } = fake;
    parentPort.postMessage({ requests: requests.map(({ at, fields }) => ({ at, fields })), sent, complaints });
  });
  parentPort.postMessage({ url: fake.url, token: fake.token });
}
