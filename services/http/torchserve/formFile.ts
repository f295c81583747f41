import { ElucidError, faultAt } from '../../../schemas/errors.ts';

/** The field that TorchServe's clients send files in: `curl -F data=@picture.png`. */
const FIELD = 'data';

/**
 * The file of a form that is there as a whole.
 * @param type the Content-Type, with the boundary
 * @throws ElucidError `bad-body` for bytes that are no form, `invalid` unless it holds just one file called `data`
 */
export async function formFile(body: Buffer, type: string): Promise<Buffer> {
  const form = await readForm(body, type);
  const entries = [...form];
  const [[name, value] = ['', ''], ...others] = entries;
  if (others.length > 0 || name !== FIELD || typeof value === 'string') {
    const names = entries.map(([field]) => JSON.stringify(field.slice(0, 100)));
    const received = names.length === 0 ? 'an empty form' : `the fields ${names.slice(0, 10).join(', ')}`;
    throw faultAt('invalid', '', `received ${received}; allowed is one file in the field ${FIELD}`);
  }
  return Buffer.from(await value.arrayBuffer());
}

async function readForm(body: Buffer, type: string): Promise<FormData> {
  try {
    return await new Response(body, { headers: { 'content-type': type } }).formData();
  } catch {
    throw new ElucidError('bad-body', 'the form cannot be parsed: its parts do not follow its boundary');
  }
}
