import { GraphQLError, GraphQLScalarType, valueFromASTUntyped } from 'graphql';
import secureJson from 'secure-json-parse';

/** Any JSON value: what GraphQL's types cannot say, checked by the zod schemas behind them. */
export const JSON_SCALAR = new GraphQLScalarType<unknown, unknown>({
  name: 'JSON',
  description: 'Any JSON value; the description of the field says what is allowed.',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc8259',
  parseValue: (value) => value,
  parseLiteral: (node, variables) => {
    // As JSON it is made of plain objects, and refused for the same names as a body.
    const text = JSON.stringify(valueFromASTUntyped(node, variables));
    try {
      return secureJson.parse(text, undefined, { protoAction: 'error', constructorAction: 'error' });
    } catch {
      throw new GraphQLError('JSON must not hold __proto__ or constructor.prototype', { nodes: node });
    }
  },
});
