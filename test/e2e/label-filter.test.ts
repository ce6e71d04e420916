/** The label filter of the live page, in a real browser: the address, the live list, both schemes, small screens. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import type { WorkflowDefinition } from "#workflow/definition.ts";
import { type EmbeddedServer, embeddedServer } from "../server/embedded-server.ts";
import { findChromium, openBrowser } from "./chromium.ts";

const chromium = findChromium();
const PATIENCE = { timeout: 60_000 };
const pictures = process.env["LOCKSTITCH_SCREENSHOTS"];

function start({ engine }: EmbeddedServer, name: string, labels: Record<string, string>) {
  const workflow = {
    ...{ language: 1, name },
    steps: [{ id: "go", uses: "wait.signal", with: { name: "go" } }],
  } as unknown as WorkflowDefinition;
  return engine.start(LOCAL_CONTEXT, { workflow, labels, id: name });
}

async function keep(page: Page, name: string): Promise<void> {
  if (pictures === undefined) return;
  await mkdir(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.png`) });
}

describe.skipIf(chromium === null)("the label filter", () => {
  it.each([
    [1280, "light"],
    [1280, "dark"],
    [390, "light"],
    [390, "dark"],
  ] as const)(
    "shows runs with the labels, live and from the address, at %i px, %s",
    async (width, colorScheme) => {
      await using fixture = await embeddedServer();
      await start(fixture, "blue-one", { team: "blue" });
      await start(fixture, "red-one", { team: "red", size: "x l" });
      await using open = await openBrowser(chromium ?? "", { width, colorScheme });
      const page = await open.browser.newPage();
      const faults: string[] = [];
      page.on("pageerror", (error) => faults.push(error.message));
      const address = await fixture.listen();
      await page.goto(address);
      const names = page.locator("#runs .run-name");
      const listed = async () => (await names.allTextContents()).toSorted().join();
      await expect.poll(listed, PATIENCE).toBe("blue-one,red-one");
      const field = page.getByLabel("Labels");
      await field.fill("team=blue");
      await expect.poll(listed, PATIENCE).toBe("blue-one");
      await expect.poll(() => new URL(page.url()).search, PATIENCE).toBe("?label=team%3Dblue");
      await page.getByRole("heading", { name: "blue-one", level: 1 }).waitFor();

      // Runs come and go as they have the label.
      await start(fixture, "red-two", { team: "red" });
      await start(fixture, "blue-two", { team: "blue", size: "s" });
      await expect.poll(listed, PATIENCE).toBe("blue-one,blue-two");
      await fixture.engine.label(LOCAL_CONTEXT, "blue-two", { set: { team: "red" } });
      await expect.poll(listed, PATIENCE).toBe("blue-one");
      await keep(page, `labels-${width}-${colorScheme}`);

      await field.fill("team");
      await page.getByText("Write name=value").waitFor();
      expect(await field.getAttribute("aria-invalid")).toBe("true");
      expect(await listed()).toBe("blue-one");
      await keep(page, `labels-wrong-${width}-${colorScheme}`);

      // The address brings the filter back, without a run too.
      await page.goto(`${address}/?label=team%3Dgreen`);
      await page.getByText("No run has these labels.").waitFor();
      await page.getByRole("heading", { name: "No run has team=green" }).waitFor();
      expect(await field.inputValue()).toBe("team=green");
      await keep(page, `labels-none-${width}-${colorScheme}`);
      await start(fixture, "green-one", { team: "green" });
      await page.getByRole("heading", { name: "green-one", level: 1 }).waitFor();
      await field.fill("");
      await expect.poll(async () => (await listed()).split(",").length, PATIENCE).toBe(5);
      await expect.poll(() => new URL(page.url()).search, PATIENCE).toBe("");
      const overflow = await page.evaluate<number>(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth",
      );
      expect(overflow).toBeLessThanOrEqual(0);
      expect(faults).toEqual([]);
    },
  );
});
