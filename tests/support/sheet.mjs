// Sheets of a link (parts, another date, help) as a browser without JavaScript sees them: their forms,
// and what they say.
const decode = (text) => text.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');

// [{ action, fields: what is sent unless changed, choices: { name: [values of radio buttons] } }]
export function formsOf(html) {
  return (html.match(/<form\b[^]*?<\/form>/g) ?? []).map((form) => {
    const fields = {}, choices = {};
    for (const [input] of form.matchAll(/<input\b[^>]*>/g)) {
      const get = (name) => decode((new RegExp(`\\b${name}="([^"]*)"`).exec(input) ?? ['', ''])[1]);
      if (get('type') === 'radio') (choices[get('name')] ??= []).push(get('value'));
      else fields[get('name')] = get('value');
    }
    const area = /<textarea\b[^>]*name="(\w+)"[^>]*>([^]*?)<\/textarea>/.exec(form);
    if (area) fields[area[1]] = decode(area[2]);
    const button = /<button\b[^>]*name="(\w+)"[^>]*value="(\w+)"/.exec(form);
    if (button) fields[button[1]] = button[2];
    return { action: /action="([^"]+)"/.exec(form)[1], fields, choices };
  });
}

// What stands on a page, without its tags.
export function wordsOf(html) {
  return decode(html.replace(/<style>[^]*?<\/style>/, '').replace(/<script>[^]*?<\/script>/, '')
    .replace(/<[^>]+>/g, ' ')).replace(/[\s\u00a0]+/g, ' ').trim();
}

// A sheet of a link: { status, text, words, forms }.
export async function openSheet(demo, link, name, query = '') {
  const answer = await demo.get(`${link}/${name}${query}`);
  return { status: answer.status, text: answer.text, words: wordsOf(answer.text), forms: formsOf(answer.text) };
}

// Sends one of its forms, with these fields changed.
export async function sendForm(demo, form, more = {}) {
  const answer = await demo.post(new URL(form.action, demo.url).href, { ...form.fields, ...more });
  return { status: answer.status, location: answer.headers.location, text: answer.text, words: wordsOf(answer.text), forms: formsOf(answer.text) };
}
