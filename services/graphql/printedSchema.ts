import { printSchema } from 'graphql';
import { buildGraphqlSchema } from './schema.ts';

/** docs/schema.graphql. */
export function printedSchema(): string {
  return `${printSchema(buildGraphqlSchema())}\n`;
}
