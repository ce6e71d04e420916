/** What view.output shows on the live page, in a real browser: drawn, in both schemes, on small screens, as text and never as HTML. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import type { WorkflowDefinition } from "#workflow/definition.ts";
import { type EmbeddedServer, embeddedServer } from "../server/embedded-server.ts";
import { findChromium, openBrowser } from "./chromium.ts";

const chromium = findChromium();
const pictures = process.env["LOCKSTITCH_SCREENSHOTS"];
/** A red square of 8 by 8. */
const PNG =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEklEQVR4nGP4z8CAFWEXHbQSACj/P8Fu7N9hAAAAAElFTkSuQmCC";
const EVIL = `<img src=x onerror="window.hit=1"><script>window.hit=1</script>`;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun"].map((month, at) => ({
  ...{ month, sold: 3 + at * at, back: 2 + at, price: 9.5 - at },
}));

const show = (id: string, config: object) => ({ id, uses: "view.output", with: config });
const chart = (id: string, kind: string, more: object = {}) =>
  show(id, { as: "chart", chart: kind, value: MONTHS, x: "month", title: `By ${kind}`, ...more });

const VIEWS = {
  ...{ language: 1, name: "report" },
  steps: [
    show("stock", {
      as: "table",
      title: "Stock",
      value: MONTHS.map((row) => ({ ...row, note: row.sold > 10 ? { many: true } : null })),
    }),
    show("long", { as: "table", value: Array.from({ length: 250 }, (_, at) => ({ at })) }),
    chart("bars", "bar", { series: [{ field: "sold" }, { field: "back", label: "returned" }] }),
    chart("lines", "line"),
    chart("areas", "area", { series: [{ field: "sold" }] }),
    chart("slices", "pie", { series: [{ field: "sold" }] }),
    chart("points", "scatter", { x: "price", series: [{ field: "sold" }] }),
    show("data", { as: "json", value: { nested: [1, { deep: EVIL }] }, title: EVIL }),
    show("plain", { as: "text", value: `line one\n${EVIL}` }),
    show("words", {
      as: "text",
      markdown: true,
      value: `# Done\n\n- **bold** and \`code\`\n- [docs](https://example.com/a)\n- [bad](javascript:alert(1))\n\n> said\n\n${EVIL}\n\n\`\`\`\n${EVIL}\n\`\`\``,
    }),
    show("picture", { as: "image", value: PNG, alt: "a red square" }),
    show("elsewhere", { as: "image", value: "https://example.com/cat.png", alt: "a cat" }),
  ],
} as unknown as WorkflowDefinition;

