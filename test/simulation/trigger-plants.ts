/** Planted bugs of schedules and events, found by the world of runs or that of hosts: see plants.ts. */
import type { Plant } from "./plants.ts";

const FIRING = "src/engine/triggers/fire-schedules.ts";

export const TRIGGER_PLANTS: readonly Plant[] = [
  {
    name: "scheduled-runs-have-no-name",
    harm: "an instant whose start got no answer has two runs",
    file: FIRING,
    find: "        id: runId,\n",
    replace: "",
  },
  {
    name: "refused-starts-are-given-up",
    harm: "an instant whose start the store refused for a moment has no run",
    file: FIRING,
    find: '      return { kind: isForGood(error) ? "failed" : "later", reason, code };',
    replace: '      return { kind: "failed", reason, code };',
  },
  {
    name: "events-have-no-id",
    harm: "an event that is emitted again starts its runs again",
    file: "src/engine/triggers/emit-event.ts",
    find: "      idempotencyKey: `event:$" + "{workflow}/$" + "{id}:$" + "{hashText(event.id)}`,\n",
    replace: "",
  },
  {
    name: "overlap-sees-no-runs",
    harm: "a run of a schedule begins beside the one before",
    file: "src/engine/triggers/record-starts.ts",
    find: "    if (isCounted) state.running.push(runId);\n",
    replace: "",
  },
  {
    world: "hosts",
    name: "hosts-do-not-fire",
    harm: "schedules of a shared database are never fired",
    file: "src/engine/hosts/host-engine.ts",
    find: "  engine.triggers.begin();\n",
    replace: "",
  },
];
