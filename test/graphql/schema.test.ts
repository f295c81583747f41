import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { type GraphQLInputObjectType, validateSchema } from 'graphql';
import { z } from 'zod';
import { explainJsonSchema } from '../../schemas/explain.ts';
import { METHOD_NAMES } from '../../schemas/methods.ts';
import { prototypeSchema } from '../../schemas/prototype.ts';
import { renderSchema } from '../../schemas/render.ts';
import { configVariables } from '../../services/config.ts';
import { printedSchema } from '../../services/graphql/printedSchema.ts';
import { buildGraphqlSchema } from '../../services/graphql/schema.ts';

const schema = buildGraphqlSchema();
const fieldsOf = (name: string) => Object.keys((schema.getType(name) as GraphQLInputObjectType).getFields());

test('docs/schema.graphql is current', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/schema.graphql'), 'utf8');
  expect(page).toBe(printedSchema());
});

test('the schema is valid', () => {
  expect(validateSchema(schema)).toEqual([]);
});

test('inputs have the fields of the contract', () => {
  expect(fieldsOf('PrototypeInput')).toEqual(Object.keys(prototypeSchema.shape));
  expect(fieldsOf('RenderInput')).toEqual(Object.keys(renderSchema.shape));
  const drawing = ['render', 'include'];
  expect(fieldsOf('ExplainInput')).toEqual(
    Object.keys(explainJsonSchema.shape).filter((key) => !drawing.includes(key)),
  );
});

test('every method has a name in GraphQL', () => {
  const names = METHOD_NAMES.map((name) => name.toUpperCase().replaceAll('-', '_'));
  expect(printedSchema()).toContain(`enum Method {\n  ${names.join('\n  ')}\n}`);
});

test('the operations are those of the contract; there is none for what is not built', () => {
  const names = (type: 'Query' | 'Mutation' | 'Subscription') => fieldsOf(type);
  expect(names('Query')).toEqual(['models', 'model', 'methods', 'explain', 'job', 'jobs']);
  expect(names('Mutation')).toEqual(['createPrototype', 'createExplanationJob', 'cancelJob']);
  expect(names('Subscription')).toEqual(['jobEvents']);
});

test('docs/graphql.md tells the limit of the cost, and what costs most', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/graphql.md'), 'utf8');
  const limit = configVariables().find(({ name }) => name === 'GRAPHQL_MAX_COST')?.default;
  expect(page).toContain(`\`GRAPHQL_MAX_COST\` (${limit})`);
  const costOf = (field: string) => {
    const { explain } = schema.getQueryType()?.getFields() ?? {};
    const mutation = schema.getMutationType()?.getFields()[field];
    return z.object({ cost: z.number() }).parse((mutation ?? explain)?.extensions['elucid']).cost;
  };
  expect(page).toContain(`\`explain\` ${costOf('explain')}, `);
  expect(costOf('createPrototype')).toBe(costOf('createExplanationJob'));
  expect(page).toContain(`\`createExplanationJob\` and \`createPrototype\` ${costOf('createPrototype')} each`);
});
