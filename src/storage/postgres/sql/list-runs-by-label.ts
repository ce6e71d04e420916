/** Runs that carry one label ($11, $12), newest first; further labels are checked row by row. */
import { RUN_LIST_FILTER, SELECT_RUNS } from "../run-list-sql.ts";

export const LIST_RUNS_BY_LABEL = `
${SELECT_RUNS} FROM labels AS led JOIN runs AS r ON r.number = led.run
WHERE led.tenant = $1 AND led.name = $11 AND led.value = $12
  AND (led.created_at_ms, led.run) < ($2::bigint, $3::bigint) AND led.created_at_ms > $4::bigint
  AND ${RUN_LIST_FILTER}
ORDER BY led.created_at_ms DESC, led.run DESC LIMIT $5`;
