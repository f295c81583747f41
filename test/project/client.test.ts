import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { documentHash } from '../../client/documentHash.ts';
import { testApp } from '../http/testApp.ts';

const ROOT = join(import.meta.dirname, '../..');
const manifest = (folder: string) => JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'));

test('the types of the client are those of the document; `npm run client` makes them', async () => {
  const { app } = await testApp();
  const hash = documentHash((await app.inject('/openapi.json')).json());
  await app.close();
  const [head] = readFileSync(join(ROOT, 'client/src/schema.ts'), 'utf8').split('\n', 1);
  expect(head).toContain(hash);
});

test('the client has the version and the licence of the service, and is tested with the library that it depends on', () => {
  const { version, license, devDependencies } = manifest('.');
  const client = manifest('client');
  expect(client).toMatchObject({ version, license });
  expect(client.dependencies).toEqual({ 'openapi-fetch': devDependencies['openapi-fetch'] });
});
