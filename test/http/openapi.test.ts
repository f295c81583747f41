import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Contract, HIDDEN } from './contract.ts';
import { type TestApp, testApp } from './testApp.ts';

interface Media {
  readonly schema: unknown;
  readonly examples?: Record<string, { readonly value: object }>;
}

interface Operation {
  readonly operationId: string;
  readonly requestBody?: { readonly content: Record<string, Media> };
  readonly responses: Record<string, { readonly description: string; readonly content: Record<string, unknown> }>;
}

interface Document {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, unknown> };
}

let fake: TestApp;
let document: Document;

beforeAll(async () => {
  fake = await testApp();
  document = (await fake.app.inject('/openapi.json')).json();
});

afterAll(async () => {
  await fake.app.close();
});

test('the document is valid OpenAPI 3.1', async () => {
  expect(document.openapi).toMatch(/^3\.1\./);
  const { valid, errors } = await new Validator().validate({ ...document });
  expect(errors ?? []).toEqual([]);
  expect(valid).toBe(true);
});

test('the linter finds nothing', async () => {
  const config = await createConfig({ extends: ['recommended'] });
  const found = await lintFromString({ source: JSON.stringify(document), absoluteRef: 'openapi.json', config });
  expect(found.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer])).toEqual([]);
});

test('every reference leads somewhere, and every named schema is used', () => {
  const text = JSON.stringify(document);
  const references = new Set([...text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name));
  expect([...references].sort()).toEqual(Object.keys(document.components.schemas).sort());
});

test('every route is there', () => {
  const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(routes.sort()).toEqual([
    'DELETE /jobs/{id}',
    'GET /',
    'GET /health/live',
    'GET /health/ready',
    'GET /jobs',
    'GET /jobs/{id}',
    'GET /jobs/{id}/events',
    'GET /jobs/{id}/result',
    'GET /methods',
    'GET /models',
    'GET /models/{name}',
    'GET /models/{name}/explanation.onnx',
    'GET /models/{name}/layers/{layer}/filters',
    'GET /pictures/{token}',
    'GET /v1/models',
    'GET /v1/models/{name}',
    'GET /v2',
    'GET /v2/health/live',
    'GET /v2/health/ready',
    'GET /v2/models/{name}',
    'GET /v2/models/{name}/ready',
    'GET /v2/models/{name}/versions/{version}',
    'GET /v2/models/{name}/versions/{version}/ready',
    'POST /admin/models/reload',
    'POST /explain',
    'POST /explanations/{name}',
    'POST /explanations/{name}/{version}',
    'POST /predictions/{name}',
    'POST /predictions/{name}/{version}',
    'POST /prototype',
    'POST /v1/models/{name}:explain',
    'POST /v1/models/{name}:predict',
    'POST /v2/models/{name}/infer',
    'POST /v2/models/{name}/versions/{version}/infer',
    'POST /v2/repository/index',
    'POST /v2/repository/models/{name}/load',
    'POST /v2/repository/models/{name}/unload',
    'PUT /explanations/{name}',
    'PUT /explanations/{name}/{version}',
    'PUT /images',
    'PUT /predictions/{name}',
    'PUT /predictions/{name}/{version}',
  ]);
});

test('every route that is registered is in the document, or hidden on purpose', () => {
  const documented = new Contract({ ...document }).operations.map(({ method, path }) => `${method} ${path}`);
  const registered = routesOf(fake.app.printRoutes({ commonPrefix: false }));
  expect(registered.length).toBeGreaterThan(documented.length);
  const missing = registered.filter(
    ({ path, methods }) =>
      !HIDDEN.test(path) && !methods.some((method) => documented.includes(`${method.toLowerCase()} ${path}`)),
  );
  expect(missing).toEqual([]);
});

