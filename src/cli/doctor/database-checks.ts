/** What doctor looks at in a database that several hosts may share. */
import { setTimeout as delay } from "node:timers/promises";
import type { NodeRegistry } from "#nodes/registry.ts";
import type { DatabaseFacts, DriverFacts } from "#ports/store-facts.ts";
import type { InspectedDatabase } from "../machine.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";
import { slotFindings } from "./slot-checks.ts";
import { pausedFinding, runFindings } from "./store-checks.ts";

const MIB = 1024 * 1024;
const CLOCK_MS_WARN = 1_000;
const CLOCK_MS_FAIL = 30_000;
const SHOWN_MAX = 5;
/** Runs that have just been handed on have no owner for a moment. */
const LOOK_AGAIN_MS = 500;
const LOOKS = 10;
const START_ONE = "Start a host with this database: lockstitch start (docs/hosts.md).";

export async function databaseFindings(
  inspected: InspectedDatabase,
  nodes: NodeRegistry,
  options: { readonly nowMs: number; readonly isDeep: boolean },
): Promise<readonly Finding[]> {
  const { facts, store } = inspected;
  const { hold } = facts;
  const findings = [durability(facts), clockDifference(facts), schema(facts), ...rights(facts)];
  if (hold !== null) findings.push(pausedFinding(hold));
  if (store === null) return findings;
  const drivers = await settledDrivers(inspected);
  findings.push(...hostFindings(drivers));
  // Nobody takes runs of a copy that is paused.
  if (hold === null) findings.push(liveness(drivers));
  findings.push(...slotFindings(await inspected.slots()));
  return [...findings, ...(await runFindings(store, nodes, options))];
}

export function durability(facts: DatabaseFacts): Finding {
  const { label, serverVersion, fsync, fullPageWrites, synchronousCommit } = facts;
  const server = `PostgreSQL ${serverVersion} at ${label}`;
  const settings = { fsync, full_page_writes: fullPageWrites };
  const off = Object.entries({ ...settings, synchronous_commit: synchronousCommit })
    .filter(([, value]) => value === "off")
    .map(([name]) => name);
  if (off.length === 0)
    return ok(
      "database",
      `${server}: fsync, full_page_writes, synchronous_commit=${synchronousCommit}`,
    );
  return fail(
    "database",
    `${server}: ${off.join(", ")} off`,
    `A crash of its machine may lose or damage what was committed: set ${off.map((name) => `${name} = on`).join(", ")}.`,
  );
}

export function clockDifference({ clockAheadMs }: Pick<DatabaseFacts, "clockAheadMs">): Finding {
  const byMs = Math.abs(clockAheadMs);
  const way = clockAheadMs < 0 ? "behind" : "ahead of";
  const text = `${(byMs / 1_000).toFixed(3)} s ${way} this machine's clock`;
  const fix = "Set the clocks (NTP) of this machine and of the database's.";
  if (byMs > CLOCK_MS_FAIL) return fail("database clock", text, fix);
  return byMs > CLOCK_MS_WARN ? warn("database clock", text, fix) : ok("database clock", text);
}

/** Whoever only looks needs less than a host: what a start would be refused for is said before. */
function rights({ missingRights }: DatabaseFacts): readonly Finding[] {
  if (missingRights.length === 0) return [];
  return [
    fail(
      "rights",
      `the user lacks ${missingRights.join(", ")}: no host can open it`,
      "Grant them to the user, or name the user who made the schema (docs/hosts.md).",
    ),
  ];
}

function schema(facts: DatabaseFacts): Finding {
  const { schema: name, schemaVersion, supportedVersion, fileBytes } = facts;
  if (schemaVersion === 0) return ok("store", `there is none yet in schema ${name}`);
  const version = `schema ${name}, version ${schemaVersion}`;
  if (schemaVersion > supportedVersion)
    return fail(
      "store",
      `${version}; this release reads up to ${supportedVersion}`,
      "Use a newer release.",
    );
  if (schemaVersion < supportedVersion)
    return warn(
      "store",
      `${version}; this release needs ${supportedVersion}`,
      "Make a backup, then: lockstitch database migrate (a start does it, too, unless database.autoMigrate is false).",
    );
  return ok("store", `${version}, ${((fileBytes ?? 0) / MIB).toFixed(1)} MiB`);
}

