/**
 * What everything that an expression can call costs, exactly: the least of each limit with which it
 * still works. Limits decide how a journaled step ends, so that a cost is a promise like a result: one
 * that changes makes a recorded run go differently. (What a sort costs depends on the host's way of
 * sorting, so that here nothing is sorted but two items.)
 */
import { expect, test } from "vitest";
import { compileExpression } from "#workflow/expression/compile.ts";
import { ExpressionError, type ExpressionLimits } from "#workflow/expression/expression.ts";

const SCOPE = {
  text: "Abc déf, ghi! ".repeat(72).slice(0, 1_000),
  short: "a-b_c",
  names: Array.from({ length: 100 }, (_, index) => `word ${index % 37} of some length`),
  list: Array.from({ length: 100 }, (_, index) => (index * 37) % 101),
  nested: [[1, [2, [3]]], [4], 5, Array.from({ length: 20 }, () => [0])],
  object: Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`key${index}`, index])),
  rows: Array.from({ length: 60 }, (_, index) => ({
    kind: `k${index % 7}`,
    at: index,
    ok: index > 9,
  })),
  deep: { a: { b: [{ c: [1, 2, { d: "x".repeat(100) }] }] } },
  json: JSON.stringify(Array.from({ length: 60 }, (_, index) => ({ index, text: "y".repeat(9) }))),
  encoded: "QUJD".repeat(200),
  yes: true,
};

