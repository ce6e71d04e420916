/** What doctor says of the slots that hosts share. */
import type { SlotUse } from "#ports/store-facts.ts";
import { type Finding, ok, warn } from "./finding.ts";

const SHOWN_MAX = 5;

/** Used slots by gate, gates that have more than their limit, and what hosts have left behind that are gone. */
export function slotFindings(uses: readonly SlotUse[]): readonly Finding[] {
  const sum = (of: (use: SlotUse) => number) => uses.reduce((total, use) => total + of(use), 0);
  const findings: Finding[] = [];
  const over = uses.filter(({ held, ofRuns, limit }) => limit !== null && held + ofRuns > limit);
  const text = `${sum(({ held }) => held)} held by hosts for attempts, ${sum(({ ofRuns }) => ofRuns)} by open runs, under ${uses.length} limit(s)`;
  findings.push(
    over.length === 0
      ? ok("slots", uses.length === 0 ? "none is in use" : text)
      : warn(
          "slots",
          `${text}; more than the limit: ${listed(over)}`,
          "A limit that was made lower, or a host that came back after its lease was over: nobody is given any until it is less. If it stays so, look at what holds them: lockstitch runs explain.",
        ),
  );
  const lost = uses.filter((use) => use.lost > 0);
  if (lost.length > 0)
    findings.push(
      ok(
        "slots left behind",
        `${sum((use) => use.lost)} of hosts that are gone, free for whoever asks: ${listed(lost)}`,
      ),
    );
  return findings;
}

function listed(uses: readonly SlotUse[]): string {
  const shown = uses
    .slice(0, SHOWN_MAX)
    .map(({ gate, held, lost, ofRuns, limit }) => {
      const of = limit === null ? "" : ` of ${limit}`;
      return `${gate} (${held + ofRuns}${of}${lost > 0 ? `, ${lost} left behind` : ""})`;
    })
    .join("; ");
  return uses.length > SHOWN_MAX ? `${shown}; and ${uses.length - SHOWN_MAX} more` : shown;
}
