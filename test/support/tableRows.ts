/** A request of KServe's V1 protocol with so many rows of zeros for the model `table`. */
export function tableRows(verb: 'predict' | 'explain', rows: number) {
  const instances = Array.from({ length: rows }, () => [0, 0, 0, 0]);
  return { method: 'POST', url: `/v1/models/table:${verb}`, payload: { instances } } as const;
}
