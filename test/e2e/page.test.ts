/** The live page in a real browser: a run live, an approval, a restart, keyboard, small screens. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import type { WorkflowDefinition } from "#workflow/definition.ts";
import { type EmbeddedServer, embeddedServer } from "../server/embedded-server.ts";
import { findChromium, openBrowser } from "./chromium.ts";

const chromium = findChromium();
/** With LOCKSTITCH_SCREENSHOTS=DIR the pages are kept as pictures. */
const pictures = process.env["LOCKSTITCH_SCREENSHOTS"];

const gate = (id: string, more: object = {}) => ({
  id,
  uses: "test.gate",
  with: { gate: id },
  ...more,
});

const REPORT = {
  language: 1,
  name: "weather-report",
  steps: [
    gate("read"),
    gate("check"),
    {
      id: "months",
      uses: "for_each",
      needs: ["check"],
      with: { items: [1, 2, 3, 4], as: "month" },
      steps: [
        gate("mean", { with: { gate: "mean-${{ month }}" } }),
        gate("extremes", { needs: [] }),
        gate("line", { needs: ["mean", "extremes"] }),
      ],
    },
    gate("records", {
      needs: ["check"],
      retry: { attempts: 1000, backoff: "constant", initial: "1s", jitter: "none" },
    }),
    {
      id: "publish",
      uses: "wait.approval",
      needs: ["check"],
      with: { title: "Publish the report?", description: "Four months, two files." },
    },
    gate("markdown", { needs: ["publish", "months", "records"] }),
    gate("csv", { needs: ["publish", "months", "records"] }),
  ],
  output: { report: "report.md", table: "report.csv" },
} as unknown as WorkflowDefinition;

/** Starts a report that stands in the middle: items done and running, a retry, an approval. */
async function startReport(fixture: EmbeddedServer): Promise<string> {
  for (const name of ["read", "check", "mean-1", "mean-2", "mean-3"])
    fixture.open(name, { rows: 1461 });
  fixture.fail("records", "The archive did not answer.");
  const { run } = await fixture.engine.start(LOCAL_CONTEXT, {
    workflow: REPORT,
    input: { city: "Seattle" },
  });
  for await (const event of follow(fixture, run.id))
    if (event.type === "step.retry_scheduled") break;
  return run.id;
}

function follow({ engine }: EmbeddedServer, runId: string) {
  return engine.follow(LOCAL_CONTEXT, runId, 0, AbortSignal.timeout(60_000));
}

function openAll(fixture: EmbeddedServer): void {
  for (const name of ["mean-4", "extremes", "line", "records", "markdown", "csv"])
    fixture.open(name, { rows: 12 });
}

