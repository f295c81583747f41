import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { getIntrospectionQuery, parse } from 'graphql';
import { costOf } from '../../services/graphql/limits/cost.ts';
import { fragmentsOf } from '../../services/graphql/limits/sizeRule.ts';
import { buildGraphqlSchema } from '../../services/graphql/schema.ts';
import { type TestApp, testApp } from '../http/testApp.ts';
import { asker, EXPLAIN, REQUEST } from './client.ts';

let fake: TestApp;
const ask = asker(() => fake.app);

beforeAll(async () => {
  fake = await testApp();
});
afterAll(async () => {
  await fake.app.close();
  await fake.jobs.close();
});

const many = (count: number, text: (i: number) => string) => Array.from({ length: count }, (_, i) => text(i)).join(' ');

describe('size', () => {
  const refused = async (query: string, ...words: string[]) => {
    const began = performance.now();
    const { status, data, errors } = await ask(query);
    expect([status, data]).toEqual([400, undefined]);
    const text = (errors ?? []).map(({ message }) => message).join('\n');
    for (const word of words) expect(text).toContain(word);
    expect(errors?.[0]?.extensions).toEqual({ code: 'bad-query', request_id: expect.any(String) });
    expect(performance.now() - began).toBeLessThan(20_000);
  };

  test('a document has so many tokens', () => refused(`{ ${many(2001, () => 'a')} }`, '2000 tokens'));

  test('and so many characters', () =>
    refused(`{ model(name: "${'x'.repeat(65_536)}") { name } }`, 'characters; allowed are 65536'));

  test('aliases count as fields', () =>
    refused(`{ ${many(300, (i) => `a${i}: methods { composites }`)} }`, '600 fields; allowed are 500'));

  test('fragments count at every place, without being written out', () => {
    const fragments = many(40, (i) => `fragment F${i} on Query { ...F${i + 1} ...F${i + 1} }`);
    return refused(`{ ...F0 } ${fragments} fragment F40 on Query { methods { composites } }`, '2199023255552 fields');
  });

  test('inline fragments hide nothing', () => {
    const inner = many(12, (i) => `f${i}: composites`);
    return refused(`{ ${many(42, () => `... on Query { methods { ${inner} } }`)} }`, '546 fields; allowed are 500');
  });

  test('equal fields, whose pairs are compared, are as many as there may be tokens', () =>
    refused(`{ methods { ${many(1990, () => 'composites')} } }`, '1991 fields; allowed are 500'));

  test('depth is bounded', () => {
    const deep = (level: number): string => (level === 0 ? 'name' : `ofType { ${deep(level - 1)} }`);
    return refused(`{ __schema { types { fields { type { ${deep(14)} } } } } }`, '19 fields deep; allowed are 16');
  });

  test.each([
    ['one fragment', 'fragment F on Query { ...F }'],
    ['two fragments', 'fragment F on Query { ...G } fragment G on Query { ...F }'],
    [
      'fragments below fields',
      'fragment F on Query { model(name: "digits") { ...M } } fragment M on Model { ...M name }',
    ],
  ])('a cycle of %s is refused', (_name, fragments) => refused(`{ ...F } ${fragments}`, 'Cannot spread fragment'));

  test('introspection as tools ask for it fits', async () => {
    const { status, data } = await ask(getIntrospectionQuery());
    expect([status, data.__schema.queryType.name]).toEqual([200, 'Query']);
  });
});

