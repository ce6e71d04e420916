/** Runs that carry one label (:name, :value), newest first; further labels are checked row by row. */
import { RUN_LIST_COLUMNS, RUN_LIST_FILTER } from "../run-list-sql.ts";

export const LIST_RUNS_BY_LABEL = `
SELECT ${RUN_LIST_COLUMNS}
FROM labels AS led CROSS JOIN runs AS r ON r.number = led.run
WHERE led.tenant = :tenant AND led.name = :name AND led.value = :value
  AND (led.created_at_ms, led.run) < (:beforeMs, :beforeNumber)
  AND led.created_at_ms > :afterMs
  AND ${RUN_LIST_FILTER}
ORDER BY led.created_at_ms DESC, led.run DESC
LIMIT :limit`;
