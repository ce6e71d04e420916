/** The list of schedules of the live page, in a real browser: both zones, buttons, both schemes, small screens. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import type { WorkflowDefinition } from "#workflow/definition.ts";
import { embeddedServer } from "../server/embedded-server.ts";
import { findChromium, openBrowser } from "./chromium.ts";

const chromium = findChromium();
const PATIENCE = { timeout: 60_000 };
const pictures = process.env["LOCKSTITCH_SCREENSHOTS"];

const REPORTS = {
  ...{ language: 1, name: "reports" },
  triggers: [
    { schedule: { id: "nightly", cron: "30 2 29 2 *", timeZone: "Asia/Kolkata", jitter: "1m" } },
    { event: { name: "order.paid", filter: "trigger.data.total > 100" } },
    { webhook: { path: "orders/new" } },
  ],
  steps: [{ id: "note", uses: "data.set", with: { value: 1 } }],
} as unknown as WorkflowDefinition;
const BROKEN = {
  ...{ language: 1, name: "broken" },
  triggers: [{ schedule: { id: "often", every: 1_000, overlap: "allow" } }],
  steps: [{ id: "no", uses: "data.set", with: { value: "${{ input.nothing.there }}" } }],
} as unknown as WorkflowDefinition;

async function keep(page: Page, name: string): Promise<void> {
  if (pictures === undefined) return;
  await mkdir(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
}

describe.skipIf(chromium === null)("the list of schedules", () => {
  it.each([
    [1280, "light"],
    [1280, "dark"],
    [390, "light"],
    [390, "dark"],
  ] as const)("says how schedules do and steers them, at %i px, %s", async (width, colorScheme) => {
    await using fixture = await embeddedServer();
    const { triggers } = fixture.engine;
    await using open = await openBrowser(chromium ?? "", { width, colorScheme });
    const page = await open.browser.newPage();
    const faults: string[] = [];
    page.on("pageerror", (error) => faults.push(error.message));
    await page.goto(`${await fixture.listen()}/`);
    await page.getByRole("link", { name: "Schedules" }).click();
    await page.getByRole("heading", { name: "Nothing starts by itself yet" }).waitFor();
    await keep(page, `schedules-none-${width}-${colorScheme}`);

    // It appears while somebody looks.
    await fixture.engine.saveWorkflow(LOCAL_CONTEXT, REPORTS);
    const card = page.getByRole("listitem", { name: "reports / nightly" });
    const says = (text: string | RegExp) =>
      expect.poll(() => card.innerText(), PATIENCE).toMatch(text);
    await says(/cron 30 2 29 2 \* · Asia\/Kolkata · jitter 1m/);
    await says(/02:30:\d\d GMT\+5:30[\s\S]*21:00:\d\d UTC here/);
    await says(/Last run\s+none yet[\s\S]*0 fired/);
    await page
      .getByRole("listitem", { name: "reports / webhook" })
      .getByText("POST /hooks/orders/new")
      .waitFor();
    await page
      .getByRole("listitem", { name: "reports / event" })
      .getByText("order.paid where")
      .waitFor();

    await card.getByRole("button", { name: /^Pause/ }).click();
    await says(/paused[\s\S]*Paused by local[\s\S]*not while it is paused/);
    const key = { workflow: "reports", id: "nightly" };
    expect((await triggers.get(LOCAL_CONTEXT, key)).paused).toMatchObject({ by: "local" });
    await card.getByRole("button", { name: /^Resume/ }).click();
    await says(/active/);
    expect((await triggers.get(LOCAL_CONTEXT, key)).paused).toBeNull();
    await card.getByRole("button", { name: /^Trigger now/ }).click();
    await says(/Started run_/);
    const { items } = await fixture.engine.list(LOCAL_CONTEXT, { limit: 9 });
    expect(items).toHaveLength(1);
    await card.getByText("Instants to come").click();
    await expect.poll(() => card.locator(".upcoming li").count(), PATIENCE).toBe(5);

    // One that fires and fails says so, and what it said stays unfolded.
    await fixture.engine.saveWorkflow(LOCAL_CONTEXT, BROKEN);
    const often = page.getByRole("listitem", { name: "broken / often" });
    await expect
      .poll(() => often.innerText(), PATIENCE)
      .toMatch(/failed · broken\.often\.\d+T\d+Z/);
    await often.getByText("Instants to come").click();
    await expect
      .poll(() => often.locator(".marks li").first().innerText(), PATIENCE)
      .toMatch(/fired/);
    expect(await card.locator("details").getAttribute("open")).not.toBeNull();
    await keep(page, `schedules-${width}-${colorScheme}`);
    const overflow = await page.evaluate<number>(
      "document.documentElement.scrollWidth - document.documentElement.clientWidth",
    );
    expect(overflow).toBeLessThanOrEqual(0);

    // What is gone goes; the run's link leads to the run.
    await fixture.engine.saveWorkflow(LOCAL_CONTEXT, { ...BROKEN, triggers: [] });
    await expect.poll(() => often.count(), PATIENCE).toBe(0);
    await card.getByRole("link", { name: /^run_/ }).first().click();
    await page.getByRole("heading", { name: "reports", level: 1 }).waitFor();
    expect(faults).toEqual([]);
  });
});
