/** A torture's report for people. */
import { DISTURBANCES, type DisturbanceKind } from "./disturbances.ts";
import { CROWD, PHASES, type Phase } from "./kills.ts";
import { faultsOf, type TortureReport } from "./torture.ts";

const FAULTS_SHOWN = 40;

export function reportText(report: TortureReport): string {
  const { kills, counts, rules, broken, starts } = report;
  const lines = [
    `${kills.length} kills in ${report.seconds.toFixed(0)} s, seed ${report.seed}; a start took ${report.startMs.median.toFixed(0)} ms (median), ${report.startMs.max.toFixed(0)} ms at most; calm after ${report.calmSeconds.toFixed(1)} s`,
    "",
    row("kills by phase", "", ""),
    ...(Object.keys(PHASES) as Phase[]).map((phase) => {
      const those = kills.filter((kill) => kill.phase === phase);
      const mean = those.reduce((sum, { inFlight }) => sum + inFlight, 0) / (those.length || 1);
      return row(`  ${PHASES[phase]}`, those.length, `${mean.toFixed(0)} steps in flight (mean)`);
    }),
    row(`kills with >= ${CROWD} steps in flight`, `${Math.round(report.crowdedShare * 100)} %`),
    ...(Object.keys(DISTURBANCES) as DisturbanceKind[])
      .filter((kind) => report.disturbances[kind] !== undefined)
      .map((kind) => row(`  ${DISTURBANCES[kind]}`, report.disturbances[kind] ?? 0)),
    "",
    row(
      "runs",
      counts.runs,
      `${starts.begun} started, ${starts.acknowledged} acknowledged, the rest children`,
    ),
    row(
      "  succeeded / failed / cancelled",
      `${counts.succeeded} / ${counts.failed} / ${counts.cancelled}`,
    ),
    row("events", counts.events),
    row(
      "effects begun",
      counts.effects,
      `${counts.lostAttempts} lost in a crash, ${counts.hostLost} steps given up as host_lost`,
    ),
    row("attempts repeated", counts.repeats, "must not be 0"),
    row(
      "signals received",
      counts.signalsReceived,
      `${report.signalsAcknowledged} acknowledged, ${counts.signalsSentByRuns} sent by runs`,
    ),
    row("approvals acknowledged", counts.approvals),
    row(
      "sagas failed",
      rules.undoing.sagasFailed,
      `${rules.undoing.compensated} of their effects were undone`,
    ),
    row("chains of runs", rules.chains.chains, `${rules.chains.continued} runs were continued`),
    row(
      "effects under a limit",
      rules.limits.underLimit,
      `${rules.limits.mostAtOnce} at once, ${rules.limits.mostInWindow} in a window, at most`,
    ),
    row(
      "steps that counted",
      rules.tally.settled,
      `${rules.tally.lost} lost in a crash, numbers handed on ${rules.tally.told + rules.tally.computed} times`,
    ),
    row(
      "code and plugin steps",
      rules.tally.computed,
      `${rules.tally.computedLost} lost in a crash`,
    ),
    row("results used again", rules.recall.memoHits, `of ${rules.recall.memoKeys} remembered`),
    "",
    row("acknowledged runs lost", broken.lost.length),
    row("runs stuck", broken.stuck.length),
    row("outcomes doubled", broken.doubled.length, `of ${counts.outcomes}`),
    row("dependents that saw another value", broken.otherValue.length, `of ${counts.valuesSeen}`),
    row("signals, approvals lost or doubled", broken.signals.length),
    row("repeats with another key", broken.otherKey.length, `of ${counts.repeats}`),
    row("effects without a durable start", broken.undurable.length, `of ${counts.effects}`),
    row("outputs nobody witnessed", broken.unwitnessed.length),
    row("sagas undone wrongly", broken.undone.length, `of ${rules.undoing.sagasFailed}`),
    row("chains lost or doubled", broken.chains.length, `of ${rules.chains.chains}`),
    row("limits overrun", broken.overrun.length),
    row("remembered results executed again", broken.recalled.length),
    row(
      "operators' decisions lost or ignored",
      broken.decisions.length,
      `of ${rules.decisions.decided}`,
    ),
    row("heartbeats lost or mixed up", broken.beats.length, `of ${rules.beats.handedOn} handed on`),
    row(
      "named values lost, doubled or mixed up",
      broken.counted.length,
      `of ${rules.tally.settled}`,
    ),
    row("other complaints", report.complaints.length),
    row("integrity_check", report.integrity ?? "not looked at"),
    ...(report.ownerless === null
      ? []
      : [
          row(
            "open runs without a host, ms at most",
            Math.round(report.ownerless.longestMs),
            `looked at ${Math.round(report.ownerless.judgedShare * 100)} % of the time`,
          ),
        ]),
  ];
  const faults = faultsOf(report);
  if (faults.length > 0) {
    lines.push("", "FAILED:", ...faults.slice(0, FAULTS_SHOWN).map((fault) => `  ${fault}`));
    if (faults.length > FAULTS_SHOWN) lines.push(`  and ${faults.length - FAULTS_SHOWN} more`);
  }
  return `${lines.join("\n")}\n`;
}

function row(name: string, value: string | number, note = ""): string {
  return `${name.padEnd(42)}${String(value).padStart(12)}${note === "" ? "" : `   ${note}`}`.trimEnd();
}
