/** What people and runs do wrong, on the live page in a real browser: it says so, and stays usable. */
import { describe, expect, it } from "vitest";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import type { WorkflowDefinition } from "#workflow/definition.ts";
import { embeddedServer } from "../server/embedded-server.ts";
import { findChromium, openBrowser } from "./chromium.ts";

const chromium = findChromium();
/** A busy machine takes its time for a browser and for the thread that makes the large view. */
const PATIENCE = { timeout: 60_000 };

const WORKFLOW = {
  ...{ language: 1, name: "faults" },
  steps: [
    {
      id: "show",
      uses: "view.output",
      with: { as: "text", value: "x".repeat(90_000) },
    },
    {
      id: "ask",
      uses: "wait.approval",
      with: { title: "Ship it?", form: { type: "object", required: ["size"] } },
    },
  ],
} as unknown as WorkflowDefinition;

describe.skipIf(chromium === null)("the live page", () => {
  it("says what is wrong with an approval, shows a large output when asked, and survives a broken address", async () => {
    await using fixture = await embeddedServer();
    await fixture.engine.start(LOCAL_CONTEXT, { workflow: WORKFLOW, id: "faults-1" });
    const soon = AbortSignal.timeout(PATIENCE.timeout);
    for await (const { type } of fixture.engine.follow(LOCAL_CONTEXT, "faults-1", 0, soon))
      if (type === "step.waiting") break;
    await using open = await openBrowser(chromium ?? "");
    const page = await open.browser.newPage();
    page.setDefaultTimeout(PATIENCE.timeout);
    const faults: string[] = [];
    page.on("pageerror", (error) => faults.push(error.message));
    const address = await fixture.listen();

    await page.goto(`${address}/#run=faults-1`);
    const card = page.getByRole("region", { name: "Approval: Ship it?" });
    await page.getByText("Not shown at once: larger than 65536 bytes").waitFor();
    await page.getByRole("button", { name: "Show it" }).click();
    await page.getByText("x".repeat(90_000)).waitFor();

    const form = card.getByLabel("Form data (JSON)");
    await form.fill("{ size: 4 }");
    await card.getByRole("button", { name: "Approve" }).click();
    const said = card.getByRole("alert");
    await expect.poll(() => said.textContent(), PATIENCE).toContain("The form data is no JSON");
    await form.fill("{}");
    await card.getByRole("button", { name: "Approve" }).click();
    await expect.poll(() => said.textContent(), PATIENCE).toContain("size");
    await form.fill('{"size": 4}');
    await card.getByRole("button", { name: "Approve" }).click();
    await card.waitFor({ state: "detached" });

    let loads = 0;
    page.on("load", () => {
      loads += 1;
    });
    await page.goto("about:blank");
    await page.goto(`${address}/#run=%zz`);
    await page.getByText("There is no run %zz here.").waitFor();
    expect(loads).toBe(2);
    expect(faults).toEqual([]);
  });
});
