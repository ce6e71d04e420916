/** The live page in a real browser: a run live, an approval, a restart, keyboard, small screens. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import type { WorkflowDefinition } from "#workflow/definition.ts";
import type { RecordedEngine } from "../server/recorded-engine.ts";
import { type ServerFixture, serverFixture } from "../server/server-fixture.ts";
import { findChromium, openBrowser } from "./chromium.ts";

const chromium = findChromium();
/** With LOCKSTITCH_SCREENSHOTS=DIR the pages are kept as pictures. */
const pictures = process.env["LOCKSTITCH_SCREENSHOTS"];

const REPORT: WorkflowDefinition = {
  language: 1,
  name: "weather-report",
  steps: [
    { id: "read", uses: "noop" },
    { id: "check", uses: "validate", with: { value: 1, schema: {} } },
    {
      id: "months",
      uses: "for_each",
      needs: ["check"],
      with: { items: [1, 2, 3, 4] },
      steps: [
        { id: "mean", uses: "noop" },
        { id: "extremes", uses: "noop", needs: [] },
        { id: "line", uses: "noop", needs: ["mean", "extremes"] },
      ],
    },
    { id: "records", uses: "noop", needs: ["check"] },
    {
      id: "publish",
      uses: "wait.approval",
      needs: ["months", "records"],
      with: { title: "Publish?" },
    },
    { id: "markdown", uses: "noop", needs: ["publish"] },
    { id: "csv", uses: "noop", needs: ["publish"] },
  ],
};

async function startReport(fixture: ServerFixture): Promise<string> {
  const { engine } = fixture;
  const { run } = await engine.start(LOCAL_CONTEXT, {
    workflow: REPORT,
    input: { city: "Seattle" },
  });
  const step = (path: string, uses: string) => {
    engine.record(run.id, "step.started", path, { uses });
    engine.record(run.id, "step.succeeded", path, { uses, output: { rows: 1461 } });
  };
  step("read", "noop");
  step("check", "validate");
  engine.record(run.id, "step.started", "months", { uses: "for_each" });
  for (const item of [0, 1, 2]) step(`months[${item}].mean`, "noop");
  engine.record(run.id, "step.started", "months[3].mean", { uses: "noop" });
  engine.record(run.id, "step.started", "records", { uses: "noop" });
  engine.record(run.id, "step.retry_scheduled", "records", {
    uses: "noop",
    error: { code: "http.503", message: "The archive answered 503.", retryable: true },
  });
  return run.id;
}

function finishReport(engine: RecordedEngine, runId: string): void {
  for (const path of ["months[3].mean", "months", "records", "markdown", "csv"]) {
    engine.record(runId, "step.started", path);
    engine.record(runId, "step.succeeded", path, { output: { rows: 12 } });
  }
  engine.record(runId, "run.succeeded", undefined, {
    output: { report: "report.md", table: "report.csv", hottest: "2015-07" },
  });
}

