/**
 * What hosts count together of starts: a token for each, from its grant until its window is over. And
 * breakers that are open are found without reading all that have ever failed.
 */
import type { Migration } from "../../migration.ts";

export const rateTokens: Migration = {
  version: 5,
  name: "rate-tokens",
  sql: `
CREATE TABLE rate_tokens (
  name      text COLLATE "C" NOT NULL,
  token     text COLLATE "C" NOT NULL,
  at_ms     bigint NOT NULL,
  window_ms bigint NOT NULL,
  until_ms  bigint GENERATED ALWAYS AS (at_ms + window_ms) STORED,
  PRIMARY KEY (name, token)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX rate_tokens_by_instant ON rate_tokens (name, at_ms);
CREATE INDEX rate_tokens_by_end ON rate_tokens (until_ms);

CREATE INDEX circuit_breakers_open ON circuit_breakers (name) WHERE opened_at_ms IS NOT NULL;
`,
};
