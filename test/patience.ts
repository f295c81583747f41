import { jest } from '@jest/globals';

// Ends what hangs; a slow or busy machine fails no test.
jest.setTimeout(120_000);
