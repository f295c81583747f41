import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** One request of an example, sent as curl would: the options that our documents use. */
export async function sendCurl(command: string, from: string, to: string, root: string): Promise<Response> {
  const words = split(command.replaceAll('\\\n', ' '));
  const form = new FormData();
  const headers: Record<string, string> = {};
  let url = '';
  let data: string | null = null;
  let method: string | null = null;
  let upload: Buffer | null = null;
  for (let i = 1; i < words.length; i += 1) {
    const word = words[i] ?? '';
    const value = words[i + 1] ?? '';
    if (word.startsWith('http')) url = word.replace(from, to);
    else if (word === '-s' || word === '-N') continue;
    else if (word === '-o' || word === '-D') i += 1;
    else if (word === '-H') {
      const [name = '', content = ''] = value.split(': ');
      headers[name] = content;
      i += 1;
    } else if (word === '-F') {
      addField(form, value, root);
      i += 1;
    } else if (word === '-X') {
      method = value;
      i += 1;
    } else if (word === '-T') {
      upload = readFileSync(join(root, value));
      i += 1;
    } else if (word === '-d') {
      data = value;
      i += 1;
    } else throw new Error(`this option of curl is not known to the test: ${word}`);
  }
  if (upload !== null) return fetch(url, { method: 'PUT', headers, body: upload });
  const body = data ?? ([...form.keys()].length > 0 ? form : null);
  return fetch(url, { method: method ?? (body === null ? 'GET' : 'POST'), headers, body });
}

function addField(form: FormData, field: string, root: string): void {
  const [name = ''] = field.split('=', 1);
  const value = field.slice(name.length + 1);
  if (value.startsWith('@')) {
    form.append(name, new Blob([readFileSync(join(root, value.slice(1)))]), basename(value));
  } else form.append(name, value);
}

/** Words as a shell splits them: single quotes keep what they hold. */
function split(command: string): string[] {
  return [...command.matchAll(/'([^']*)'|([^\s']+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}
