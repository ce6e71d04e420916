/** What tenants and workflows use up, on the simulated disk: by minute and by who counted it. */
import type { TurnCommit } from "#ports/journal.ts";
import { type MinuteUsage, minuteOf, type StoredUsage } from "#ports/usage.ts";

type Mutable<Row> = { -readonly [Field in keyof Row]: Row[Field] };

export class SimulatedUsage {
  readonly #minutes = new Map<string, Mutable<MinuteUsage> & { readonly writer: number }>();
  readonly #stored = new Map<string, Mutable<StoredUsage>>();

  commit({ tenant, usage }: TurnCommit, writer: number): void {
    if (usage === undefined) return;
    const { workflow, atMs, steps, attemptMs, cpuMs, bytes } = usage;
    const minuteMs = minuteOf(atMs);
    const name = `${minuteMs}\n${tenant}\n${workflow}\n${writer}`;
    const row = this.#minutes.get(name);
    if (row === undefined)
      this.#minutes.set(name, {
        ...{ tenant, workflow, minuteMs, writer, steps, attemptMs, cpuMs },
      });
    else {
      row.steps += steps;
      row.attemptMs += attemptMs;
      row.cpuMs += cpuMs;
    }
    const stored = this.#stored.get(`${tenant}\n${workflow}`);
    if (stored === undefined)
      this.#stored.set(`${tenant}\n${workflow}`, { tenant, workflow, bytes });
    else stored.bytes += bytes;
  }

  read(fromMs: number, writer: number): readonly MinuteUsage[] {
    const sums = new Map<string, Mutable<MinuteUsage>>();
    for (const { writer: by, ...row } of this.#minutes.values()) {
      if (by === writer || row.minuteMs < minuteOf(fromMs)) continue;
      const name = `${row.minuteMs}\n${row.tenant}\n${row.workflow}`;
      const sum = sums.get(name);
      if (sum === undefined) sums.set(name, { ...row });
      else {
        sum.steps += row.steps;
        sum.attemptMs += row.attemptMs;
        sum.cpuMs += row.cpuMs;
      }
    }
    return [...sums.values()];
  }

  stored(): readonly StoredUsage[] {
    return [...this.#stored.values()].map((row) => ({ ...row }));
  }

  measured(rows: readonly StoredUsage[]): void {
    this.#stored.clear();
    for (const row of rows) this.#stored.set(`${row.tenant}\n${row.workflow}`, { ...row });
  }
}