async function keep(page: Page, name: string): Promise<void> {
  if (pictures === undefined) return;
  await mkdir(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
}

const step = (page: Page, name: string) => page.locator(`g[role=button][aria-label^="${name},"]`);

describe.skipIf(chromium === null)("the live page", () => {
  it("teaches when nothing has run, then shows the first run by itself", async () => {
    await using fixture = await serverFixture();
    await using open = await openBrowser(chromium ?? "");
    const page = await open.browser.newPage();
    const faults: string[] = [];
    page.on("pageerror", (error) => faults.push(error.message));
    page.on("console", (line) => line.type() === "error" && faults.push(line.text()));
    await page.goto(await fixture.listen());
    await page.getByRole("heading", { name: "Nothing has run yet" }).waitFor();
    await page.getByText("npx lockstitch run").first().waitFor();
    await keep(page, "empty");
    await startReport(fixture);
    await page.getByRole("heading", { name: "weather-report", level: 1 }).waitFor();
    await page.locator('g[aria-label^="records,"][aria-label*="retrying"]').waitFor();
    await page.locator('g[aria-label^="mean,"][aria-label*="3/4 done"]').waitFor();
    expect(faults).toEqual([]);
  });

  it("follows a run live, lets a person approve, and shows the end", async () => {
    await using fixture = await serverFixture();
    const runId = await startReport(fixture);
    await using open = await openBrowser(chromium ?? "");
    const page = await open.browser.newPage();
    await page.goto(await fixture.listen());
    await step(page, "records").waitFor();
    fixture.engine.askApproval(runId, "publish", "Publish the report?");
    await page.getByRole("heading", { name: "Publish the report?" }).waitFor();
    await page.getByText("Waits for a person to decide").waitFor();
    await page.getByLabel("Comment (optional)").fill("looks right");
    await page.getByRole("button", { name: "Approve" }).click();
    await page.locator('g[aria-label^="publish,"][aria-label*="succeeded"]').waitFor();
    const state = await fixture.engine.state(LOCAL_CONTEXT, runId);
    expect(state.steps.find(({ path }) => path === "publish")?.output).toEqual({
      approved: true,
      comment: "looks right",
      form: undefined,
    });
    finishReport(fixture.engine, runId);
    await page.getByText("✓ succeeded", { exact: true }).waitFor();
    await page.getByRole("heading", { name: "Output" }).waitFor();
    await page.getByRole("button", { name: "Run again" }).click();
    await page.waitForURL((url) => url.hash.startsWith("#run=") && !url.hash.includes(runId));
  });

  it("goes on when the server restarts, and says what was continued", async () => {
    await using first = await serverFixture();
    const runId = await startReport(first);
    const address = await first.listen();
    await using open = await openBrowser(chromium ?? "");
    const page = await open.browser.newPage();
    await page.goto(address);
    await step(page, "records").waitFor();
    await first.app.close();
    await page.getByText("server away").waitFor();
    first.engine.continuedRuns = 1;
    await using second = await serverFixture({
      recorded: first.engine,
      security: { host: "127.0.0.1", port: Number(new URL(address).port), apiKeys: [] },
    });
    finishReport(first.engine, runId);
    await second.listen();
    await page.getByText("continued 1 run from the journal").waitFor();
    await page.getByText("✓ succeeded", { exact: true }).waitFor();
    const all = await first.engine.events(LOCAL_CONTEXT, runId, 0, 1_000);
    await page
      .locator(".journal-rows li")
      .nth(all.length - 1)
      .waitFor();
    const events = await page.locator(".journal-rows .seq").allTextContents();
    await keep(page, "continued");
    expect(events).toEqual(all.map(({ seq }) => String(seq)).toReversed());
  });

  it("presses the demo's switches, and hides them elsewhere", async () => {
    const pressed: string[] = [];
    const demo = {
      kill: () => void pressed.push("kill"),
      failNext: () => void pressed.push("fail"),
    };
    await using fixture = await serverFixture({ demo });
    await startReport(fixture);
    await using open = await openBrowser(chromium ?? "");
    const page = await open.browser.newPage();
    await page.goto(await fixture.listen());
    await page.getByRole("button", { name: "Fail a step" }).click();
    await page.getByText("The next attempt fails").waitFor();
    await page.getByRole("button", { name: "Kill the process" }).click();
    await page.getByText("Killed with SIGKILL").waitFor();
    expect(pressed).toEqual(["fail", "kill"]);
    await using plain = await serverFixture();
    await startReport(plain);
    await page.goto(await plain.listen());
    await step(page, "records").waitFor();
    expect(await page.getByRole("button", { name: "Kill the process" }).count()).toBe(0);
  });

  it("works by keyboard, and shows a step's output", async () => {
    await using fixture = await serverFixture();
    await startReport(fixture);
    await using open = await openBrowser(chromium ?? "");
    const page = await open.browser.newPage();
    await page.goto(await fixture.listen());
    await step(page, "read").focus();
    await page.keyboard.press("Enter");
    await page.getByText('"rows": 1461').first().waitFor();
    expect(await step(page, "read").getAttribute("aria-pressed")).toBe("true");
    await page.keyboard.press("Tab");
    expect(await page.locator(":focus").getAttribute("aria-label")).toContain("check,");
  });

  it.each([
    [1280, "light"],
    [1280, "dark"],
    [390, "light"],
    [390, "dark"],
  ] as const)("fits %i pixels in %s", async (width, colorScheme) => {
    const demo = { kill: () => undefined, failNext: () => undefined };
    await using fixture = await serverFixture({ demo });
    const runId = await startReport(fixture);
    fixture.engine.askApproval(runId, "publish", "Publish the report?");
    await using open = await openBrowser(chromium ?? "", { width, colorScheme });
    const page = await open.browser.newPage();
    await page.goto(await fixture.listen());
    await page.getByRole("heading", { name: "Publish the report?" }).waitFor();
    await page.locator(".journal-rows li").nth(10).waitFor();
    await keep(page, `run-${width}-${colorScheme}`);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
    await page.goto(`${new URL(page.url()).origin}/docs`);
    await page.getByRole("heading", { name: "Lockstitch HTTP API" }).waitFor();
    await keep(page, `docs-${width}-${colorScheme}`);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
  });
});
