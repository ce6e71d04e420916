/** One label of a run that exists, in the index. */
export const RELABEL_RUN = `
INSERT INTO labels (tenant, name, value, created_at_ms, run)
SELECT ?1, ?2, ?3, created_at_ms, number FROM runs WHERE number = ?4`;
