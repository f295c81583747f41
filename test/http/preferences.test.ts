import { describe, expect, test } from '@jest/globals';
import { readPreferences } from '../../services/http/jobs/preferences.ts';

describe('the header Prefer', () => {
  test.each([
    // The examples of RFC 7240, sections 2 and 4.
    ['respond-async, wait=10', { respondAsync: true, wait: 10 }],
    ['respond-async; foo="some, value"; bar', { respondAsync: true, wait: null }],
    ['Lenient', { respondAsync: false, wait: null }],
    ['priority=5, wait = 7 ,respond-async', { respondAsync: true, wait: 7 }],
    ['RESPOND-ASYNC, Wait="20"', { respondAsync: true, wait: 20 }],
    ['foo="respond-async, wait=3"', { respondAsync: false, wait: null }],
    // The first of two counts.
    ['wait=5, wait=50', { respondAsync: false, wait: 5 }],
    // What cannot be read is ignored.
    ['wait=soon, respond-async', { respondAsync: true, wait: null }],
    ['wait=-1', { respondAsync: false, wait: null }],
    ['wait', { respondAsync: false, wait: null }],
    ['"', { respondAsync: false, wait: null }],
    ['', { respondAsync: false, wait: null }],
    [undefined, { respondAsync: false, wait: null }],
    [['wait=4', 'respond-async'], { respondAsync: true, wait: 4 }],
  ])('%j', (header, expected) => {
    expect(readPreferences(header)).toEqual(expected);
  });

  test('a hostile one takes no time', () => {
    const started = performance.now();
    readPreferences(`${'"'.repeat(50_000)}${' ='.repeat(50_000)}`);
    readPreferences(`a${' '.repeat(100_000)}b`);
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});