/** Source, fuel, characters of the longest text, items of the longest list, levels. */
const COSTS: readonly (readonly [string, number, number, number, number])[] = [
  ["1 + 2 * list[3]", 6, 0, 0, 0],
  ["text + text", 128, 2000, 0, 0],
  ["text < names[0] + text", 131, 1021, 0, 0],
  ["text === text + ''", 129, 1000, 0, 0],
  ["`${text}-${list[0]}-${text}`", 254, 2003, 0, 0],
  ["[...list, ...names, ...short]", 294.484375, 0, 205, 1],
  ["({ ...object, ...deep, x: 1 })", 75.390625, 0, 50, 6],
  ["{ [short]: text, list }", 45.515625, 0, 0, 2],
  ["'key3' in object", 3, 0, 0, 0],
  ["list.length in list", 4, 0, 0, 0],
  ["yes ? text : list", 4, 0, 0, 0],
  ["object.key3 ?? list?.[0]", 6, 0, 0, 0],
  ["rows.map(({ kind, ...rest }) => rest)", 711, 0, 60, 3],
  ["[[1, 2, 3], [4]].map(([first, ...others]) => others)", 29.25, 0, 2, 4],
  ["list.map((x) => names.map((w) => x + w.length)[0])", 80727.25, 0, 100, 10],
  ["[list].map((l, i, all) => l.map((x) => x + i + all.length))", 1035.5, 0, 100, 9],
  ["Math.max(...list)", 202, 0, 100, 0],
  ["text.at(-1)", 4, 0, 0, 0],
  ["text.charAt(3)", 3, 0, 0, 0],
  ["text.charCodeAt(3)", 3, 0, 0, 0],
  ["text.codePointAt(3)", 3, 0, 0, 0],
  ["text.concat(text, 1, short)", 130, 2006, 0, 0],
  ["text.endsWith(text)", 65, 0, 0, 0],
  ["text.includes('nowhere to be found')", 140, 0, 0, 0],
  ["text.indexOf('zz', 2)", 75, 0, 0, 0],
  ["text.isWellFormed()", 64, 0, 0, 0],
  ["text.lastIndexOf('zz')", 74, 0, 0, 0],
  ["text.match(/d./g)", 420.5, 0, 1, 1],
  ["text.match(/(d)(.)/)", 80.0625, 0, 3, 1],
  ["text.matchAll(/(?<first>d)(.)/g)", 723.75, 0, 3, 2],
  ["text.normalize()", 189, 3000, 0, 0],
  ["text.normalize('NFC')", 190, 3000, 0, 0],
  ["text.normalize('NFKD')", 1128, 18000, 0, 0],
  ["short.padEnd(900, text)", 60, 900, 0, 0],
  ["short.padStart(900, 'xy')", 60, 900, 0, 0],
  ["short.padStart(2)", 3, 0, 0, 0],
  ["short.repeat(100)", 34, 500, 0, 0],
  ["short.repeat(0)", 3, 0, 0, 0],
  ["text.replace('déf', text)", 204.8125, 1997, 0, 0],
  ["text.replaceAll('déf', text)", 4636.6875, 71787, 0, 0],
  ["text.replaceAll('déf', (found, at, all) => found + at)", 721.3125, 1205, 0, 3],
  ["text.replace(/d(.)f/g, '<$1$$$&$`>')", 2691.375, 36358, 1, 0],
  ["text.replaceAll(/(?<x>d)/g, '<$<x>>')", 480.5, 1144, 1, 0],
  ["text.search(/zz+/)", 47, 0, 0, 0],
  ["text.slice(3, 900)", 66, 0, 0, 0],
  ["text.split('')", 1331.875, 0, 1000, 1],
  ["text.split(',')", 174.765625, 0, 72, 1],
  ["text.split(',', 3)", 75.515625, 0, 72, 1],
  ["text.split(/[,!]( )/)", 1134.90625, 0, 285, 1],
  ["text.split(/,|!/, 2)", 886.921875, 0, 143, 1],
  ["text.startsWith(text)", 65, 0, 0, 0],
  ["text.substring(2, 700)", 66, 0, 0, 0],
  ["text.toLowerCase()", 126, 1000, 0, 0],
  ["text.toString()", 2, 0, 0, 0],
  ["text.toUpperCase()", 126, 1000, 0, 0],
  ["text.toWellFormed()", 64, 0, 0, 0],
  ["text.trim()", 64, 0, 0, 0],
  ["text.trimEnd()", 64, 0, 0, 0],
  ["text.trimStart()", 64, 0, 0, 0],
  ["list.at(1)", 3, 0, 0, 0],
  ["list.concat(names, 1, [2])", 292.65625, 0, 202, 1],
  ["list.every((x) => x >= 0)", 602, 0, 100, 3],
  ["list.filter((x) => x > 50)", 614.5, 0, 100, 3],
  ["list.find((x) => x === 3)", 162, 0, 100, 3],
  ["list.findIndex((x) => x === 3)", 162, 0, 100, 3],
  ["list.findLast((x) => x === 3)", 547, 0, 100, 3],
  ["list.findLastIndex((x) => x === 3)", 547, 0, 100, 3],
  ["nested.flat()", 41, 0, 24, 3],
  ["nested.flat(5)", 59.5, 0, 25, 3],
  ["list.flatMap((x) => [x, x])", 852.25, 0, 200, 3],
  ["list.flatMap((x) => x)", 427.25, 0, 100, 2],
  ["list.includes(1000)", 103, 0, 0, 0],
  ["names.includes('word 12 of some length')", 173, 0, 0, 0],
  ["names.indexOf('word 36 of some length', 50)", 174, 0, 0, 0],
  ["names.join(' and ')", 269, 2665, 0, 0],
  ["names.join()", 243, 2269, 0, 0],
  ["names.lastIndexOf('word 36 of some length')", 173, 0, 0, 0],
  ["names.lastIndexOf('word 36 of some length', 50)", 174, 0, 0, 0],
  ["list.map((x) => x + 1)", 627.25, 0, 100, 3],
  ["list.reduce((sum, x) => sum + x)", 696, 0, 100, 3],
  ["list.reduce((sum, x) => sum + x, 5)", 703, 0, 100, 3],
  ["list.reduceRight((sum, x) => sum + x)", 696, 0, 100, 3],
  ["list.slice(5, 60)", 73, 0, 55, 1],
  ["list.some((x) => x > 1000)", 602, 0, 100, 3],
  ["list.toReversed()", 127.25, 0, 100, 1],
  ["names.toSorted()", 1561.15625, 0, 100, 1],
  ["list.toSpliced(3)", 105, 0, 101, 1],
  ["list.toSpliced(3, 4, 'a', 'b')", 134.78125, 0, 104, 1],
  ["list.with(3, null)", 129.25, 0, 100, 1],
  ["list[3].toExponential(2)", 4, 0, 0, 0],
  ["list[3].toFixed(2)", 4, 0, 0, 0],
  ["list[3].toPrecision(3)", 4, 0, 0, 0],
  ["list[3].toString(2)", 4, 0, 0, 0],
  ["yes.toString()", 2, 0, 0, 0],
  ["object.hasOwnProperty('key3')", 3, 0, 0, 0],
  ["/zz+/.test(text)", 47, 0, 0, 0],
  ["/(zz|z)+q/.test(text)", 86, 0, 0, 0],
  ["Boolean(text)", 2, 0, 0, 0],
  ["Number('12'.repeat(20))", 8, 40, 0, 0],
  ["String(list[3])", 3, 0, 0, 0],
  ["decodeURIComponent(encodeURIComponent(text))", 685, 9000, 0, 0],
  ["decodeURI(encodeURI(text))", 676, 9000, 0, 0],
  ["isFinite('12'.repeat(20))", 8, 40, 0, 0],
  ["isNaN('12'.repeat(20))", 8, 40, 0, 0],
  ["Number.isNaN(parseFloat(text))", 65, 0, 0, 0],
  ["parseInt('12'.repeat(20), 16)", 9, 40, 0, 0],
  ["Array.from(text)", 1267.875, 0, 1000, 1],
  ["Array.from(list, (x) => x + 1)", 627.25, 0, 100, 3],
  ["Array.from({ length: 70, 3: 1 })", 91.75, 0, 70, 1],
  ["Array.isArray(list)", 2, 0, 0, 0],
  ["Array.of(1, 2, 3)", 5, 0, 0, 1],
  ["JSON.parse(json)", 302.125, 0, 0, 2],
  ["JSON.stringify(rows)", 389, 2343, 0, 2],
  ["JSON.stringify(deep, null, 2)", 30, 274, 0, 6],
  ["JSON.stringify(deep, null, '....')", 36, 378, 0, 6],
  ["JSON.stringify([deep, text])", 87, 1163, 0, 7],
  ["Math.hypot(3, 4)", 5, 0, 2, 0],
  ["Math.min(1, '2', true)", 7, 0, 3, 0],
  ["Object.entries(object)", 93.5, 0, 50, 2],
  ["Object.fromEntries(Object.entries(object))", 119.5, 0, 50, 1],
  ["Object.groupBy(rows, (row) => row.kind)", 433.59375, 0, 60, 3],
  ["Object.hasOwn(object, 'key3')", 3, 0, 0, 0],
  ["Object.keys(object)", 68.5, 0, 50, 1],
  ["Object.keys(short)", 13.578125, 0, 5, 1],
  ["Object.values(object)", 64.75, 0, 50, 1],
  ["String.fromCharCode(72, 105)", 5, 0, 2, 0],
  ["String.fromCodePoint(72, 128512)", 5, 0, 2, 0],
  ["capitalize(text)", 64, 1000, 0, 0],
  ["compare(text, text + 'a')", 129, 1001, 0, 0],
  ["escapeHtml('<&>'.repeat(50))", 69, 900, 0, 0],
  ["formatNumber(1234567.891, 2)", 7, 73, 0, 0],
  ["formatNumber(1234567.891, 2, '<thousands>', '<the point>')", 15, 163, 0, 0],
  ["lines('a\\nb\\r\\nc\\rd'.repeat(20))", 190.75, 160, 160, 1],
  ["pattern('a+b', 'g').test(text)", 552, 0, 0, 0],
  ["slug(text)", 252, 4000, 0, 0],
  ["truncate(text, 100)", 65, 0, 0, 0],
  ["truncate(short, 100, '')", 4, 0, 0, 0],
  ["words(text)", 1066.0625, 0, 1000, 1],
  ["chunk(list, 7)", 132, 0, 100, 2],
  ["compact([null, ...list, undefined])", 232.25, 0, 102, 1],
  ["countBy(rows, (row) => row.kind)", 364.21875, 0, 60, 3],
  ["difference(names, names.slice(0, 50))", 356.25, 0, 100, 1],
  ["groupBy(rows, (row) => row.kind)", 433.59375, 0, 60, 3],
  ["intersection(names, names.slice(0, 50))", 478.0625, 0, 100, 1],
  ["keyBy(rows, (row) => row.kind)", 370.5625, 0, 60, 3],
  ["max(list)", 102, 0, 100, 0],
  ["max(rows, (row) => row.at)", 362, 0, 60, 3],
  ["mean(list)", 102, 0, 100, 0],
  ["median(list)", 102, 0, 100, 0],
  ["min(list)", 102, 0, 100, 0],
  ["partition(list, (x) => x > 50)", 627.75, 0, 100, 3],
  ["range(3, 90, 2)", 59.25, 0, 44, 1],
  ["range(50)", 64.75, 0, 50, 1],
  ["sortBy(['b', 'a'])", 10.78125, 0, 2, 1],
  ["sortBy([rows[1], rows[0]], (row) => [row.kind, row.at], 'desc')", 35.5625, 0, 2, 4],
  ["[2, 1].toSorted((a, b) => a - b)", 16.75, 0, 2, 3],
  ["sum(list)", 102, 0, 100, 0],
  ["union(names, list, names)", 551.0625, 0, 100, 1],
  ["unique(names)", 224.0625, 0, 100, 1],
  ["unique(rows, (row) => row.kind)", 370.34375, 0, 60, 3],
  ["zip(list, names, [1, 2, 3])", 20.234375, 0, 9, 2],
  ["clamp(5, 1, 3)", 4, 0, 0, 0],
  ["equal(rows, rows.map((row) => ({ ...row })))", 965, 0, 60, 4],
  ["equal(text, text + '')", 130, 1000, 0, 0],
  ["get(deep, 'a.b[0].c[2].d')", 9, 0, 0, 0],
  ["isEmpty(object)", 2, 0, 0, 0],
  ["mapValues(object, (value, key) => key + value)", 373.65625, 7, 50, 3],
  ["merge(deep, object, { a: { c: 1 } })", 132.390625, 0, 51, 6],
  ["omit(object, ['key3', 'key4'])", 72.875, 0, 50, 1],
  ["pick(object, ['key3', 'key4'])", 57.875, 0, 50, 1],
  ["roundTo(1.005, 2)", 3, 0, 0, 0],
  ["addTime(0, 3, 'hours')", 20, 0, 0, 0],
  ["addTime('2026-01-31T00:00:00Z', 1, 'month', 'Europe/Berlin')", 229, 0, 0, 0],
  ["dateParts(0, 'Asia/Kolkata')", 65.109375, 0, 0, 1],
  ["durationMs('1h 30m')", 10, 0, 0, 0],
  ["endOf(0, 'month', 'Europe/Berlin')", 220, 0, 0, 0],
  ["formatDate(0, \"yyyy-MM-dd'T'HH:mm:ss.SSSXXX\", '+01:00')", 61, 336, 0, 0],
  ["isoDate(0)", 10, 0, 0, 0],
  ["isoDate(0, 'Europe/Berlin')", 61, 0, 0, 0],
  ["parseDate('2026-03-01', 'Europe/Berlin')", 161, 0, 0, 0],
  ["startOf(0, 'week', 'Europe/Berlin')", 220, 0, 0, 0],
  ["timeBetween(0, '1970-01-02T00:00:00Z', 'hours')", 20, 0, 0, 0],
  ["base64Decode(encoded)", 452, 800, 0, 0],
  ["base64Encode(text)", 627, 2000, 0, 0],
  ["base64UrlEncode(text)", 627, 2000, 0, 0],
  ["hmacSha256(short, text)", 630, 2000, 0, 0],
  ["md5(text)", 627, 2000, 0, 0],
  ["sha1(text)", 627, 2000, 0, 0],
  ["sha256(text, 'base64')", 628, 2000, 0, 0],
  ["sha512(text, 'hex')", 628, 2000, 0, 0],
  ["[uuid(), uuid()]", 132.875, 0, 0, 1],
  ["jsonpath(deep, '$..c')", 15.078125, 0, 1, 5],
  ["jsonpath(rows, '$[5:50:3].kind')", 38.46875, 0, 15, 1],
  ["jsonpath(rows, '$[*].at')", 139.25, 0, 60, 1],
  ["jsonpath(rows, '$[-1,0,\"x\"]')", 6.5625, 0, 2, 2],
];

