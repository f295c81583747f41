import { GraphQLEnumType } from 'graphql';

/** An enumeration whose names are those of GraphQL for our own words: `deep-taylor` is `DEEP_TAYLOR`. */
export function enumType(name: string, values: readonly string[]): GraphQLEnumType {
  return new GraphQLEnumType({
    name,
    values: Object.fromEntries(values.map((value) => [enumName(value), { value }])),
  });
}

function enumName(value: string): string {
  return value
    .replace(/^-/, 'minus-')
    .replace(/(?<=[a-z])(?=[A-Z])/g, '_')
    .replaceAll('-', '_')
    .toUpperCase();
}
