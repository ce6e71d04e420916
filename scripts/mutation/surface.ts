/**
 * The part of the test runner's interface that tests of the pure rooms use, for running them many
 * times in one process: `describe`, `test` and `it` only write down what they are given, worker.ts
 * runs it. `expect` is the real one. What is not here (most hooks, `skip`, mocks) does not exist for a
 * file that takes part in mutation testing: it fails at the import, loudly.
 */
import { format } from "node:util";

import { expect as realExpect } from "vitest";

export interface WrittenTest {
  /** File and full name; made unique by a count, since cases of a table can share a name. */
  readonly id: string;
  readonly name: string;
  readonly file: string;
  readonly run: () => Promise<void>;
}

type Body<Arguments extends readonly unknown[] = []> = (...args: Arguments) => unknown;
type Options = { readonly timeout?: number } | number;

export const expect = realExpect;

const NAME_LENGTH_MAX = 200;

const written: WrittenTest[] = [];
const names = new Map<string, number>();
let file = "";
let suites: readonly string[] = [];
/** What a file does after each of its tests. */
const cleanups = new Map<string, () => unknown>();

/** All tests written down since the process began. */
export function writtenTests(): readonly WrittenTest[] {
  return written;
}

/** What is written down from here on belongs to `path`. */
export function beginFile(path: string): void {
  file = path;
}

function write(name: string, run: () => unknown): void {
  const full = [...suites, name].join(" > ");
  const seen = (names.get(`${file}#${full}`) ?? 0) + 1;
  names.set(`${file}#${full}`, seen);
  const unique = seen === 1 ? full : `${full} (${seen})`;
  const path = file;
  const runAndCleanUp = async (): Promise<void> => {
    try {
      await run();
    } finally {
      await cleanups.get(path)?.();
    }
  };
  written.push({ id: `${file}#${unique}`, name: unique, file, run: runAndCleanUp });
}

export function afterEach(body: () => unknown): void {
  if (cleanups.has(file)) throw new Error("one afterEach a file is all there is here");
  cleanups.set(file, body);
}

function suite(name: string, run: () => unknown): void {
  const outer = suites;
  suites = [...outer, name];
  run();
  suites = outer;
}

/** Options and body come in either order. */
function bodyOf(given: readonly unknown[]): (...args: readonly unknown[]) => unknown {
  const body = given.find((one) => typeof one === "function");
  if (body === undefined) throw new Error("a test without a body");
  return body as (...args: readonly unknown[]) => unknown;
}

/** `$a.b` of an object, else printf with the case's values. */
function nameOf(pattern: string, values: readonly unknown[]): string {
  const [first] = values;
  const filled = pattern.replace(/\$([A-Za-z_][\w.]*)/g, (whole, path: string) => {
    const found = path
      .split(".")
      .reduce<unknown>((at, key) => (at as Record<string, unknown> | null)?.[key], first);
    return found === undefined ? whole : String(found);
  });
  const name = filled.includes("%") ? format(filled.replace(/%\.\d+s/g, "%s"), ...values) : filled;
  return name.slice(0, NAME_LENGTH_MAX);
}

function table(add: (name: string, run: () => unknown) => void) {
  return (rows: readonly unknown[]) =>
    (pattern: string, ...given: readonly unknown[]): void => {
      const body = bodyOf(given);
      for (const row of rows) {
        const values: readonly unknown[] = Array.isArray(row) ? row : [row];
        add(nameOf(pattern, values), () => body(...values));
      }
    };
}

export function test(name: string, ...given: readonly (Body | Options)[]): void {
  const body = bodyOf(given);
  write(name, () => body());
}
test.each = table(write);

export const it = test;

export function describe(name: string, ...given: readonly (Body | Options)[]): void {
  suite(name, bodyOf(given));
}
describe.each = table(suite);
