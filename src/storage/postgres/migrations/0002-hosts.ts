/**
 * - Runs that nobody owns are looked for once a second by every host: an index of nothing else.
 * - What hosts ask each other: rows live for seconds and mean nothing after a crash (UNLOGGED).
 */
import type { Migration } from "../../migration.ts";

export const hosts: Migration = {
  version: 2,
  name: "hosts",
  sql: `
CREATE INDEX runs_unowned ON runs (number) WHERE status <= 3 AND owner IS NULL;

CREATE UNLOGGED TABLE host_asks (
  number    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  to_host   bigint NOT NULL,
  from_host bigint NOT NULL,
  asked_at  timestamptz NOT NULL DEFAULT now(),
  is_taken  boolean NOT NULL DEFAULT false,
  question  text NOT NULL,
  answer    text
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX host_asks_waiting ON host_asks (to_host) WHERE NOT is_taken;
`,
};
