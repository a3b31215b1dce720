// Prometheus text (format 0.0.4), read strictly: what is not exactly as the format has it throws.
const name = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/, number = /^[+-]?(\d+(\.\d+)?([eE][+-]?\d+)?|Inf)$|^NaN$/;

function labelsOf(text) {
  const labels = {};
  let rest = text;
  while (rest !== '') {
    const [whole, label, value] = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"/.exec(rest) ?? [];
    if (whole === undefined || label in labels) throw new Error(`labels ${text}`);
    labels[label] = value.replace(/\\(.)/g, (_, c) => (c === 'n' ? '\n' : c));
    rest = rest.slice(whole.length);
    if (rest.startsWith(',') && rest.length > 1) rest = rest.slice(1);
    else if (rest !== '') throw new Error(`labels ${text}`);
  }
  return labels;
}

function sampleOf(line) {
  const [, sample, , labels = '', value] = /^([^\s{]+)(\{(.*)\})? (\S+)$/.exec(line) ?? [];
  if (sample === undefined || !name.test(sample) || !number.test(value)) throw new Error(`sample ${line}`);
  return { name: sample, labels: labelsOf(labels), value: Number(value.replace('Inf', 'Infinity')) };
}

function belongs(sample, { name: family, type }) {
  if (type !== 'histogram') return sample === family;
  return ['_bucket', '_sum', '_count'].some((end) => sample === family + end);
}

function checkHistogram({ name: family, samples }) {
  const series = new Map();
  for (const { name: sample, labels: { le, ...labels }, value } of samples) {
    const key = JSON.stringify(labels), one = series.get(key) ?? { buckets: [] };
    if (sample.endsWith('_bucket')) one.buckets.push([Number(le.replace('Inf', 'Infinity')), value]);
    else one[sample.slice(family.length + 1)] = value;
    series.set(key, one);
  }
  for (const [key, { buckets, count, sum }] of series) {
    const isRising = buckets.every(([le, value], i) => i === 0 || (le > buckets[i - 1][0] && value >= buckets[i - 1][1]));
    const [last, all] = buckets.at(-1);
    if (!isRising || last !== Infinity || all !== count || !(sum >= 0)) throw new Error(`histogram ${family} ${key}`);
  }
}

// Families by name: { name, help, type, samples: [{ name, labels, value }] }.
export function parseMetrics(text) {
  if (!text.endsWith('\n') || text.includes('\r')) throw new Error('lines end in \\n, the last one, too');
  const families = new Map(), seen = new Set();
  let family;
  for (const line of text.slice(0, -1).split('\n')) {
    const [, keyword, of, rest] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (keyword === 'HELP') {
      if (families.has(of) || !name.test(of)) throw new Error(`${of} begins twice`);
      families.set(of, family = { name: of, help: rest, samples: [] });
    } else if (keyword === 'TYPE') {
      if (of !== family?.name || family.type || family.samples.length > 0) throw new Error(line);
      if (!['counter', 'gauge', 'histogram'].includes(rest)) throw new Error(line);
      if (rest === 'counter' && !of.endsWith('_total')) throw new Error(`${of} is a counter`);
      family.type = rest;
    } else {
      const sample = sampleOf(line), key = JSON.stringify([sample.name, Object.entries(sample.labels).sort()]);
      if (!family?.type || !belongs(sample.name, family)) throw new Error(`${line} stands in ${family?.name}`);
      if (seen.has(key)) throw new Error(`${line} stands twice`);
      seen.add(key);
      family.samples.push(sample);
    }
  }
  for (const one of families.values()) if (one.type === 'histogram') checkHistogram(one);
  return families;
}

// The one value of a sample with these labels (others are free); undefined when there is none.
export function metricOf(families, sample, labels = {}) {
  const found = [...families.values()].flatMap(({ samples }) => samples).filter((s) => s.name === sample &&
    Object.entries(labels).every(([label, value]) => s.labels[label] === value));
  if (found.length > 1) throw new Error(`${found.length} samples of ${sample}`);
  return found[0]?.value;
}
