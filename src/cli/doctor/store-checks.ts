/** What doctor looks at inside the store: version, damage, open runs. */
import { inspectRuns, type OpenRunFinding } from "#engine/embedded/inspect-runs.ts";
import type { NodeRegistry } from "#nodes/registry.ts";
import type { Store } from "#ports/store.ts";
import type { StoreHold } from "#ports/upkeep.ts";
import { formatDuration } from "../format.ts";
import type { InspectedFile } from "../machine.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";

const MIB = 1024 * 1024;
const WAL_BYTES_LARGE = 256 * MIB;
const SHOWN_MAX = 5;

export async function storeFindings(
  inspected: InspectedFile,
  nodes: NodeRegistry,
  options: { readonly nowMs: number; readonly isDeep: boolean },
): Promise<readonly Finding[]> {
  const findings = [fileFinding(inspected.facts)];
  const { hold } = inspected.facts;
  if (hold !== null) findings.push(pausedFinding(hold));
  const damage = inspected.damage(options.isDeep);
  const [first] = damage;
  findings.push(
    first === undefined
      ? ok(
          "integrity",
          options.isDeep
            ? "every page and index"
            : "every page (--deep compares indexes, journals, checkpoints)",
        )
      : fail(
          "integrity",
          `${damage.length} fault(s): ${first}`,
          "Restore a backup (docs/operations.md), and keep this directory for a look at it.",
        ),
  );
  if (inspected.store === null) return findings;
  return [...findings, ...(await runFindings(inspected.store, nodes, options))];
}

export function pausedFinding({ backupAtMs }: StoreHold): Finding {
  return warn(
    "paused",
    `a copy of ${new Date(backupAtMs).toISOString()}: starts nothing`,
    "lockstitch release --show, then lockstitch release",
  );
}

function named(findings: readonly OpenRunFinding[]): string {
  const shown = findings.slice(0, SHOWN_MAX).map(({ runId, text }) => `${runId} (${text})`);
  return shown.join("; ") + (findings.length > SHOWN_MAX ? "; ..." : "");
}

function fileFinding(facts: InspectedFile["facts"]): Finding {
  const { schemaVersion, supportedVersion, journalMode, fileBytes, walBytes } = facts;
  const size = `${(fileBytes / MIB).toFixed(1)} MiB, schema version ${schemaVersion}`;
  if (schemaVersion > supportedVersion)
    return fail(
      "store",
      `${size}; this release reads up to ${supportedVersion}`,
      "Use a newer release.",
    );
  if (schemaVersion < supportedVersion)
    return warn(
      "store",
      `${size}; the next start brings it to ${supportedVersion}`,
      "Make a backup before you start it.",
    );
  if (journalMode !== "wal")
    return warn(
      "store",
      `${size}, journal mode ${journalMode}`,
      "The next start sets it to wal; commits are durable in both.",
    );
  if (walBytes > WAL_BYTES_LARGE)
    return warn(
      "store",
      `${size}, ${Math.round(walBytes / MIB)} MiB not yet copied from the WAL`,
      "A reader that stays open holds it: end programs that read the file.",
    );
  return ok("store", `${size}, wal, synchronous=full`);
}

export async function runFindings(
  store: Store,
  nodes: NodeRegistry,
  options: { readonly nowMs: number; readonly isDeep: boolean },
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const runs = await inspectRuns(store, nodes, options);
  const { unreadable, checkpoints, pinned, open, oldest } = runs;
  findings.push(
    unreadable.length === 0
      ? ok("open runs", `${open} open, none is parked`)
      : fail(
          "open runs",
          `${unreadable.length} of ${open} cannot go on: ${named(unreadable)}`,
          "Each message says why; a node type that is missing belongs into lockstitch.config.ts.",
        ),
  );
  if (options.isDeep)
    findings.push(
      checkpoints.length === 0
        ? ok("checkpoints", "say what the journals say")
        : warn(
            "checkpoints",
            `${checkpoints.length} do not: ${named(checkpoints)}`,
            "Nothing is lost: the journal is folded instead. Please report it.",
          ),
    );
  if (pinned.length > 0)
    findings.push(ok("pinned", `checkpoints of ${pinned.length} open run(s): ${named(pinned)}`));
  for (const { runId, workflow, createdAtMs, text } of oldest)
    findings.push(
      ok(
        "waits",
        `${runId} (${workflow}, ${formatDuration(options.nowMs - createdAtMs)}): ${text}`,
      ),
    );
  return findings;
}
