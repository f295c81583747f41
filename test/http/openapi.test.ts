import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
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
    'PUT /images',
  ]);
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
      '404',
      '406',
      '408',
      '413',
      '415',
      '422',
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
    for (const [status, { content }] of Object.entries(responses)) {
      if (!status.startsWith('2')) expect(Object.keys(content)).toEqual(['application/problem+json']);
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