describe('cost', () => {
  test('explanations cost more than there is room for, under whatever alias', async () => {
    const aliases = (count: number) => many(count, (i) => `e${i}: explain(request: $request) { id }`);
    const query = (count: number) => `query ($request: ExplainInput!) { ${aliases(count)} }`;
    fake.service.commands.length = 0;
    expect((await ask(query(49), { request: REQUEST })).status).toBe(200);
    expect(fake.service.commands).toHaveLength(49);
    const { status, errors } = await ask(query(50), { request: REQUEST });
    expect([status, errors?.[0]?.message, errors?.[0]?.extensions.code]).toEqual([
      400,
      'the operation costs 501; allowed are 500',
      'too-costly',
    ]);
    expect(fake.service.commands).toHaveLength(49);
  });

  test('so do three prototypes', async () => {
    const create = 'createPrototype(request: {model: "digits", target: 0}) { id }';
    const { errors } = await ask(`mutation { a: ${create} b: ${create} c: ${create} }`);
    expect(errors?.[0]?.extensions.code).toBe('too-costly');
  });

  test('the limit is configured', async () => {
    const poor = await testApp({ GRAPHQL_MAX_COST: 5 });
    const { errors } = await asker(() => poor.app)(`${EXPLAIN} { id } }`, { request: REQUEST });
    expect(errors?.[0]?.message).toBe('the operation costs 11; allowed are 5');
    await poor.app.close();
    await poor.jobs.close();
  });

  const schema = buildGraphqlSchema();
  test.each([
    ['{ methods { composites } }', {}, 1],
    ['{ model(name: "a") { name } }', {}, 1],
    ['{ model(name: "a") { layers { name } methods { name } } }', {}, 1 + 2 + 2],
    ['{ models { layers { name } } }', {}, 1 + 10 * 2],
    ['{ jobs { jobs { result { __typename } } } }', {}, 1 + 50 * 2],
    ['{ jobs(limit: 3) { jobs { result { __typename } } } }', {}, 1 + 3 * 2],
    ['query ($n: Int!) { jobs(limit: $n) { jobs { result { __typename } } } }', { n: 7 }, 1 + 7 * 2],
    ['query ($n: Int!) { jobs(limit: $n) { jobs { result { __typename } } } }', { n: 'x' }, 1 + 50 * 2],
    [
      '{ job(id: 1) { result { ... on Prototypes { picture { url } animation } ... on Explanation { picture { url } } } } }',
      {},
      1 + 2 + 5 + 10 + 2,
    ],
    ['{ ...F ...F } fragment F on Query { model(name: "a") { sha256 } }', {}, 1 + 2 + 2],
    ['{ ...F } fragment F on Query { ...F }', {}, 1],
    ['{ a: model(name: "a") { sha256 @skip(if: true) } }', {}, 1 + 2],
  ])('%s with %j costs %i', (text, variables, cost) => {
    const document = parse(text);
    const [operation] = document.definitions;
    if (operation?.kind !== 'OperationDefinition') throw new Error('no operation');
    expect(costOf(schema, operation, fragmentsOf(document), variables)).toBe(cost);
  });
});

describe('requests', () => {
  const send = (payload: unknown, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
    fake.app.inject({
      method: 'POST',
      url: '/graphql',
      headers,
      payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
    });

  test('lists of requests are refused', async () => {
    const answer = await send([{ query: '{ methods { composites } }' }]);
    expect([answer.statusCode, answer.json().errors[0].message]).toEqual([
      400,
      'received a list of requests; allowed is one',
    ]);
  });

  test.each([
    ['a syntax tree as JSON', { query: JSON.stringify(parse('{ methods { composites } }')) }, 'Syntax Error'],
    ['null as a document', { query: 'null' }, 'Unexpected Name'],
    ['no document', {}, 'query is required'],
    ['a document that is a number', { query: 3 }, 'query must be a string'],
    [
      'variables that are a list',
      { query: '{ methods { composites } }', variables: [] },
      'variables must be an object',
    ],
    ['an unknown operation', { query: '{ methods { composites } }', operationName: 'x' }, 'no operation "x"'],
    [
      'two operations and no name',
      { query: 'query a { methods { composites } } query b { methods { composites } }' },
      'exactly one operation',
    ],
    ['only a fragment', { query: 'fragment F on Query { methods { composites } }' }, 'exactly one operation'],
    ['a subscription', { query: 'subscription { jobEvents(id: 1) { number } }' }, 'graphql-transport-ws'],
    ['a bad variable', { query: `${EXPLAIN} { id } }`, variables: { request: 3 } }, 'to be an object'],
    [
      'an unknown enum value',
      { query: `${EXPLAIN} { id } }`, variables: { request: { ...REQUEST, method: 'LPR' } } },
      'Did you mean the enum value "LRP"',
    ],
    [
      'an unknown field of an input',
      { query: `${EXPLAIN} { id } }`, variables: { request: { ...REQUEST, nope: 1 } } },
      '"nope" is not defined',
    ],
  ])('%s is 400, every time it is sent', async (_name, payload, words) => {
    for (let time = 0; time < 5; time += 1) {
      const answer = await send(payload);
      expect([answer.statusCode, 'data' in answer.json()]).toEqual([400, false]);
      expect(answer.json().errors[0].message).toContain(words);
    }
  });

  test('__proto__ is refused in bodies, in literals and in the query of a GET', async () => {
    const body = '{"query": "{ methods { composites } }", "variables": {"__proto__": {"a": 1}}}';
    expect((await send(body)).statusCode).toBe(400);
    const literal = 'explain(request: {model: "digits", options: {__proto__: {a: 1}}, input: {imageId: "x"}}) { id }';
    const { status, errors } = await ask(`{ ${literal} }`);
    expect([status, errors?.[0]?.message]).toEqual([400, expect.stringContaining('__proto__')]);
    const query = new URLSearchParams({ query: '{ methods { composites } }', variables: '{"__proto__": {}}' });
    const answer = await fake.app.inject({ url: `/graphql?${query}`, headers: { 'graphql-require-preflight': '1' } });
    expect(answer.statusCode).toBe(400);
  });

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/graphql',
    '',
  ])('a body of type %j, which a web page could send, is 415', async (type) => {
    const answer = await send({ query: '{ methods { composites } }' }, type === '' ? {} : { 'content-type': type });
    expect([answer.statusCode, answer.json().errors[0].extensions.code]).toEqual([415, 'unsupported-media-type']);
  });

  const byGet = (query: string, headers: Record<string, string> = { 'apollo-require-preflight': 'true' }) =>
    fake.app.inject({ url: `/graphql?${new URLSearchParams({ query })}`, headers });

  test('a GET needs what a page cannot send; mutations by it are 405', async () => {
    const query = '{ methods { composites } }';
    expect((await byGet(query)).json().data.methods.composites).toContain('epsilon');
    const forged = await byGet(query, {});
    expect([forged.statusCode, forged.json().errors[0].extensions.code]).toEqual([400, 'csrf']);
    for (let time = 0; time < 5; time += 1) {
      const mutation = await byGet('mutation { cancelJob(id: "x") { id } }');
      expect([mutation.statusCode, mutation.headers['allow']]).toEqual([405, 'POST, OPTIONS']);
    }
  });

  test.each(['PUT', 'PATCH', 'DELETE'] as const)('%s is 405', async (method) => {
    const answer = await fake.app.inject({ method, url: '/graphql', payload: {} });
    expect([answer.statusCode, answer.headers['allow']]).toEqual([405, 'GET, HEAD, POST, OPTIONS']);
  });

  test('the type of the answer is one that is accepted, or 406', async () => {
    const typed = async (accept: string) => {
      const answer = await send(
        { query: '{ methods { composites } }' },
        { 'content-type': 'application/json', accept },
      );
      return [answer.statusCode, answer.headers['content-type']];
    };
    const [json, response] = ['application/json; charset=utf-8', 'application/graphql-response+json; charset=utf-8'];
    expect(await typed('application/graphql-response+json')).toEqual([200, response]);
    expect(await typed('application/graphql-response+json, application/json;q=0.9')).toEqual([200, response]);
    expect(await typed('*/*')).toEqual([200, json]);
    expect(await typed('text/html')).toEqual([406, json]);
  });

  test('introspection can be switched off', async () => {
    const closed = await testApp({ GRAPHQL_INTROSPECTION: false });
    const asked = asker(() => closed.app);
    for (const query of ['{ __schema { types { name } } }', '{ __type(name: "Job") { name } }']) {
      expect((await asked(query)).status).toBe(400);
    }
    expect((await asked('{ methods { __typename } }')).data).toEqual({ methods: { __typename: 'MethodList' } });
    await closed.app.close();
    await closed.jobs.close();
  });

  test('no page is served that loads scripts', async () => {
    expect((await fake.app.inject('/graphiql')).statusCode).toBe(404);
  });
});

