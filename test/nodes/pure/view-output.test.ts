/** view.output: what a page is told to draw, of any value, and what it must never be told. */
import { expect, it } from "vitest";
import { viewOutput } from "#nodes/pure/view-output.ts";
import { hostileNames, runNode } from "./run-node.ts";

const PIXEL = "data:image/png;base64,iVBORw0KGgo=";

it.each([
  [
    { value: [], as: "table" },
    { columns: [], rows: 0 },
  ],
  [
    { value: 42, as: "table" },
    { columns: [{ field: null, label: "value" }], rows: 1 },
  ],
  [
    { value: null, as: "table" },
    { columns: [{ field: null, label: "value" }], rows: 1, value: null },
  ],
  [
    { value: { a: 1 }, as: "table" },
    { columns: [{ field: ["a"], label: "a" }], rows: 1 },
  ],
  [
    { value: [[1, 2], [3]], as: "table" },
    {
      columns: [
        { field: ["0"], label: "0" },
        { field: ["1"], label: "1" },
      ],
      rows: 2,
    },
  ],
  [
    { value: [1, { a: 1 }], as: "table" },
    {
      columns: [
        { field: null, label: "value" },
        { field: ["a"], label: "a" },
      ],
    },
  ],
  [
    {
      value: [{ a: { b: 1 } }],
      as: "table",
      columns: [{ field: "a.b", label: "B" }, { field: "x" }],
    },
    {
      columns: [
        { field: ["a", "b"], label: "B" },
        { field: ["x"], label: "x" },
      ],
    },
  ],
  [
    { value: [hostileNames()], as: "table" },
    {
      columns: ["__proto__", "constructor", "toString"].map((label) => ({ field: [label], label })),
    },
  ],
  [
    { value: [3, null, 5], as: "chart" },
    { chart: "bar", labels: ["1", "2", "3"], series: [{ label: "value", values: [3, null, 5] }] },
  ],
  [
    { value: { Oslo: 3, Bern: null }, as: "chart", chart: "pie" },
    { chart: "pie", labels: ["Oslo", "Bern"], series: [{ label: "value", values: [3, null] }] },
  ],
  [
    { value: [{ x: 2020, y: 1, z: "a" }, { x: 2021 }], as: "chart", chart: "scatter", x: "x" },
    { labels: [2020, 2021], series: [{ label: "y", values: [1, null] }] },
  ],
  [
    {
      value: [{ at: null, n: { m: 1 } }],
      as: "chart",
      x: "at",
      series: [{ field: "n.m", label: "M" }],
    },
    { labels: ["1"], series: [{ label: "M", values: [1] }] },
  ],
  [
    { value: [], as: "chart" },
    { labels: [], series: [{ values: [] }] },
  ],
  [
    { value: { a: [1] }, as: "json", title: "T" },
    { title: "T", value: { a: [1] } },
  ],
  [
    { value: null, as: "json" },
    { title: "", value: null },
  ],
  [
    { value: 5, as: "text" },
    { text: "5", markdown: false },
  ],
  [{ value: { a: 1 }, as: "text" }, { text: '{"a":1}' }],
  [
    { value: PIXEL, as: "image", alt: "A dot" },
    { kind: "data", alt: "A dot" },
  ],
  [
    { value: "https://example.com/a.png?x=1#y", as: "image" },
    { kind: "address", alt: "" },
  ],
])("%j", (config, parts) => {
  expect(runNode(viewOutput, config)).toMatchObject({ as: config.as, ...parts });
});

it.each([
  [{ value: 1 }, "as"],
  [{ as: "json" }, "value"],
  [{ value: 1, as: "html" }, "as"],
  [{ value: 1, as: "json", alt: "x" }, "alt: is not used by json"],
  [{ value: [], as: "table", chart: "bar" }, "chart: is not used by table, which takes columns"],
  [{ value: [], as: "table", columns: [] }, "columns"],
  [{ value: 5, as: "chart" }, "must be a list of rows or numbers"],
  [{ value: "abc", as: "chart" }, "must be a list of rows or numbers"],
  [{ value: [{ a: "x" }], as: "chart" }, "no field with a number"],
  [{ value: [{ a: 1 }, { a: "x" }], as: "chart" }, '"x" in row 1 is not a number (a)'],
  [{ value: [1, "x"], as: "chart" }, '"x" in row 1 is not a number'],
  [{ value: { a: {} }, as: "chart" }, "in row 0 is not a number (value)"],
  [{ value: 5, as: "image" }, "value: must be a data: URL"],
  [{ value: "javascript:alert(1)", as: "image" }, "must be a data: URL"],
  [{ value: "http://example.com/a.png", as: "image" }, "must be a data: URL"],
  [{ value: "https://user:pass@example.com/a.png", as: "image" }, "must be a data: URL"],
  [{ value: 'https://example.com/"onerror=alert(1)', as: "image" }, "must be a data: URL"],
  [{ value: "https://example.com/a b", as: "image" }, "must be a data: URL"],
  [{ value: `https://example.com/${"a".repeat(2048)}`, as: "image" }, "must be a data: URL"],
  [{ value: "data:image/svg+xml;base64,PHN2Zz4=", as: "image" }, "must be a data: URL"],
  [{ value: "data:text/html;base64,PGI+", as: "image" }, "must be a data: URL"],
  [{ value: "data:image/png,<svg>", as: "image" }, "must be a data: URL"],
])("%j is refused", (config, message) => {
  expect(runNode(viewOutput, config)).toMatchObject({
    code: "config_invalid",
    message: expect.stringContaining(message),
  });
});

it.each([
  [
    {
      value: [Object.fromEntries(Array.from({ length: 201 }, (_, n) => [`f${n}`, n]))],
      as: "table",
    },
    "columns",
  ],
  [{ value: new Array(10_001).fill(1), as: "chart" }, "points"],
  [{ value: `data:image/png;base64,${"A".repeat(5 * 1024 * 1024)}`, as: "image" }, "imageSize"],
])("limit %#", (config, limit) => {
  expect(runNode(viewOutput, config)).toMatchObject({
    code: "limit_exceeded",
    details: { limit },
  });
});