const MOST: ExpressionLimits = {
  fuel: 1_000_000,
  stringLengthMax: 10_000_000,
  arrayLengthMax: 1_000_000,
  depthMax: 200,
};

/** Fuel is counted in 64ths at the finest. */
function leastOf(source: string, limit: keyof ExpressionLimits, unit: number): number {
  const expression = compileExpression(source);
  const works = (most: number): boolean => {
    try {
      expression.evaluate(SCOPE, { seed: "seed", limits: { [limit]: most / unit } });
      return true;
    } catch (error) {
      if (error instanceof ExpressionError && error.limit === limit) return false;
      throw error;
    }
  };
  let tooLittle = -1;
  let enough = MOST[limit] * unit;
  while (enough - tooLittle > 1) {
    const middle = Math.floor((tooLittle + enough) / 2);
    if (works(middle)) enough = middle;
    else tooLittle = middle;
  }
  return enough / unit;
}

test.each(COSTS)("%s", (source, ...costs) => {
  expect([
    leastOf(source, "fuel", 64),
    leastOf(source, "stringLengthMax", 1),
    leastOf(source, "arrayLengthMax", 1),
    leastOf(source, "depthMax", 1),
  ]).toEqual(costs);
});

test("an evaluation that names no limits has the documented ones", () => {
  const limit = (source: string) => {
    try {
      return compileExpression(source).evaluate(SCOPE);
    } catch (error) {
      return error instanceof ExpressionError ? [error.limit, error.message] : error;
    }
  };
  expect(limit("'x'.repeat(10485760).length")).toBe(10_485_760);
  expect(limit("'x'.repeat(10485761).length")).toEqual([
    "stringLengthMax",
    "the expression makes a text longer than 10485760 characters (limit stringLengthMax)",
  ]);
  expect(limit("range(999990).length")).toBe(999_990);
  expect(limit("range(1000001).length")).toEqual([
    "arrayLengthMax",
    "the expression makes a list of more than 1000000 items (limit arrayLengthMax)",
  ]);
  expect(limit("range(600000).concat(range(300000)).length")).toEqual([
    "fuel",
    "the expression needs more than 1000000 operations (limit fuel)",
  ]);
  const deep = (levels: number): unknown => (levels === 0 ? 1 : { in: deep(levels - 1) });
  const result = (levels: number) => {
    try {
      return compileExpression("[value]").evaluate({ value: deep(levels) });
    } catch (error) {
      return error instanceof ExpressionError ? [error.limit, error.message] : error;
    }
  };
  expect(result(199)).toEqual([deep(199)]);
  expect(result(200)).toEqual([
    "depthMax",
    "the expression goes deeper than 200 levels (limit depthMax)",
  ]);
});