async function keep(page: Page, name: string): Promise<void> {
  if (pictures === undefined) return;
  await mkdir(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
}

const step = (page: Page, name: string) => page.locator(`g[role=button][aria-label^="${name},"]`);

describe.skipIf(chromium === null)("the live page", () => {
  it("teaches when nothing has run, then shows the first run by itself", async () => {
    await using fixture = await embeddedServer();
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
    await using fixture = await embeddedServer();
    const runId = await startReport(fixture);
    await using open = await openBrowser(chromium ?? "");
    const page = await open.browser.newPage();
    await page.goto(await fixture.listen());
    await step(page, "records").waitFor();
    await page.getByRole("heading", { name: "Publish the report?" }).waitFor();
    await page.getByLabel("Comment (optional)").fill("looks right");
    await page.getByRole("button", { name: "Approve" }).click();
    await page.locator('g[aria-label^="publish,"][aria-label*="succeeded"]').waitFor();
    const state = await fixture.engine.state(LOCAL_CONTEXT, runId);
    const decided = state.steps.find((one) => one.path === "publish");
    expect(decided?.output).toMatchObject({ comment: "looks right" });
    openAll(fixture);
    await page.getByText("✓ succeeded", { exact: true }).waitFor();
    await page.getByRole("heading", { name: "Output" }).waitFor();
    await page.getByRole("button", { name: "Run again" }).click();
    await page.waitForURL((url) => url.hash.startsWith("#run=") && !url.hash.includes(runId));
  });

  for (const width of [390, 1280])
    it(`shows a step's log as it grows, and says so where there is none, at ${width} px`, async () => {
      await using fixture = await embeddedServer();
      const says = ["reads the archive", `a long line ${"x".repeat(400)}`, "<b>no markup</b>"];
      await fixture.engine.start(LOCAL_CONTEXT, {
        workflow: {
          language: 1,
          name: "talks",
          steps: [gate("loud", { with: { gate: "loud", says } }), gate("quiet")],
        } as unknown as WorkflowDefinition,
      });
      await using open = await openBrowser(chromium ?? "", { width });
      const page = await open.browser.newPage();
      const faults: string[] = [];
      page.on("pageerror", (error) => faults.push(error.message));
      await page.goto(await fixture.listen());
      await step(page, "loud").click();
      await page.locator(".step-log > summary").click();
      // The step is still at work: its lines come by the stream.
      const lines = page.locator(".log-lines > li");
      await lines.filter({ hasText: "<b>no markup</b>" }).waitFor();
      expect(await lines.count()).toBe(3);
      expect(await lines.first().textContent()).toMatch(
        /^\d\d:\d\d:\d\d\.\d{3} INFO reads the archive \{"gate":"loud"\}$/,
      );
      const wide = await page.evaluate<number>("document.documentElement.scrollWidth");
      expect(wide).toBeLessThanOrEqual(width);
      await keep(page, `log-${width}`);
      // The panel outlives the step's end.
      fixture.open("loud");
      await page.locator('g[aria-label^="loud,"][aria-label*="succeeded"]').waitFor();
      expect(await lines.count()).toBe(3);
      fixture.open("quiet");
      await page.locator('g[aria-label^="quiet,"][aria-label*="succeeded"]').waitFor();
      await step(page, "quiet").click();
      await page.locator(".step-log > summary").click();
      await page.getByText("This step logged nothing.").waitFor();
      expect(faults).toEqual([]);
    });

  it("goes on when the server restarts, and says what was continued", async () => {
    await using first = await embeddedServer();
    const runId = await startReport(first);
    const address = await first.listen();
    await using open = await openBrowser(chromium ?? "");
    const page = await open.browser.newPage();
    await page.goto(address);
    await step(page, "records").waitFor();
    await first.stop();
    await page.getByText("server away").waitFor();
    await using second = await embeddedServer({
      dataDir: first.dataDir,
      security: { host: "127.0.0.1", port: Number(new URL(address).port), apiKeys: [] },
    });
    await second.listen();
    await page.getByText("continued 1 run from the journal").waitFor();
    openAll(second);
    await page.getByRole("button", { name: "Approve" }).click();
    await page.getByText("✓ succeeded", { exact: true }).waitFor();
    const all = await second.engine.events(LOCAL_CONTEXT, runId, 0, 1_000);
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
    await using fixture = await embeddedServer({ demo });
    await startReport(fixture);
    await using open = await openBrowser(chromium ?? "");
    const page = await open.browser.newPage();
    await page.goto(await fixture.listen());
    await page.getByRole("button", { name: "Fail a step" }).click();
    await page.getByText("The next attempt fails").waitFor();
    await page.getByRole("button", { name: "Kill the process" }).click();
    await page.getByText("Killed with SIGKILL").waitFor();
    expect(pressed).toEqual(["fail", "kill"]);
    await using plain = await embeddedServer();
    await startReport(plain);
    await page.goto(await plain.listen());
    await step(page, "records").waitFor();
    expect(await page.getByRole("button", { name: "Kill the process" }).count()).toBe(0);
  });

  it.each([390, 1280])(
    "lets an operator decide about a step by keyboard, with the reason, at %i px",
    async (width) => {
      await using fixture = await embeddedServer();
      const runId = await startReport(fixture);
      await using open = await openBrowser(chromium ?? "", { width });
      const page = await open.browser.newPage();
      await page.goto(await fixture.listen());
      await step(page, "records").focus();
      await page.keyboard.press("Enter");
      await page.getByRole("button", { name: "Complete" }).focus();
      await keep(page, `step-actions-${width}`);
      await page.keyboard.press("Enter");
      await page.keyboard.type('{"best": 1');
      await page.getByLabel("Reason (journaled)").fill("the archive is down");
      await page.keyboard.press("Enter");
      await page.getByRole("alert").filter({ hasText: "JSON" }).waitFor();
      await keep(page, `step-dialog-${width}`);
      await page.getByLabel("Output (JSON)").fill('{"best": 1}');
      await page.getByRole("dialog").getByRole("button", { name: "Complete" }).click();
      await page.locator('g[aria-label^="records,"][aria-label*="succeeded"]').waitFor();
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(
        width,
      );
      const events = await fixture.engine.events(LOCAL_CONTEXT, runId, 0, 1_000);
      expect(events.find(({ type }) => type === "step.resolved")?.event).toMatchObject({
        ...{ action: "complete", reason: "the archive is down", output: { best: 1 } },
      });
    },
  );

  it("says how far a running step is, and who paused the run", async () => {
    await using fixture = await embeddedServer();
    const { run } = await fixture.engine.start(LOCAL_CONTEXT, {
      workflow: {
        ...{ language: 1, name: "far" },
        steps: [gate("walk", { with: { gate: "walk", far: 0.4 } })],
      } as unknown as WorkflowDefinition,
    });
    await using open = await openBrowser(chromium ?? "");
    const page = await open.browser.newPage();
    await page.goto(await fixture.listen());
    await page.locator('g[aria-label^="walk,"][aria-label*="40 %: on the way"]').waitFor();
    await step(page, "walk").click();
    await page.locator(".instance").filter({ hasText: "40 %: on the way" }).waitFor();
    await fixture.engine.pause(LOCAL_CONTEXT, run.id, "lunch");
    await page.getByText(`by ${LOCAL_CONTEXT.principal}: lunch`).waitFor();
    await keep(page, "progress-paused");
  });

  it("leads along the runs of a chain", async () => {
    await using fixture = await embeddedServer();
    const poller = {
      language: 1,
      name: "poller",
      input: { type: "object", properties: { left: { type: "integer", default: 1 } } },
      steps: [
        {
          id: "again",
          uses: "workflow.continue",
          if: "input.left > 0",
          with: { input: { left: 0 } },
        },
      ],
    } as unknown as WorkflowDefinition;
    const { run } = await fixture.engine.start(LOCAL_CONTEXT, { workflow: poller, id: "one" });
    const { continuedTo } = await fixture.engine.wait(LOCAL_CONTEXT, run.id, 60_000);
    await using open = await openBrowser(chromium ?? "");
    const page = await open.browser.newPage();
    await page.goto(`${await fixture.listen()}#run=one`);
    await page.getByText(`It goes on as run ${continuedTo}.`).waitFor();
    await page.getByRole("link", { name: continuedTo ?? "" }).click();
    await page.waitForURL((url) => url.hash === `#run=${continuedTo}`);
    await page.getByRole("link", { name: "one", exact: true }).waitFor();
  });

  it("works by keyboard, and shows a step's output", async () => {
    await using fixture = await embeddedServer();
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
    await using fixture = await embeddedServer({ demo });
    await startReport(fixture);
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
