/**
 * What the turns of a group use up: gathered while they are appended, written once for each tenant,
 * workflow and minute, inside the transaction of the group.
 */
import { minuteOf, type StoredUsage, type TurnUsage } from "#ports/usage.ts";
import type { Connection } from "./connection.ts";
import { ADD_STORED } from "./sql/add-stored.ts";
import { ADD_USAGE } from "./sql/add-usage.ts";
import { DROP_STORED } from "./sql/drop-stored.ts";
import { SET_STORED } from "./sql/set-stored.ts";

interface Row {
  readonly minuteMs: number;
  readonly tenant: string;
  readonly workflow: string;
  steps: number;
  attemptMs: number;
  cpuMs: number;
  bytes: number;
}

export class GroupUsage {
  readonly #rows = new Map<string, Row>();

  add(tenant: string, { workflow, atMs, steps, attemptMs, cpuMs, bytes }: TurnUsage): void {
    const minuteMs = minuteOf(atMs);
    const key = `${minuteMs}\n${tenant}\n${workflow}`;
    let row = this.#rows.get(key);
    if (row === undefined) {
      row = { minuteMs, tenant, workflow, steps: 0, attemptMs: 0, cpuMs: 0, bytes: 0 };
      this.#rows.set(key, row);
    }
    row.steps += steps;
    row.attemptMs += attemptMs;
    row.cpuMs += cpuMs;
    row.bytes += bytes;
  }

  write(connection: Connection, writer: number): void {
    for (const {
      minuteMs,
      tenant,
      workflow,
      steps,
      attemptMs,
      cpuMs,
      bytes,
    } of this.#rows.values()) {
      const key = [tenant, workflow, writer] as const;
      if (steps > 0 || attemptMs > 0 || cpuMs > 0)
        connection.run(ADD_USAGE, minuteMs, ...key, steps, attemptMs, cpuMs);
      if (bytes !== 0) connection.run(ADD_STORED, ...key, bytes);
    }
  }
}

/** What measuring found beside what `writer` has counted itself. */
export function setStored(
  connection: Connection,
  rows: readonly StoredUsage[],
  writer: number,
): void {
  connection.run(DROP_STORED, writer);
  for (const { tenant, workflow, bytes } of rows)
    connection.run(SET_STORED, tenant, workflow, bytes);
}
