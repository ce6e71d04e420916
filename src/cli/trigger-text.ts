/** Triggers as people name and read them on a terminal. */
import { InvalidArgumentError } from "commander";
import type { TriggerKey, TriggerView } from "#engine/engine-triggers.ts";
import { visible } from "#errors/visible-text.ts";
import { oneLine } from "./output.ts";

/** `orders/nightly`; `orders` alone is its schedule without a name. */
export function triggerArgument(text: string): TriggerKey {
  const [workflow = "", id = "schedule", ...more] = text.split("/");
  if (workflow === "" || id === "" || more.length > 0)
    throw new InvalidArgumentError("It must look like WORKFLOW/NAME.");
  return { workflow, id };
}

export function triggerName({ workflow, id }: TriggerKey): string {
  return visible(`${workflow}/${id}`);
}

/** When or by what it starts runs: `cron 0 6 * * * (Europe/Berlin)`, `event order.paid`. */
export function triggerWhen({ kind, spec }: TriggerView): string {
  if (kind === "event") return oneLine(`event ${spec["name"]}`, 60);
  if (kind === "webhook") return oneLine(`${spec["method"] ?? "POST"} /hooks/${spec["path"]}`, 60);
  const zone = spec["timeZone"] === undefined ? "" : ` (${spec["timeZone"]})`;
  const name = ["cron", "every", "at"].find((field) => spec[field] !== undefined) ?? "";
  return oneLine(`${name} ${[spec[name]].flat().join(", ")}${zone}`, 60);
}
