/** What starts workflows by itself, and what came of the instants of schedules. */
import type { Migration } from "../../migration.ts";

export const triggers: Migration = {
  version: 3,
  name: "triggers",
  sql: `
CREATE TABLE triggers (
  tenant        text COLLATE "C" NOT NULL,
  workflow      text COLLATE "C" NOT NULL,
  id            text COLLATE "C" NOT NULL,
  kind          text NOT NULL,
  source        text NOT NULL,
  lookup        text COLLATE "C" NOT NULL,
  revision      bigint NOT NULL,
  created_at_ms bigint NOT NULL,
  changed_at_ms bigint NOT NULL,
  due_at_ms     bigint,
  paused        text,
  spec          text NOT NULL,
  state         text NOT NULL,
  PRIMARY KEY (tenant, workflow, id)
) WITH (fillfactor = 70);
CREATE INDEX triggers_by_lookup ON triggers (tenant, kind, lookup) WHERE lookup <> '';
CREATE UNIQUE INDEX triggers_by_hook ON triggers (tenant, lookup) WHERE kind = 'webhook';
CREATE INDEX triggers_by_due ON triggers (due_at_ms) WHERE due_at_ms IS NOT NULL;
CREATE TABLE trigger_marks (
  number     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant     text COLLATE "C" NOT NULL,
  workflow   text COLLATE "C" NOT NULL,
  id         text COLLATE "C" NOT NULL,
  kind       text NOT NULL,
  instant_ms bigint NOT NULL,
  until_ms   bigint,
  run_id     text,
  reason     text,
  at_ms      bigint NOT NULL
);
CREATE INDEX trigger_marks_by_trigger ON trigger_marks (tenant, workflow, id, number);
`,
};
