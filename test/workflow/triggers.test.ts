/** Triggers of a definition: shape, names, expressions, times. */
import { expect, test } from "vitest";
import { createRegistry } from "#nodes/registry.ts";
import { checkDefinition } from "#workflow/check.ts";
import { namedTriggers } from "#workflow/trigger-definition.ts";

const nodes = createRegistry();

function problems(...triggers: unknown[]): string[] {
  const definition = { language: 1, name: "w", triggers, steps: [] };
  return checkDefinition(definition, { nodes }).problems.map(
    ({ code, pointer }) => `${code} ${pointer.replace(/^\/triggers\/\d+/, "") || "/"}`,
  );
}

test("triggers of all kinds are fine, and have names", () => {
  const triggers = [
    {
      schedule: {
        cron: "0 6 * * *",
        timeZone: "Europe/Berlin",
        input: { at: "${{ trigger.scheduledAt }}" },
      },
    },
    { schedule: { every: "5m", jitter: "30s", overlap: "queue", catchUp: "1h" } },
    { schedule: { id: "once", at: "2026-12-24T18:00:00Z" } },
    { event: { name: "order.paid", filter: "${{ trigger.data.total > 3 }}" } },
    { webhook: { path: "orders/new", signature: { secret: "HOOK" }, wait: "10s" } },
  ];
  expect(problems(...triggers)).toEqual([]);
  expect(namedTriggers(triggers as never).map(({ id }) => id)).toEqual([
    ...["schedule", "schedule-2", "once", "event", "webhook"],
  ]);
  const { definition } = checkDefinition(
    { language: 1, name: "w", triggers, steps: [] },
    { nodes },
  );
  expect(definition?.triggers?.[3]?.event?.filter).toBe("trigger.data.total > 3");
});

test.each([
  [[{}], ["invalid_shape /"]],
  [[{ schedule: { every: "1h" }, event: { name: "a" } }], ["invalid_shape /"]],
  [
    [{ schedule: { interval: "1h" } }],
    ["unknown_field /schedule/interval", "invalid_schedule /schedule"],
  ],
  [
    [{ schedule: { every: "often" } }],
    ["invalid_duration /schedule/every", "invalid_schedule /schedule"],
  ],
  [[{ schedule: { cron: "99 * * * *" } }], ["invalid_schedule /schedule/cron"]],
  [
    [{ schedule: { every: "1h", input: { a: ["${{ input.x }}"] } } }],
    ["unknown_name /schedule/input"],
  ],
  [
    [{ schedule: { every: "1h", input: { a: ["${{ 1 + }}"] } } }],
    ["invalid_expression /schedule/input/a/0"],
  ],
  [[{ event: { name: "a", filter: "steps.x.output" } }], ["unknown_name /event/filter"]],
  [[{ event: { name: "a", filter: "trigger." } }], ["invalid_expression /event/filter"]],
  [[{ webhook: { path: "/orders" } }], ["invalid_shape /webhook/path"]],
  [
    [{ webhook: { path: "a", signature: { secret: "S", tolerance: "1m" } } }],
    ["field_not_allowed /webhook/signature/tolerance"],
  ],
  [
    [{ webhook: { path: "a", signature: { secret: "S", scheme: "standard", header: "x" } } }],
    ["field_not_allowed /webhook/signature/header"],
  ],
])("%j is refused", (triggers, expected) => {
  expect(problems(...triggers)).toEqual(expected);
});

test("two triggers of one name are refused", () => {
  const two = [{ schedule: { id: "a", every: "1h" } }, { event: { id: "a", name: "x" } }];
  expect(problems(...two)).toEqual(["duplicate_id /event/id"]);
});
