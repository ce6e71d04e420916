/** Planted bugs of hosts that share a disk, which the world of hosts-world.ts must find: see plants.ts. */
import type { Plant } from "./plants.ts";

const hosts = (plant: Omit<Plant, "world">): Plant => ({ ...plant, world: "hosts" });
const KEEPER = "src/engine/hosts/host-keeper.ts";
const RATES = "src/engine/hosts/rate-shares.ts";

export const HOSTS_PLANTS: readonly Plant[] = [
  hosts({
    name: "lapsed-hosts-go-on",
    harm: "what a host that was cut off has under way goes on beside the host that took its runs",
    file: KEEPER,
    find: "        core.services.attempts.suspend(!isLate);\n",
    replace: "",
  }),
  hosts({
    name: "sleepers-go-on",
    harm: "a host that slept through the end of its lease begins steps of runs that others have taken",
    file: KEEPER,
    find: "    core.services.attempts.mayBegin = () => this.mayBegin;\n",
    replace: "",
  }),
  hosts({
    name: "lost-claims-are-forgotten",
    harm: "runs that a claim took whose answer was lost belong to a host that does not know them",
    file: KEEPER,
    find: "        if (this.#doubtEpoch !== null) await this.#settleDoubt(this.#doubtEpoch);\n",
    replace: "",
  }),
  hosts({
    name: "others-ends-are-not-seen",
    harm: "a host that comes back begins steps of a run that has ended elsewhere",
    file: "src/engine/hosts/drop-others.ts",
    find: "      if (head.epoch !== host.epoch) host.end();\n",
    replace: "",
  }),
  hosts({
    name: "clock-is-set-not-moved",
    harm: "timers of a host whose clock is off fire when it likes",
    file: "src/system/ahead-clock.ts",
    find: "      aheadMs += Math.round(byMs);",
    replace: "      aheadMs = Math.round(byMs);",
  }),
  hosts({
    name: "taken-runs-keep-their-epoch",
    harm: "what a host does for a run that it has taken over is fenced",
    file: "src/engine/embedded/run-host.ts",
    find: "    this.epoch = head.epoch;\n",
    replace: "",
  }),
  hosts({
    name: "others-runs-are-loaded",
    harm: "a message makes a host drive a run that is another's",
    file: "src/engine/embedded/run-loader.ts",
    find: "    return isOthers(this.#store, head) ? head : this.#fold(context, head);",
    replace: "    return this.#fold(context, head);",
  }),
  hosts({
    name: "the-dead-keep-their-runs",
    harm: "nobody takes the runs of a host that died",
    file: KEEPER,
    find: "    this.#cancelLook = clock.after(hosts.leaseMs * LOOK, () => this.#look());\n",
    replace: "",
  }),
  hosts({
    name: "offered-slots-are-granted",
    harm: "a host grants slots that it has offered to the others, and more run than a limit allows",
    file: "src/engine/hosts/gate-slots.ts",
    find: "    this.#spare = 0;\n    return {\n",
    replace: "    return {\n",
  }),
  hosts({
    name: "shares-outlive-the-lease",
    harm: "a host that was cut off goes on with slots that others have been given meanwhile",
    file: KEEPER,
    find: "      this.shares?.voided();\n",
    replace: "",
  }),
  hosts({
    name: "slots-of-runs-are-not-written",
    harm: "more runs of a concurrency key begin than it allows, on as many hosts",
    file: "src/engine/embedded/turn-commit.ts",
    find: "  if (slot !== null) commit = { ...commit, slot };\n",
    replace: "",
  }),
  hosts({
    name: "freed-slots-are-not-offered",
    harm: "a slot that comes free on one host is never given to those who wait on another",
    file: "src/engine/hosts/gate-slots.ts",
    find: "    } else this.#options.tell(this);\n",
    replace: "    }\n",
  }),
  hosts({
    name: "free-slots-are-not-asked-for",
    harm: "a run that would rather fail than wait is refused, though another host has no use for the slot",
    file: "src/engine/hosts/slot-shares.ts",
    find: "slots.ask({ claim, limit: gate.limit, answered: resolve, failed: reject });",
    replace: "resolve();",
  }),
  hosts({
    name: "lost-answers-grant-tokens",
    harm: "attempts of a rate begin that nobody may have allowed, when an answer of the store is lost",
    file: RATES,
    find: "this.#ended.push({ name, token, perMs, startedAtMs: null });",
    replace: 'if (name !== "" && perMs > 0) line.spare.push({ token, askedAtMs: retryAtMs });',
  }),
  hosts({
    name: "begun-tokens-are-given-back",
    harm: "more attempts of a rate begin than it allows, because those that have begun are not counted",
    file: "src/engine/hosts/rate-tokens.ts",
    find: "    this.#end(slot, atMs);\n",
    replace: "    this.#end(slot, atMs < 0 ? atMs : null);\n",
  }),
  hosts({
    name: "old-tokens-are-used",
    harm: "an attempt whose commit was slow begins beside those that others were granted meanwhile",
    file: "src/engine/hosts/rate-tokens.ts",
    find: "    return atMs - askedAtMs >= TOKEN_MS;\n",
    replace: "    return atMs - askedAtMs >= 100 * TOKEN_MS;\n",
  }),
  hosts({
    name: "rates-are-asked-once",
    harm: "where the store was away when a rate was asked for, its steps wait for ever",
    file: RATES,
    find: "      line.isAsking = false;\n      line.retryAtMs = retryAtMs;\n",
    replace: "      line.retryAtMs = retryAtMs;\n",
  }),
  hosts({
    name: "runs-take-no-places",
    harm: "a run counts twice for a minute, as one that is open and as one that may be started",
    file: "src/engine/embedded/turn-commit.ts",
    find: "  if (turn.firstSeq === 1 && services.quotas.isReserved(after.tenant, after.runId))\n    commit = { ...commit, isReserved: true };\n",
    replace: "",
  }),
  hosts({
    name: "quotas-of-workflows-are-not-asked-for",
    harm: "more runs of a workflow are open than it may have, where its tenant has no limit",
    file: "src/engine/admission/quotas.ts",
    find: "    if (hasNone(ofTenant) && hasNone(ofWorkflow)) return NOTHING;\n",
    replace: "    if (hasNone(ofTenant) || hasNone(ofWorkflow)) return NOTHING;\n",
  }),
];