describe('documents that are kept', () => {
  const query = '{ methods { composites } }';
  const sha256Hash = createHash('sha256').update(query).digest('hex');
  const send = (persistedQuery: unknown, text?: string) =>
    fake.app.inject({
      ...{ method: 'POST', url: '/graphql' },
      payload: { query: text, extensions: { persistedQuery } },
    });

  test('by their hash, after they were sent once', async () => {
    const unknown = await send({ version: 1, sha256Hash });
    expect([unknown.statusCode, unknown.json().errors[0]]).toMatchObject([
      400,
      { message: 'PersistedQueryNotFound', extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } },
    ]);
    expect((await send({ version: 1, sha256Hash }, query)).statusCode).toBe(200);
    expect((await send({ version: 1, sha256Hash })).json().data.methods.composites).toContain('epsilon');
  });

  test.each([
    ['the hash of another document', { version: 1, sha256Hash }, '{ models { name } }'],
    ['an unknown version', { version: 2, sha256Hash }, undefined],
    ['no hash', { version: 1 }, undefined],
    ['no object', 7, undefined],
  ])('%s is 400', async (_name, persistedQuery, text) => {
    expect((await send(persistedQuery, text)).statusCode).toBe(400);
  });

  test('a document of two operations runs the one that is named, also when it is compiled', async () => {
    const both = 'query a { methods { composites } } query b { models { name } }';
    for (let time = 0; time < 6; time += 1) {
      expect(Object.keys((await ask(both, {}, { operationName: 'a' })).data)).toEqual(['methods']);
      expect(Object.keys((await ask(both, {}, { operationName: 'b' })).data)).toEqual(['models']);
    }
  });

  test('compiled, they coerce variables, resolve unions and report errors as before', async () => {
    const query =
      'query ($id: ID!, $request: ExplainInput!) { job(id: $id) { result { __typename } } explain(request: $request) { method } }';
    for (let time = 0; time < 6; time += 1) {
      const { data, errors } = await ask(query, { id: 3, request: { ...REQUEST, method: 'GRADIENT_TIMES_INPUT' } });
      expect([data, errors?.[0]?.extensions.code, errors?.[0]?.path]).toEqual([null, 'unknown-job', ['job']]);
    }
  });
});
