/** The example of docs/events.md, run as it stands there. */
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import type { EventSubscription, Lockstitch } from "../../src/lockstitch.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const LOCKSTITCH = pathToFileURL(join(import.meta.dirname, "..", "..", "src", "lockstitch.ts"));

interface Page {
  readonly l: Lockstitch;
  readonly alarms: string[];
  readonly steps: string[];
  readonly failures: EventSubscription;
  readonly payments: EventSubscription;
}

test("the page's program hears of failures in one shop, and of every payment", async () => {
  const page = readFileSync("docs/events.md", "utf8");
  const [, source = ""] = /```ts\n(import [\s\S]*?)```/.exec(page) ?? [];
  await using directory = await temporaryDirectory();
  const file = join(directory.path, "example.ts");
  const runnable = source
    .replace('"lockstitch"', JSON.stringify(LOCKSTITCH.href))
    .replace('"./data"', JSON.stringify(join(directory.path, "data")))
    .replace("await using l", "export const l")
    .replaceAll(/^const /gm, "export const ");
  await writeFile(file, runnable);
  const { l, ...page1 } = (await import(pathToFileURL(file).href)) as Page;
  try {
    const pay = { id: "pay", uses: "shop.pay", with: { amount: "${{ input.amount }}" } };
    await l.save({ language: 1, name: "order", steps: [pay] });
    await l.run("order", { amount: 5 }, { labels: { shop: "oslo" } });
    const failed = await l.start("order", { amount: 500 }, { labels: { shop: "oslo" } });
    await expect(failed.result()).rejects.toThrow("declined");
    const other = await l.start("order", { amount: 500 }, { labels: { shop: "bern" } });
    await expect(other.result()).rejects.toThrow("declined");
    await page1.failures.idle();
    await page1.payments.idle();
    expect(page1.alarms).toEqual([`${failed.id} failed with internal`]);
    expect(page1.steps.filter((step) => step.startsWith("step.failed"))).toHaveLength(2);
    expect(page1.steps).toContain("step.succeeded 1");
    expect(page1.payments.counts).toMatchObject({ waiting: 0, dropped: 0, failed: 0 });
  } finally {
    await l.close();
  }
});
