import fc from 'fast-check';
import { base64Bytes } from '../../schemas/base64.ts';

/** RFC 4648, section 4, with padding. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Characters that Node decodes, skips, ends at or mistakes for others. */
const character = fc.constantFrom(...'AZaz09+/=-_ \n.é', '\u0141', '\u0000');

test('exactly what RFC 4648 allows is taken', () => {
  const texts = fc.oneof(
    fc.string({ unit: character, maxLength: 12 }),
    fc.tuple(fc.base64String(), character, fc.nat()).map(([text, one, at]) => {
      const place = at % (text.length + 1);
      return text.slice(0, place) + one + text.slice(place + 1);
    }),
    fc.base64String(),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const { success, data } = base64Bytes.safeParse(text);
      expect(success).toBe(BASE64.test(text));
      if (success) expect(data?.toString('base64')).toHaveLength(text.length);
    }),
    { numRuns: 3000 },
  );
});

test('bytes come back as they were', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      expect([...base64Bytes.parse(Buffer.from(bytes).toString('base64'))]).toEqual([...bytes]);
    }),
  );
});

test.each([
  ['AA-_', 'received "-" at 2'],
  ['AAA', 'received 3'],
  ['AAAA AAA', 'received " " at 4'],
  ['data:image/png;base64,AAAA', 'data URL'],
])('%s is refused, and told why', (text, reason) => {
  const { error } = base64Bytes.safeParse(text);
  expect(error?.issues[0]?.message).toContain(reason);
});