async function keep(page: Page, name: string): Promise<void> {
  if (pictures === undefined) return;
  await mkdir(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
}

/** Pixels of a chart that have a colour. The page's own types are unknown here, so what runs there is text. */
function colouredPixels(page: Page, at: number): Promise<number> {
  return page.evaluate(`(() => {
    const canvas = document.querySelectorAll(".views canvas")[${at}];
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let coloured = 0;
    for (let at = 0; at < data.length; at += 4) {
      const [red, green, blue, opacity] = data.slice(at, at + 4);
      if (opacity > 200 && Math.max(red, green, blue) - Math.min(red, green, blue) > 60) coloured += 1;
    }
    return coloured;
  })()`);
}

async function openRun(fixture: EmbeddedServer, page: Page, workflow: WorkflowDefinition) {
  const { run } = await fixture.engine.start(LOCAL_CONTEXT, { workflow });
  await page.goto(`${await fixture.listen()}/#run=${run.id}`);
  return run.id;
}

describe.skipIf(chromium === null)("views of a run", () => {
  it.each([
    [1280, "light"],
    [1280, "dark"],
    [390, "light"],
    [390, "dark"],
  ] as const)("are drawn at %i px, %s", async (width, colorScheme) => {
    await using fixture = await embeddedServer();
    await using open = await openBrowser(chromium ?? "", { width, colorScheme });
    const page = await open.browser.newPage();
    const faults: string[] = [];
    page.on("pageerror", (error) => faults.push(error.message));
    page.on("console", (line) => line.type() === "error" && faults.push(line.text()));
    const called: string[] = [];
    page.on("request", (request) => called.push(new URL(request.url()).host));
    await openRun(fixture, page, VIEWS);
    const views = page.locator(".views figure");
    await expect.poll(() => views.count(), { timeout: 60_000 }).toBe(12);
    const canvases = page.locator(".views canvas");
    expect(await canvases.count()).toBe(5);
    for (const [at, canvas] of (await canvases.all()).entries()) {
      await expect.poll(() => colouredPixels(page, at), { timeout: 60_000 }).toBeGreaterThan(50);
      expect(await canvas.getAttribute("aria-label")).toMatch(/chart of .*6 points/);
    }
    const image = page.locator(".views img");
    expect(await image.count()).toBe(1);
    expect(await page.evaluate(`document.querySelector(".views img").naturalWidth`)).toBe(8);
    expect(await image.getAttribute("alt")).toBe("a red square");
    await keep(page, `views-${width}-${colorScheme}`);

    // Nothing was HTML, nothing ran, and nobody else was called.
    expect(await page.evaluate("window.hit")).toBe(undefined);
    expect(await page.locator(".views script, .views [onerror]").count()).toBe(0);
    expect(await page.locator(".views").getByText(EVIL).count()).toBeGreaterThan(3);
    expect(
      await page.evaluate(`[...document.querySelectorAll(".views a")].map((link) => link.href)`),
    ).toEqual(["https://example.com/a", "https://example.com/cat.png"]);
    expect(new Set(called).size).toBe(1);
    expect(faults).toEqual([]);

    // The page itself never scrolls sideways: what is wide does in its own box.
    const overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
    expect(overflow).toBeLessThanOrEqual(0);
    const stock = page.locator("figure", { hasText: "Stock" }).locator("tbody tr");
    expect(await stock.count()).toBe(6);
    expect(await stock.last().locator("td").allTextContents()).toEqual([
      ...["Jun", "28", "7", "4.5"],
      '{"many":true}',
    ]);
    await page.getByText("The first 100 of 250 rows.").waitFor();
  });

  it("follow the scheme, and come while the run goes on", async () => {
    await using fixture = await embeddedServer();
    await using open = await openBrowser(chromium ?? "");
    const page = await open.browser.newPage();
    const gate = { id: "go", uses: "test.gate", with: { gate: "go" } };
    await openRun(fixture, page, {
      ...{ language: 1, name: "slow" },
      steps: [chart("first", "bar"), gate, show("last", { as: "text", value: "the end" })],
    } as unknown as WorkflowDefinition);
    await expect.poll(() => colouredPixels(page, 0), { timeout: 60_000 }).toBeGreaterThan(50);
    const pixels = () =>
      page.evaluate<string>(`document.querySelector(".views canvas").toDataURL()`);
    const light = await pixels();
    await page.emulateMedia({ colorScheme: "dark" });
    await expect.poll(pixels, { timeout: 60_000 }).not.toBe(light);
    expect(await page.locator(".views figure").count()).toBe(1);
    fixture.open("go");
    await page.locator(".views").getByText("the end").waitFor();
    expect(await page.locator(".views figure").count()).toBe(2);
  });

  it("are hidden where a run shows nothing, and count what they leave out", async () => {
    await using fixture = await embeddedServer();
    await using open = await openBrowser(chromium ?? "");
    const page = await open.browser.newPage();
    const each = { items: Array.from({ length: 30 }, (_, at) => at), as: "n" };
    await openRun(fixture, page, {
      ...{ language: 1, name: "many" },
      steps: [
        {
          id: "each",
          uses: "for_each",
          with: each,
          steps: [show("one", { as: "json", value: "${{ n }}" })],
        },
      ],
    } as unknown as WorkflowDefinition);
    await page.getByText("The first 20 of 30 views.").waitFor();
    expect(await page.locator(".views figure").count()).toBe(20);
    const { run } = await fixture.engine.start(LOCAL_CONTEXT, {
      workflow: {
        language: 1,
        name: "none",
        steps: [{ id: "a", uses: "noop" }],
      } as unknown as WorkflowDefinition,
    });
    await page.evaluate(`location.hash = "#run=${run.id}"`);
    await page.getByRole("heading", { name: "none", level: 1 }).waitFor();
    expect(await page.locator(".views").isVisible()).toBe(false);
  });
});
