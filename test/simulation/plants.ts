/**
 * Planted bugs: each replaces one piece of the real sources as they are loaded. The simulation must
 * find every one of them (planted-bugs.test.ts), or its checks prove nothing. `find` must stand in
 * the file exactly once, so a plant cannot rot.
 */
import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import { COUNTING_PLANTS } from "./counting-plants.ts";
import foundAt from "./found-at.json" with { type: "json" };
import { HOSTS_PLANTS } from "./hosts-plants.ts";
import { TRIGGER_PLANTS } from "./trigger-plants.ts";

export interface Plant {
  readonly name: string;
  /** What users would suffer. */
  readonly harm: string;
  /** From the project's root. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** The world that finds it; absent: that of runs. */
  readonly world?: "counting" | "hosts";
}

export const PLANTS: readonly Plant[] = [
  ...COUNTING_PLANTS,
  ...HOSTS_PLANTS,
  ...TRIGGER_PLANTS,
  {
    name: "effects-before-commit",
    harm: "an effect happens although the journal never heard of it",
    file: "src/engine/embedded/run-host.ts",
    find: "    const storing = submitTurn(turn, {",
    replace: "    this.#effects.apply(turn);\n    const storing = submitTurn(turn, {",
  },
  {
    name: "unknown-commit-is-success",
    harm: "a commit that got no answer is taken for durable",
    file: "src/engine/embedded/committer.ts",
    find: "const isCommitted = await this.#askCommitted(commitId);",
    replace: "const isCommitted = true as boolean | null;",
  },
  {
    name: "attempts-fail-with-the-store",
    harm: "a step fails for good because its values could not be read for a moment",
    file: "src/engine/embedded/patience.ts",
    find: "        if (!isStoreAway(error)) return",
    replace: "        if (isStoreAway(error)) return",
  },
  {
    name: "second-half-forgotten",
    harm: "runs whose turn is durable never go on, when their group goes on in halves",
    file: "src/engine/embedded/committer.ts",
    find: "    this.#settle(group.slice(first), answer);",
    replace: "    if (first >= group.length) this.#settle(group.slice(first), answer);",
  },
  {
    name: "resume-forgets-who-asked",
    harm: "a step that waited for a slot when its run was paused never gets one",
    file: "src/kernel/evolve.ts",
    find: "  if (state.deadlineAtMs !== null) state.deadlineAtMs += pausedMs;",
    replace: "  if (pausedMs >= 0) return;",
  },
  {
    name: "outputs-of-children-are-lost",
    harm: "a step that waited for another run has an output that this run did not give",
    file: "src/kernel/decide-child.ts",
    find: "if (goesOn) return succeed(turn, instance, { output: input.output });",
    replace: "if (goesOn) return succeed(turn, instance, { output: null });",
  },
  {
    name: "key-of-the-attempt",
    harm: "a repeated effect carries another idempotency key and is done twice",
    file: "src/engine/embedded/attempt-context.ts",
    find: "idempotencyKey(this.runId, this.path);",
    replace: "idempotencyKey(this.runId, `${this.path}#$" + "{this.attempt}`);",
  },
  {
    name: "key-of-the-step",
    harm: "two items of a loop share an idempotency key and one is dropped by the other side",
    file: "src/engine/embedded/attempt-context.ts",
    find: "idempotencyKey(this.runId, this.path);",
    replace: 'idempotencyKey(this.runId, this.path.replace(/\\[.*?\\]/g, ""));',
  },
  {
    name: "secrets-shown",
    harm: "what a step echoes of its secret lies open in the journal",
    file: "src/engine/embedded/redacting-runner.ts",
    find: "const output = redactor.value(outcome.output);",
    replace: "const { output } = outcome;",
  },
  {
    name: "secrets-of-connections-unnamed",
    harm: "nobody can tell which version of a connection's secret a step was scheduled with",
    file: "src/kernel/begin-step.ts",
    find: "    ...(lent === null ? {} : { connectionSecrets: lent }),\n",
    replace: "",
  },
  {
    name: "secrets-forgotten-by-checkpoints",
    harm: "after a restart a step is handed the name of its secret in place of the value",
    file: "src/kernel/checkpoint.ts",
    find: "      scratch: _scratch,\n",
    replace: "      scratch: _scratch,\n      secrets: _secrets,\n",
  },
  {
    name: "lost-attempts-are-forgotten",
    harm: "an attempt that a crash took is waited for for ever",
    file: "src/engine/embedded/run-effects.ts",
    find: 'mails.push(report({ kind: "lost", path, attempt }));',
    replace: "void path, void attempt, void report;",
  },
  {
    name: "timers-die-with-the-process",
    harm: "a wait or a retry never ends after a restart",
    file: "src/engine/embedded/run-effects.ts",
    find: "        this.#start(effect);\n        continue;",
    replace: '        if (effect.kind !== "timer") this.#start(effect);\n        continue;',
  },
  {
    name: "messages-are-not-redelivered",
    harm: "a parent waits for a child that was never started, or that has ended",
    file: "src/engine/embedded/messages.ts",
    find: "await Promise.all(page.map((message) => this.#begin(message)));",
    replace: "",
  },
  {
    name: "signals-are-applied-twice",
    harm: "a signal that a client repeats is received again",
    file: "src/kernel/decide-message.ts",
    find: "if (state.signalIds.has(input.id)) {",
    replace: "if (state.signalIds.has(input.id) && state.signalCount < 0) {",
  },
  {
    name: "checkpoint-forgets-signals",
    harm: "a buffered signal is lost when the run is loaded from a checkpoint",
    file: "src/kernel/checkpoint.ts",
    find: "    signals: [...state.signals],",
    replace: "    signals: [],",
  },
  {
    name: "checkpoint-forgets-the-agenda",
    harm: "a run that was loaded from a checkpoint never goes on",
    file: "src/kernel/checkpoint.ts",
    find: "    agenda: saveAgenda(state),",
    replace: "    agenda: saveAgenda(state).slice(0, 0),",
  },
  {
    name: "second-result-wins",
    harm: "a late result overwrites the outcome that dependents have seen",
    file: "src/kernel/decide.ts",
    find: 'return instance?.status === "running" && instance.attempt === attempt;',
    replace: "return instance !== null && instance.live !== null && attempt > 0;",
  },
  {
    name: "one-slot-too-many",
    harm: "two steps that exclude each other run at once",
    file: "src/engine/admission/slot-meter.ts",
    find: "? gate.limit - this.holders.size",
    replace: "? gate.limit + 1 - this.holders.size",
  },
  {
    name: "a-restart-forgets-the-window",
    harm: "after a restart a rate limit lets twice as many calls through",
    file: "src/engine/admission/restore.ts",
    find: "    if (meter instanceof RateMeter) meter.restore(instants, perMs);",
    replace: "    if (meter instanceof RateMeter) meter.restore([], perMs);",
  },
  {
    name: "a-start-counts-from-its-grant",
    harm: "slow commits bring more calls together than a rate limit allows",
    file: "src/engine/admission/rate-meter.ts",
    find: "    this.#underWay.add(slot);",
    replace: "    this.#underWay.add(slot);\n    this.started(slot, _nowMs);",
  },
  {
    name: "a-lost-probe-keeps-its-place",
    harm: "a breaker whose probe was cancelled never lets anything through again",
    file: "src/engine/admission/breaker-meter.ts",
    find: "    this.#probe = null;\n    return true;",
    replace: "    return true;",
  },
  {
    name: "cancel-skips-finally",
    harm: "what `finally` should clean up stays",
    file: "src/kernel/scopes/wants.ts",
    find: "    if (isCutOff || !cleansUp) return scope;",
    replace: "    if (isCutOff || step !== null || !cleansUp) return scope;",
  },
  {
    name: "blocked-steps-wait",
    harm: "what depends on a failed step is never settled and the run never ends",
    file: "src/workflow/trigger-rules.ts",
    find: 'return counts.failed > 0 ? "blocked" : "skipped";',
    replace: 'return counts.failed > 0 ? "wait" : "skipped";',
  },
  {
    name: "suspects-run-together",
    harm: "a step that ends its host takes innocent ones along, and they are failed with it",
    file: "src/engine/embedded/claims.ts",
    find: "if (effect.lostInARow >= SUSPECT_LOSSES)",
    replace: "if (effect.lostInARow >= SUSPECT_LOSSES * 2)",
  },
  {
    name: "memo-leads-twice",
    harm: "two steps of one memo key run at once and the work is done twice",
    file: "src/engine/embedded/memos.ts",
    find: "    flight.leader = next;",
    replace: "",
  },
  {
    name: "memo-keeps-failures",
    harm: "a failed step is remembered, and others take its failure for a result",
    file: "src/engine/embedded/memo-writes.ts",
    find: 'if (event.type !== "step.succeeded" || event.attempt === undefined) continue;',
    replace:
      'if (event.type === "step.retry_scheduled") { const failed = memos.writeOf(slotName(runKey, { path: event.path, attempt: event.attempt - 1 }), null, turn.atMs); if (failed !== null) writes.push(failed); }\n      if (event.type !== "step.succeeded" || event.attempt === undefined) continue;',
  },
  {
    name: "memo-forgets-its-scope",
    harm: "a run gets the result that another run has remembered for itself",
    file: "src/engine/embedded/memo-key.ts",
    find: 'return ["run", runId];',
    replace: 'return ["run", runId.length];',
  },
  {
    name: "memo-is-kept-before-its-commit",
    harm: "waiting steps get a result although the commit that holds it was refused",
    file: "src/engine/embedded/memos.ts",
    find: '    if (claim === undefined || claim.phase !== "leading" || claim.key === null) return null;',
    replace:
      '    if (claim === undefined || claim.phase !== "leading" || claim.key === null) return null;\n    const early = this.#flightOf(claim);\n    for (const other of [...(early?.waiting ?? [])]) { early?.waiting.delete(other); this.#claims.delete(other.ask.slot); other.isGone = true; this.#options.hit(other.ask, { key: claim.key, from: { runId: claim.ask.runId, path: claim.ask.path, atMs }, output }); }',
  },
  {
    name: "decisions-forgotten-by-checkpoints",
    harm: "a step that an operator had skipped is done all the same after a restart",
    file: "src/kernel/checkpoint.ts",
    find: '  if (state.resolutions !== null) run["resolutions"] = state.resolutions;\n',
    replace: "",
  },
  {
    name: "decisions-of-waiting-steps-are-dropped",
    harm: "a step that was skipped before its turn begins when its turn comes",
    file: "src/kernel/begin-step.ts",
    find: "if (turn.state.resolutions !== null && isResolved(turn, instance))",
    replace:
      "if (turn.state.resolutions !== null && isResolved(turn, instance) && instance.attempt > 0)",
  },
  {
    name: "decisions-are-applied-twice",
    harm: "an operator's repeated call gives up a second attempt",
    file: "src/kernel/decide-operator.ts",
    find: "if (input.id !== null && state.signalIds.has(resolutionId(input.id))) {",
    replace: "if (input.id !== null && state.signalCount < 0) {",
  },
  {
    name: "late-result-after-complete",
    harm: "the attempt that an operator gave up overwrites what he completed the step with",
    file: "src/kernel/decide.ts",
    find: "  if (!isCurrent(instance, attempt)) {",
    replace:
      '  if (instance !== null && instance.status === "succeeded" && outcome.ok) return emit(turn, { type: "step.succeeded", path, attempt, output: outcome.output });\n  if (!isCurrent(instance, attempt)) {',
  },
  {
    name: "details-lost-with-a-crash",
    harm: "an attempt after a crash begins at the first page again",
    file: "src/kernel/checkpoint.ts",
    find: "      scratch: _scratch,\n",
    replace: "      scratch: _scratch,\n      beat: _beat,\n",
  },
  {
    name: "details-of-the-first-attempt",
    harm: "the third attempt is handed what the first one said",
    file: "src/kernel/heartbeat.ts",
    find: "  return { details, handed: details, atMs, progress: null };",
    replace: "  return { details, handed: beat?.handed ?? details, atMs, progress: null };",
  },
  {
    name: "beats-move-no-timer",
    harm: "an attempt that says it lives is failed for its silence",
    file: "src/kernel/heartbeat.ts",
    find: "    atMs: at.nowMs,",
    replace: "    atMs: beat?.atMs ?? at.nowMs,",
  },
  {
    name: "undo-goes-forward",
    harm: "a saga gives back first what it took first",
    file: "src/kernel/scopes/fold.ts",
    find: "control.compensables.sort((left, right) => left.seq - right.seq);",
    replace: "control.compensables.sort((left, right) => right.seq - left.seq);",
  },
  {
    name: "doubt-is-not-undone",
    harm: "what an aborted or lost attempt did is left standing",
    file: "src/kernel/compensation.ts",
    find: 'isInDoubt(instance, status) ? "unknown" : null;',
    replace: "null;",
  },
  {
    name: "silence-is-an-answer",
    harm: "what an attempt did that gave no heartbeat is left standing",
    file: "src/kernel/compensation.ts",
    find: '  "heartbeat_timeout",\n',
    replace: "",
  },
  {
    name: "a-cancel-hides-a-failed-undo",
    harm: "a run says that it was cancelled although something in it could not be undone",
    file: "src/kernel/unclean.ts",
    find: 'if (isStopped || event.type === "step.cancelled" || event.type === "step.skipped")\n    return note(state, hidden);',
    replace:
      'if (isStopped || event.type === "step.cancelled" || event.type === "step.skipped") return;',
  },
  {
    name: "the-first-failure-hides-a-failed-undo",
    harm: "an ordinary failure that is handled hides that something could not be undone",
    file: "src/kernel/unclean.ts",
    find: "else if (handled === null && scope.firstFailure?.path !== path) goUp(state, scope, [one]);",
    replace: "",
  },
  {
    name: "checkpoints-forget-failed-undos",
    harm: "after a restart nobody knows that something could not be undone",
    file: "src/kernel/checkpoint.ts",
    find: '  if (state.unhandled !== null) run["unhandled"] = state.unhandled;\n',
    replace: "",
  },
  {
    name: "a-failed-undo-stops-the-others",
    harm: "one compensation that fails leaves all that were to come undone",
    file: "src/kernel/scopes/saga.ts",
    find: "if (next === undefined || stops) return finish",
    replace: "if (next === undefined || stops || control.failed > 0) return finish",
  },
  {
    name: "a-failed-undo-is-hidden",
    harm: "a saga that could not give something back says that it did",
    file: "src/kernel/scopes/saga.ts",
    find: "  if (control.failed > 0)\n    return fail",
    replace: "  if (control.failed > 1_000)\n    return fail",
  },
  {
    name: "one-undo-is-enough",
    harm: "of all that a saga did only one thing is given back",
    file: "src/kernel/scopes/fold.ts",
    find: "    control.total = control.compensables.length;",
    replace:
      "    control.total = control.compensables.length;\n    control.compensables = control.compensables.slice(0, 1);",
  },
  {
    name: "inner-sagas-hand-nothing-over",
    harm: "what an inner saga did stays when the saga around it fails",
    file: "src/kernel/compensation.ts",
    find: "  for (const compensable of control.compensables) outer.compensables.push(compensable);",
    replace: "",
  },
  {
    name: "successors-start-twice",
    harm: "a run that continues goes on twice, each with its signals",
    file: "src/kernel/continue-run.ts",
    find: "  if (parent !== null)\n    turn.sends.push({",
    replace:
      '  const sent = turn.sends.at(-1);\n  if (sent?.kind === "continue_start")\n    turn.sends.push({ ...sent, id: `${sent.id}again`, toRunId: `${toRunId}b` });\n  if (parent !== null)\n    turn.sends.push({',
  },
  {
    name: "unread-signals-stay-behind",
    harm: "signals that a run had not read are lost when it continues",
    file: "src/kernel/continue-run.ts",
    find: "  for (const { id, name, key, payload, by } of signals)",
    replace: "  for (const { id, name, key, payload, by } of signals.slice(1))",
  },
  {
    name: "carried-signals-lose-their-order",
    harm: "a successor reads signals in another order than they came",
    file: "src/kernel/continue-run.ts",
    find: "  buffered.sort((left, right) => left.seq - right.seq);",
    replace: "",
  },
  {
    name: "a-crash-gives-rates-back",
    harm: "attempts that a crash took count for no rate limit",
    file: "src/engine/embedded/admission-record.ts",
    find: 'if (gate.kind === "rate_limit") starts.push',
    replace: 'if (gate.kind === "rate_limit" && atMs < 0) starts.push',
  },
  {
    name: "two-probes",
    harm: "a half-open breaker lets more than one call through",
    file: "src/engine/admission/breaker-meter.ts",
    find: "return this.#probe === null && nowMs >= probesAtMs ? 1 : 0;",
    replace: "return nowMs >= probesAtMs ? 1 : 0;",
  },
  {
    name: "bulkheads-let-one-more-in",
    harm: "more attempts run at once than the operator allows",
    file: "src/engine/admission/operator-limits.ts",
    find: "key: name, limit }));",
    replace: "key: name, limit: limit + 1 }));",
  },
  {
    name: "a-cancelled-wait-keeps-its-slot",
    harm: "a slot that was granted to a step that is cancelled is never free again",
    file: "src/engine/admission/slot-meter.ts",
    find: "    return this.holders.delete(slot);",
    replace: "    return this.holders.size > 1 && this.holders.delete(slot);",
  },
  {
    name: "pauses-cost-time",
    harm: "a step fails at its deadline although its run was paused for most of it",
    file: "src/kernel/evolve.ts",
    find: "    if (live.deadlineAtMs !== null) live.deadlineAtMs += pausedMs;",
    replace: "",
  },
  {
    name: "computed-steps-are-never-tried-again",
    harm: "a step that failed off the turn waits for ever for its next attempt",
    file: "src/kernel/evolve-step.ts",
    find: "  live.computing = false;",
    replace: "",
  },
  {
    name: "checkpoints-forget-what-is-computed",
    harm: "a step that was computed when its host died is never computed again",
    file: "src/kernel/checkpoint.ts",
    find: "if (instance.live?.computing === true && !instance.listed)",
    replace: "if (instance.live?.computing === true && instance.attempt > 1_000)",
  },
  {
    name: "large-values-change-places",
    harm: "a step computes with the large output of another step",
    file: "src/engine/embedded/value-loader.ts",
    find: "    const key = `${ref.at}/${ref.f}`;\n    const cached",
    replace: "    const key = `/${ref.f}`;\n    const cached",
  },
  {
    name: "a-restart-forgets-the-priority",
    harm: "steps of a run that was put first go last again after a restart",
    file: "src/kernel/checkpoint.ts",
    find: '  "priority",\n  "concurrency",',
    replace: '  "concurrency",',
  },
  {
    name: "a-new-priority-is-for-those-that-wait",
    harm: "of a run that was put first only the attempts that waited then are",
    file: "src/kernel/prioritize.ts",
    find: "  state.priority = priority;",
    replace: "",
  },
  {
    name: "own-priorities-are-overruled",
    harm: "a step with a priority of its own loses it when its run is given another",
    file: "src/kernel/begin-step.ts",
    find: "const priority = step.priority ?? turn.state.priority;",
    replace: "const priority = turn.state.priority;",
  },
  {
    name: "a-stream-has-forgotten-where-it-was",
    harm: "after a crash a loop goes through the first items of its stream again, in the place of others",
    file: "src/kernel/scopes/fold.ts",
    find: 'stream.position = refOf(position, seq, "position");',
    replace: "stream.position = NULL_REF;",
  },
  {
    name: "pins-are-forgotten",
    harm: "a checkpoint that was pinned goes with the next ones",
    file: "src/engine/embedded/turn-commit.ts",
    find: "return isPinned ? { ...checkpoint, isPinned } : checkpoint;",
    replace: "return checkpoint;",
  },
  {
    name: "wished-checkpoints-are-not-saved",
    harm: "a checkpoint is journaled and answered, and there is none",
    file: "src/engine/embedded/turn-commit.ts",
    find: '    event.type === "checkpoint.saved" ||\n',
    replace: "",
  },
];

