/**
 * A real browser for tests of pages. Without a Chromium on the machine such tests are skipped,
 * loudly; with CI=true they fail instead. CHROMIUM names the program, if it is somewhere else.
 */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, type BrowserContext, chromium } from "playwright-core";
import { afterAll } from "vitest";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const QUIET = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Path of the browser; null where there is none. Throws with CI=true. */
export function findChromium(): string | null {
  const folders = ["/usr/bin", ...(process.env["PATH"] ?? "").split(delimiter)];
  const places = folders.flatMap((folder) => NAMES.map((name) => join(folder, name)));
  const found = [process.env["CHROMIUM"] ?? "", ...places].find(
    (place) => place !== "" && existsSync(place),
  );
  if (found !== undefined) return found;
  if (process.env["CI"] === "true") throw new Error("no Chromium: install it, or set CHROMIUM");
  process.stderr.write("SKIPPED: no Chromium on this machine, tests of pages do not run\n");
  return null;
}

/** One for all tests of a file: it takes a second of processor time to start. */
let started: Promise<Browser> | null = null;

afterAll(async () => {
  await (await started)?.close();
  started = null;
});

/** What a browser shows to somebody who has never been here; closed again. */
export async function openBrowser(
  executablePath: string,
  options: { readonly width?: number; readonly colorScheme?: "light" | "dark" } = {},
): Promise<{ readonly browser: BrowserContext } & AsyncDisposable> {
  started ??= chromium.launch({ executablePath, headless: true, args: QUIET });
  const browser = await (await started).newContext({
    viewport: { width: options.width ?? 1280, height: 860 },
    colorScheme: options.colorScheme ?? "light",
  });
  browser.setDefaultTimeout(60_000);
  return { browser, [Symbol.asyncDispose]: () => browser.close() };
}