test('every operation says what it answers without a key, too often, and by another method', () => {
  const { operations } = new Contract({ ...document });
  const lacking = operations.filter(({ operation }) => {
    const statuses = Object.keys(operation['responses'] as object);
    return !['401', '403', '405', '429', '500', '503'].every((status) => statuses.includes(status));
  });
  expect(lacking.map(({ path }) => path)).toEqual([]);
  expect(document).toMatchObject({
    security: [{}, { bearer: [] }, { apiKey: [] }],
    components: { securitySchemes: { bearer: { scheme: 'bearer' }, apiKey: { name: 'X-API-Key' } } },
  });
});

test('every operation has examples of what it takes and gives as JSON', () => {
  const contract = new Contract({ ...document });
  const lacking = contract.operations.flatMap(({ operation }) => {
    const { requestBody, responses } = operation as unknown as Operation;
    const bodies = [requestBody, ...Object.values(responses).map((response) => contract.resolve(response))];
    const media = bodies.map((body) => (body?.['content'] as Record<string, object> | undefined)?.['application/json']);
    const bare = media.filter((one) => one !== undefined && !('example' in one) && !('examples' in one));
    return bare.length > 0 ? [operation['operationId']] : [];
  });
  expect(lacking).toEqual([]);
});

test('every operation has a name of its own', () => {
  const names = Object.values(document.paths).flatMap((methods) =>
    Object.values(methods).map(({ operationId }) => operationId),
  );
  expect(names.filter((name, i) => name === undefined || names.indexOf(name) < i)).toEqual([]);
});

describe('POST /explain', () => {
  const operation = () => document.paths['/explain']?.['post'];

  test('has every status and media type', () => {
    const responses = operation()?.responses ?? {};
    expect(Object.keys(responses)).toEqual([
      '200',
      '202',
      '400',
      '401',
      '403',
      '404',
      '405',
      '406',
      '408',
      '409',
      '413',
      '414',
      '415',
      '421',
      '422',
      '429',
      '431',
      '500',
      '503',
    ]);
    expect(Object.keys(responses['200']?.content ?? {})).toEqual([
      'application/json',
      'image/png',
      'image/webp',
      'image/avif',
      'image/jpeg',
      'application/x-npy',
      'multipart/mixed',
    ]);
    const contract = new Contract({ ...document });
    for (const [status, response] of Object.entries(responses)) {
      const { content } = contract.resolve(response);
      if (!status.startsWith('2')) expect(Object.keys(content as object)).toEqual(['application/problem+json']);
    }
    expect(JSON.stringify(responses['200'])).toContain('X-Prediction-Label');
  });

  test('takes JSON and forms, with examples that are accepted', async () => {
    const content = operation()?.requestBody?.content ?? {};
    expect(Object.keys(content)).toEqual(['application/json', 'multipart/form-data']);
    const examples = Object.values(content['application/json']?.examples ?? {});
    expect(examples.length).toBeGreaterThan(1);
    for (const { value } of examples) {
      const payload = { ...value, model: 'digits' };
      const answer = await fake.app.inject({ method: 'POST', url: '/explain', payload });
      expect({ status: answer.statusCode, detail: answer.json().detail }).toEqual({ status: 200, detail: undefined });
    }
  });
});

/** The routes of the tree that the router prints, their paths as the document writes them. */
function routesOf(tree: string): { path: string; methods: string[] }[] {
  const parents: string[] = [];
  return tree.split('\n').flatMap((line) => {
    const [, indent = '', part = '', methods = ''] = /^([\s│└├─]*)(\S+) \(([^)]*)\)$/.exec(line) ?? [];
    if (part === '') return [];
    const depth = indent.length / 4;
    const parent = parents[depth - 1] ?? '';
    parents[depth] = `${parent}${part}`;
    const path = parents[depth]
      .replaceAll(/(?<!:):(\w+)(\(.*?\))?/g, '{$1}')
      .replaceAll('::', ':')
      .replace(/^\/\//, '/');
    return [{ path, methods: methods.split(', ') }];
  });
}
