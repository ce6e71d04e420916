/** What statements ask of the rows of run_slots. */

/**
 * Whether the row of run_slots counts: its run (a row of `runs`, or NULLs) is open, or a message waits
 * that is to begin it.
 */
export function holdsSlot(slot: string, run: string): string {
  return `CASE WHEN ${run}.number IS NULL THEN EXISTS (SELECT FROM messages AS m
    WHERE m.tenant = ${slot}.tenant AND m.to_run_id = ${slot}.run_id AND m.consumed_at_ms IS NULL)
    ELSE ${run}.status <= 3 END`;
}

/**
 * Whether a share is that of a host. A gate has a row for each host, a host may have a million gates:
 * the sum fits no index, so that a row is looked for by its gate, whatever the planner thinks of a young table.
 */
export function isHost(share: string, host: string): string {
  return `${share}.host + 0 = ${host}`;
}

/** Turns that take a slot, or let go of one: their columns, position first, in this order. */
export const SLOT_TURNS =
  "unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[]) AS g (position, tenant, run_id, holder, gate)";

/** Whether a row of SLOT_TURNS takes a slot from the share of its host: no run of its own has it already. */
export const TAKES_SLOT = `g.gate IS NOT NULL AND NOT EXISTS (SELECT FROM run_slots AS s
    WHERE s.tenant = g.tenant AND s.run_id IN (g.run_id, g.holder) AND s.gate = g.gate)`;
