import mercurius from 'mercurius';
import { BadQueryError } from './badQuery.ts';
import type { GraphqlRequest } from './requestBody.ts';

/** Documents that are kept by their hash. */
const MAX_DOCUMENTS = 256;

/**
 * Automatic persisted queries: a client sends the SHA-256 of a document, and the document itself only when that is not
 * known (any more). (Protocol: Apollo, version 1.)
 */
export class PersistedQueries {
  readonly #provider = mercurius.persistedQueryDefaults.automatic(MAX_DOCUMENTS);

  /**
   * The document of a request.
   * @throws BadQueryError `PERSISTED_QUERY_NOT_FOUND` where the client has to send it; for a hash that is another
   *   document's; where there is no document at all
   */
  async documentOf({ query, extensions }: GraphqlRequest): Promise<string> {
    const { persistedQuery } = extensions;
    if (query !== null && persistedQuery === undefined) return query;
    if (persistedQuery === undefined) throw new BadQueryError('query is required: a GraphQL document');
    const { getHash, getQueryFromHash, getHashForQuery, saveQuery } = this.#provider;
    const hash = getHash({ query: query ?? '', extensions: { persistedQuery: Object(persistedQuery) } });
    if (typeof hash !== 'string') {
      throw new BadQueryError('PersistedQueryNotSupported', { code: 'PERSISTED_QUERY_NOT_SUPPORTED' });
    }
    if (query === null) return found(await getQueryFromHash(hash));
    if (getHashForQuery?.(query) !== hash) throw new BadQueryError('provided sha does not match query');
    await saveQuery?.(hash, query);
    return query;
  }
}

function found(query: string | undefined): string {
  if (query !== undefined) return query;
  throw new BadQueryError('PersistedQueryNotFound', { code: 'PERSISTED_QUERY_NOT_FOUND' });
}
