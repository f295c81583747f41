import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { type GraphQLInputObjectType, validateSchema } from 'graphql';
import { explainJsonSchema } from '../../schemas/explain.ts';
import { METHOD_NAMES } from '../../schemas/methods.ts';
import { prototypeSchema } from '../../schemas/prototype.ts';
import { renderSchema } from '../../schemas/render.ts';
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