/** Waits a little for runs that nobody owns just now, while there are hosts that will take them. */
async function settledDrivers(inspected: InspectedDatabase): Promise<readonly DriverFacts[]> {
  let drivers = await inspected.drivers();
  for (let look = 1; look < LOOKS; look++) {
    const hasTaker = drivers.some(({ hasLease, facts }) => hasLease && facts?.isDraining === false);
    if (!hasTaker || lostOf(drivers).every(({ host }) => host !== null)) return drivers;
    await delay(LOOK_AGAIN_MS);
    drivers = await inspected.drivers();
  }
  return drivers;
}

export function hostFindings(drivers: readonly DriverFacts[]): readonly Finding[] {
  const known = drivers.filter(({ facts }) => facts !== null);
  const [live, lapsed] = [true, false].map((has) =>
    known.filter(({ hasLease }) => hasLease === has),
  ) as [DriverFacts[], DriverFacts[]];
  const openRuns = drivers.reduce((sum, driver) => sum + driver.openRuns, 0);
  const findings =
    live.length > 0
      ? [ok("hosts", `${live.length} with a lease: ${listed(live, described)}`)]
      : openRuns > 0
        ? [warn("hosts", `none has a lease; ${openRuns} run(s) are open`, START_ONE)]
        : [ok("hosts", "none has a lease, no run is open")];
  if (lapsed.length === 0) return findings;
  const since = (driver: DriverFacts) =>
    `${described(driver)}, since ${new Date(driver.facts?.expiresAtMs ?? 0).toISOString()}`;
  const owning = lapsed.some((driver) => driver.openRuns > 0);
  return [
    ...findings,
    warn(
      "lapsed hosts",
      `${lapsed.length} without a lease: ${listed(lapsed, since)}`,
      owning
        ? "Others take their runs once the lease is over. Look why they ended, or lost the database."
        : "They own no run any more and are forgotten after ten minutes. Look why they ended.",
    ),
  ];
}

/** Every open run has an owner, and that has a lease or lost it a moment ago. */
export function liveness(drivers: readonly DriverFacts[]): Finding {
  const lost = lostOf(drivers);
  if (lost.length === 0) return ok("liveness", "every open run has a host");
  const runs = lost.reduce((sum, { openRuns }) => sum + openRuns, 0);
  const whose = ({ host, facts, openRuns, oldestRunId }: DriverFacts) => {
    const more = openRuns > 1 ? ` and ${openRuns - 1} more` : "";
    if (host === null) return `${oldestRunId}${more} without an owner`;
    if (facts === null) return `${oldestRunId}${more} of host ${host}, which is not known`;
    const since = new Date(facts.expiresAtMs).toISOString();
    return `${oldestRunId}${more} of ${facts.name}, whose lease was over at ${since}`;
  };
  const takers = drivers.some(({ hasLease, facts }) => hasLease && facts?.isDraining === false);
  return fail(
    "liveness",
    `nobody drives ${runs} open run(s): ${listed(lost, whose)}`,
    takers
      ? "A host with a lease takes such runs within seconds, unless they need a newer release: look at its log."
      : START_ONE,
  );
}

function lostOf(drivers: readonly DriverFacts[]): readonly DriverFacts[] {
  return drivers.filter(
    ({ hasLease, isOverdue, openRuns }) => !hasLease && isOverdue && openRuns > 0,
  );
}

function described({ facts, openRuns }: DriverFacts): string {
  const { name, address, isDraining } = facts ?? {};
  const draining = isDraining === true ? ", takes none" : "";
  return `${name} (${address ?? "no address"}, ${openRuns} open${draining})`;
}

function listed(drivers: readonly DriverFacts[], text: (driver: DriverFacts) => string): string {
  const shown = drivers.slice(0, SHOWN_MAX).map(text).join("; ");
  return drivers.length > SHOWN_MAX ? `${shown}; and ${drivers.length - SHOWN_MAX} more` : shown;
}