/** Loads the plant's file with its bug from now on. Throws where the plant does not fit the file. */
export function plantBug(name: string): void {
  const plant = PLANTS.find((candidate) => candidate.name === name);
  if (plant === undefined) throw new Error(`there is no planted bug "${name}"`);
  plantIn(plant);
}

export function plantIn(plant: Plant): void {
  const { url, source } = planted(plant);
  registerHooks({
    load(address, context, nextLoad) {
      if (address !== url) return nextLoad(address, context);
      return { format: "module-typescript", shortCircuit: true, source };
    },
  });
}

/** The plant's file with its bug. Throws where the plant does not fit the file. */
export function planted({ name, file, find, replace }: Plant): {
  readonly url: string;
  readonly source: string;
} {
  const url = new URL(`../../${file}`, import.meta.url).href;
  const source = readFileSync(fileURLToPath(url), "utf8");
  if (source.split(find).length !== 2)
    throw new Error(`planted bug "${name}": its text does not stand in ${file} exactly once`);
  return { url, source: source.replace(find, () => replace) };
}

/**
 * A seed that found each when it was last looked for (scripts/find-plants.ts). The worlds change with
 * the generators, so these save time and prove nothing: where one finds nothing any more, all are played.
 */
export const FOUND_AT: Readonly<Record<string, number>> = foundAt;
