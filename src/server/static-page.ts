/**
 * The live page at `/`: a handful of files, read once at start, served with an ETag and headers
 * under which a browser runs nothing but them.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { FastifyInstance } from "fastify";
import { docsPage } from "./docs-page.ts";
import type { OpenApiDocument } from "./open-api.ts";

/** Address of each file, its place in page/ and its type. */
const FILES = [
  ["/", "index.html", "text/html; charset=utf-8"],
  ["/assets/page.css", "page.css", "text/css; charset=utf-8"],
  ["/assets/graph.css", "graph.css", "text/css; charset=utf-8"],
  ["/assets/run.css", "run.css", "text/css; charset=utf-8"],
  ["/assets/log.css", "log.css", "text/css; charset=utf-8"],
  ["/assets/output.css", "output.css", "text/css; charset=utf-8"],
  ["/assets/schedules.css", "schedules.css", "text/css; charset=utf-8"],
  ["/assets/docs.css", "docs.css", "text/css; charset=utf-8"],
  ["/assets/icon.svg", "icon.svg", "image/svg+xml"],
  ["/assets/page.js", "page.js", "text/javascript; charset=utf-8"],
  ["/assets/server.js", "server.js", "text/javascript; charset=utf-8"],
  ["/assets/element.js", "element.js", "text/javascript; charset=utf-8"],
  ["/assets/graph-layout.js", "graph-layout.js", "text/javascript; charset=utf-8"],
  ["/assets/graph-view.js", "graph-view.js", "text/javascript; charset=utf-8"],
  ["/assets/run-view.js", "run-view.js", "text/javascript; charset=utf-8"],
  ["/assets/approval-view.js", "approval-view.js", "text/javascript; charset=utf-8"],
  ["/assets/log-view.js", "log-view.js", "text/javascript; charset=utf-8"],
  ["/assets/output-view.js", "output-view.js", "text/javascript; charset=utf-8"],
  ["/assets/output-chart.js", "output-chart.js", "text/javascript; charset=utf-8"],
  ["/assets/markdown-text.js", "markdown-text.js", "text/javascript; charset=utf-8"],
  ["/assets/step-view.js", "step-view.js", "text/javascript; charset=utf-8"],
  ["/assets/step-actions.js", "step-actions.js", "text/javascript; charset=utf-8"],
  ["/assets/label-filter.js", "label-filter.js", "text/javascript; charset=utf-8"],
  ["/assets/schedules-view.js", "schedules-view.js", "text/javascript; charset=utf-8"],
  ["/assets/schedule-card.js", "schedule-card.js", "text/javascript; charset=utf-8"],
  ["/assets/schedule-times.js", "schedule-times.js", "text/javascript; charset=utf-8"],
  ["/assets/journal-view.js", "journal-view.js", "text/javascript; charset=utf-8"],
  ["/assets/status.js", "status.js", "text/javascript; charset=utf-8"],
] as const;

/** Draws the charts; its one file that needs no other. */
const CHART_LIBRARY = new URL("./chart.umd.min.js", import.meta.resolve("chart.js"));

/** Pictures may come with a value (`data:`): they are checked, and cannot run. */
const PAGE_HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "cache-control": "no-cache",
};

/** Headers of every answer. */
export const SAFE_HEADERS = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "x-frame-options": "DENY",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
};

/** Registers the page, `/docs` and `/openapi.json`. */
export function registerPages(app: FastifyInstance, document: OpenApiDocument): void {
  for (const [url, file, type] of FILES)
    serveText(app, url, type, readFileSync(new URL(`./page/${file}`, import.meta.url), "utf8"));
  const library = readFileSync(CHART_LIBRARY, "utf8");
  serveText(app, "/assets/chart.js", "text/javascript; charset=utf-8", library);
  serveText(app, "/docs", "text/html; charset=utf-8", docsPage(document));
  serveText(app, "/openapi.json", "application/json; charset=utf-8", JSON.stringify(document));
}

function serveText(app: FastifyInstance, url: string, type: string, text: string): void {
  const etag = `"${createHash("sha256").update(text).digest("base64url").slice(0, 22)}"`;
  app.get(url, (request, reply) => {
    reply.headers({ ...PAGE_HEADERS, etag, "content-type": type });
    if (request.headers["if-none-match"] === etag) return reply.code(304).send();
    return reply.send(text);
  });
}
