import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  NoSchemaIntrospectionCustomRule,
  type OperationDefinitionNode,
  parse,
  type ValidationRule,
} from 'graphql';
import { BadQueryError } from '../badQuery.ts';
import { costOf } from './cost.ts';
import { fragmentsOf, sizeRule } from './sizeRule.ts';

/** Longest document in UTF-16 units; images and tensors go into variables. */
const MAX_SOURCE = 64 * 1024;

/** Words and signs of a document. */
export const PARSE_OPTIONS = { maxTokens: 2000, noLocation: false } as const;

/** Introspection by the usual tools takes 16 levels. */
const SIZE_LIMITS = { maxFields: 500, maxDepth: 16 } as const;

/** What validates a document beside the rules of the specification. */
export function limitRules({ introspection }: { readonly introspection: boolean }): readonly ValidationRule[] {
  return [sizeRule(SIZE_LIMITS), ...(introspection ? [] : [NoSchemaIntrospectionCustomRule])];
}

/** A document, and the operation of it that is asked for. */
export interface ParsedOperation {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
}

/**
 * Parses a document; it is not validated by that.
 * @throws BadQueryError for one that is too long or no GraphQL, or has no such operation
 */
export function parseOperation(source: string, operationName: string | null): ParsedOperation {
  if (source.length > MAX_SOURCE) {
    throw new BadQueryError(
      `the document has ${source.length} characters; allowed are ${MAX_SOURCE}: larger values go into variables`,
    );
  }
  const document = parsed(source);
  const operation = getOperationAST(document, operationName);
  if (operation) return { document, operation };
  throw new BadQueryError(
    operationName === null
      ? 'the document needs exactly one operation, or an operationName'
      : `the document has no operation ${JSON.stringify(operationName.slice(0, 100))}`,
  );
}

/** @throws BadQueryError when the operation costs more than `maxCost` */
export function checkedCost(
  schema: GraphQLSchema,
  { document, operation }: ParsedOperation,
  variables: Readonly<Record<string, unknown>>,
  maxCost: number,
): number {
  const cost = costOf(schema, operation, fragmentsOf(document), variables);
  if (cost <= maxCost) return cost;
  throw new BadQueryError(`the operation costs ${cost}; allowed are ${maxCost}`, { code: 'too-costly' });
}

function parsed(source: string): DocumentNode {
  try {
    return parse(source, PARSE_OPTIONS);
  } catch (error) {
    if (error instanceof GraphQLError) throw new BadQueryError(error.message, { errors: [error] });
    throw error;
  }
}
