/**
 * Slots that hosts share. A row of slot_shares is what one host has of one gate, and what waits there
 * (share-out.ts), and the greatest limit that it has met; it means nothing without the host's lease. A row of run_slots is a run that holds a slot, or
 * is to take over that of the run before it: it is named by its id, since it may not have begun.
 */
import type { Migration } from "../../migration.ts";

export const slots: Migration = {
  version: 6,
  name: "slots",
  sql: `
CREATE TABLE slot_shares (
  gate     text COLLATE "C" NOT NULL,
  host     bigint NOT NULL,
  turn     bigint NOT NULL,
  held     integer NOT NULL,
  most     integer,
  cap      integer,
  wanted   integer NOT NULL,
  is_given boolean NOT NULL,
  is_told  boolean NOT NULL,
  waiting  text NOT NULL,
  PRIMARY KEY (gate, host)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX slot_shares_by_host ON slot_shares (host);
CREATE TABLE run_slots (
  tenant text COLLATE "C" NOT NULL,
  run_id text COLLATE "C" NOT NULL,
  gate   text COLLATE "C" NOT NULL,
  PRIMARY KEY (run_id, tenant)
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX run_slots_by_gate ON run_slots (gate);
`,
};
