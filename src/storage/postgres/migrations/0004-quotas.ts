/**
 * What tenants and workflows use up by the minute, and the bytes that they keep, each split by the
 * opening that counted it, so that hosts do not wait for each other; what was measured is the row of
 * opening 0. Rows of minutes go after a day.
 *
 * A *start place* is held for a run that is about to be started, taken by the commit that creates it,
 * and stays for the minute in which it counts as a start. `reserve_start` asks for one: of a tenant one
 * at a time (an advisory lock), each of its statements with a snapshot of its own, so that it sees
 * every run and every place that was there when it got the lock. It answers null, or why not.
 */
import type { Migration } from "../../migration.ts";

export const quotas: Migration = {
  version: 4,
  name: "quotas",
  sql: `
CREATE TABLE usage_minutes (
  minute_ms  bigint NOT NULL,
  tenant     text COLLATE "C" NOT NULL,
  workflow   text COLLATE "C" NOT NULL,
  writer     bigint NOT NULL,
  steps      bigint NOT NULL,
  attempt_ms bigint NOT NULL,
  cpu_ms     bigint NOT NULL,
  PRIMARY KEY (minute_ms, tenant, workflow, writer)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);

CREATE TABLE stored_bytes (
  tenant   text COLLATE "C" NOT NULL,
  workflow text COLLATE "C" NOT NULL,
  writer   bigint NOT NULL,
  bytes    bigint NOT NULL,
  PRIMARY KEY (tenant, workflow, writer)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);

CREATE TABLE start_places (
  tenant   text COLLATE "C" NOT NULL,
  run_id   text COLLATE "C" NOT NULL,
  workflow text COLLATE "C" NOT NULL,
  at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  is_taken boolean NOT NULL DEFAULT false,
  PRIMARY KEY (tenant, run_id)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX start_places_by_time ON start_places (tenant, at);

CREATE FUNCTION reserve_start(
  of_tenant text, of_workflow text, of_run text, kept interval,
  tenant_open bigint, tenant_starts bigint, workflow_open bigint, workflow_starts bigint
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  used bigint;
  since timestamptz;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('lockstitch starts ' || of_tenant, 0));
  DELETE FROM start_places AS p WHERE p.tenant = of_tenant AND p.at <= clock_timestamp() - kept;
  IF tenant_open IS NOT NULL THEN
    SELECT (SELECT coalesce(sum(c.count), 0) FROM run_counts AS c
        WHERE c.tenant = of_tenant AND c.status <= 3)
      + (SELECT count(*) FROM start_places AS p WHERE p.tenant = of_tenant AND NOT p.is_taken)
      INTO used;
    IF used >= tenant_open THEN RETURN 'tenant openRuns ' || used; END IF;
  END IF;
  IF workflow_open IS NOT NULL THEN
    SELECT (SELECT count(*) FROM (SELECT 1 FROM runs AS r
        WHERE r.tenant = of_tenant AND r.workflow = of_workflow AND r.status <= 3
        LIMIT workflow_open) AS o)
      + (SELECT count(*) FROM start_places AS p
        WHERE p.tenant = of_tenant AND p.workflow = of_workflow AND NOT p.is_taken)
      INTO used;
    IF used >= workflow_open THEN RETURN 'workflow openRuns ' || used; END IF;
  END IF;
  IF tenant_starts IS NOT NULL THEN
    SELECT p.at FROM start_places AS p WHERE p.tenant = of_tenant AND p.at > clock_timestamp() - interval '1 minute'
      ORDER BY p.at DESC OFFSET tenant_starts - 1 LIMIT 1 INTO since;
    IF since IS NOT NULL THEN
      RETURN 'tenant startsPerMinute ' || tenant_starts || ' ' ||
        ceil(extract(epoch FROM since + interval '1 minute' - clock_timestamp()) * 1000);
    END IF;
  END IF;
  IF workflow_starts IS NOT NULL THEN
    SELECT p.at FROM start_places AS p WHERE p.tenant = of_tenant AND p.workflow = of_workflow
      AND p.at > clock_timestamp() - interval '1 minute'
      ORDER BY p.at DESC OFFSET workflow_starts - 1 LIMIT 1 INTO since;
    IF since IS NOT NULL THEN
      RETURN 'workflow startsPerMinute ' || workflow_starts || ' ' ||
        ceil(extract(epoch FROM since + interval '1 minute' - clock_timestamp()) * 1000);
    END IF;
  END IF;
  INSERT INTO start_places (tenant, run_id, workflow) VALUES (of_tenant, of_run, of_workflow)
    ON CONFLICT (tenant, run_id) DO NOTHING;
  RETURN NULL;
END $$;
`,
};
