/**
 * The house rules that no other tool holds, as one readable test. Each rule lists its offenders,
 * so that the message says where to go. CONTRIBUTING.md gives the reasons.
 */
import { spawnSync } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { expect, test } from "vitest";
import { ERRORS } from "#errors/errors.ts";
import { STEP_ERROR_CODES } from "#errors/step-error.ts";

const TEXT_ENDINGS = /\.(ts|tsx|js|json|md|yml|yaml|css|html|sql|grit|svg|csv|txt)$|(^|\/)[^.]+$/;

const files = (filesOfGit() ?? filesOnDisk()).filter((path) => existsSync(path));
const code = files.filter((path) => path.endsWith(".ts"));
const source = code.filter((path) => path.startsWith("src/"));
const tests = code.filter((path) => path.startsWith("test/"));
const documents = files.filter((path) => path.endsWith(".md"));
const texts = files.filter(
  (path) => TEXT_ENDINGS.test(path) && basename(path) !== "package-lock.json",
);

function withoutCode(markdown: string): string {
  return markdown.replace(/^```[\s\S]*?^```$/gm, "").replace(/`[^`\n]*`/g, "");
}

/** What git tracks or would add; null where there is no git or no repository. */
function filesOfGit(): string[] | null {
  const listed = spawnSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
    encoding: "utf8",
  });
  return listed.status === 0 ? listed.stdout.split("\n").filter((path) => path !== "") : null;
}

function filesOnDisk(): string[] {
  const ignored = readFileSync(".gitignore", "utf8").split("\n");
  const folders = [".git", ...ignored.map((line) => line.replace(/\/$/, ""))];
  return globSync("**/*", {
    exclude: (entry) => folders.includes(entry.name) || entry.name.endsWith(".log"),
    withFileTypes: true,
  })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(".", join(entry.parentPath, entry.name)));
}

const read = (path: string): string => readFileSync(path, "utf8");

/** `path:line: text` of every line that matches. */
function linesThat(paths: readonly string[], matches: (line: string) => boolean): string[] {
  return paths.flatMap((path) =>
    read(path)
      .split("\n")
      .flatMap((line, index) =>
        matches(line) ? [`${path}:${index + 1}: ${line.trim().slice(0, 120)}`] : [],
      ),
  );
}

test("there is something to be tidy about", () => {
  expect(source.length).toBeGreaterThan(20);
  expect(tests.length).toBeGreaterThan(3);
});

test("file and folder names are kebab-case", () => {
  const kebab = /^\.?[a-z0-9]+([.-][a-z0-9]+)*$/;
  const odd = files.filter(
    (path) =>
      /^(src|test|scripts|bin|bench|examples)\//.test(path) &&
      path.split("/").some((part) => !kebab.test(part) && !/^[A-Z]+\.md$/.test(part)),
  );
  expect(odd).toEqual([]);
});

test("no name says nothing: utils, helpers, common, misc", () => {
  const vague = /^(utils?|helpers?|common|misc|shared|stuff|temp|tmp)(\.|$)/;
  expect(code.filter((path) => path.split("/").some((part) => vague.test(part)))).toEqual([]);
});

test("an error that is dropped has its reason beside it", () => {
  const drops =
    /catch \{|\.catch\(\(_?\w*\) => (?:\{\}|undefined|null|\[\]|\(\{\}\)|\w+\.alloc)|on\("error", \(\) => (?:\{\}|undefined)/;
  const isReason = (line: string | undefined) =>
    /(?:^\s*|\s)(?:\/\/|\/?\*\*?) ?\w/.test(line ?? "");
  let seen = 0;
  const bare = files
    .filter((path) => /^src\/.*\.(ts|js)$/.test(path))
    .flatMap((path) => {
      const lines = read(path).split("\n");
      return lines.flatMap((line, at) => {
        if (!drops.test(line) || isReason(line.replace(/:\/\//g, ""))) return [];
        seen++;
        const near = [...lines.slice(Math.max(0, at - 3), at), lines[at + 1]];
        return near.some(isReason) ? [] : [`${path}:${at + 1}: ${line.trim()}`];
      });
    });
  expect(bare).toEqual([]);
  expect(seen).toBeGreaterThan(40);
});

test("every source file opens with a paragraph that says what it is", () => {
  const bare = [...source, ...code.filter((path) => path.startsWith("scripts/"))].filter(
    (path) => !/^(#!.*\n)?(\/\*\*|\/\/)/.test(read(path)),
  );
  expect(bare).toEqual([]);
});

test("no file in src/ is longer than 400 lines", () => {
  const long = source
    .map((path) => ({ path, lines: read(path).trimEnd().split("\n").length }))
    .filter(({ lines }) => lines > 400);
  expect(long).toEqual([]);
});

test("nothing is left for later in a comment", () => {
  const later = /\b(TO[D]O|FIX[M]E|HA[C]K)\b/;
  expect(linesThat([...code, ...documents], (line) => later.test(line))).toEqual([]);
});

test("a skipped test says why, and none runs alone", () => {
  const alone = /\b(describe|test|it)\.only\(/;
  expect(linesThat(tests, (line) => alone.test(line))).toEqual([]);

  const unconditional = /\b(describe|test|it)\.(skip|todo|fails)\(/;
  expect(linesThat(tests, (line) => unconditional.test(line))).toEqual([]);
});

test("no test sleeps: it moves a simulated clock or waits for an event", () => {
  const sleep =
    /setTimeout\((resolve|done|ok|r)\b|setTimeout\b.*timers\/promises|scheduler\.wait\(|Atomics\.wait\(/;
  const others = tests.filter((path) => path !== "test/tidy.test.ts");
  expect(linesThat(others, (line) => sleep.test(line))).toEqual([]);
});

test("no test has a deadline of its own that is shorter than that of all", () => {
  const own = /^\s*\}, ([\d_]+)\);$|^\s*(?:\{ )?timeout: ([\d_]+),?(?: \},?)?$/gm;
  const short = tests
    .filter((path) => path.endsWith(".test.ts"))
    .flatMap((path) =>
      [...readFileSync(path, "utf8").matchAll(own)]
        .map((found) => Number((found[1] ?? found[2] ?? "").replaceAll("_", "")))
        .filter((deadlineMs) => deadlineMs >= 10_000 && deadlineMs < 120_000)
        .map((deadlineMs) => `${path}: ${deadlineMs}`),
    );
  expect(short).toEqual([]);
});

test("docs/errors.md lists exactly the codes that exist, with status and retry", () => {
  const rows = read("docs/errors.md")
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => line.split("|").map((cell) => cell.trim().replaceAll("`", "")));
  const calls = rows.filter((cells) => /^\d{3}$/.test(cells[2] ?? ""));
  const steps = rows.filter((cells) => !/^\d{3}$/.test(cells[2] ?? ""));

  expect(calls.map((cells) => `${cells[1]} ${cells[2]} ${cells[3]}`).toSorted()).toEqual(
    Object.entries(ERRORS)
      .map(([name, { httpStatus, retry }]) => `${name} ${httpStatus} ${retry}`)
      .toSorted(),
  );
  expect(steps.map((cells) => `${cells[1]}: ${cells[2]}`).toSorted()).toEqual(
    Object.entries(STEP_ERROR_CODES)
      .map(([name, meaning]) => `${name}: ${meaning.replaceAll("`", "")}`)
      .toSorted(),
  );
});

test("links between documents lead somewhere", () => {
  const broken = documents.flatMap((path) =>
    [...withoutCode(read(path)).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
      .map((match) => match[1] ?? "")
      .filter((target) => !/^[a-z]+:/.test(target))
      .filter((target) => !existsSync(`${dirname(path)}/${target}`))
      .map((target) => `${path} -> ${target}`),
  );
  expect(broken).toEqual([]);
});

test("nothing names a machine's folders or a package registry", () => {
  const machine =
    /\/(home|Users|root|work)\/[a-z]|\/tmp\/[a-z]+[-_.]?\w*\/|registry\.(npmjs|yarnpkg)|npm\.pkg\.|"resolved": "http/;
  const all = [...texts, "package-lock.json"].filter((path) => path !== "test/tidy.test.ts");
  expect(linesThat(all, (line) => machine.test(line)).slice(0, 20)).toEqual([]);
});

test("prose has no em dash and no trailing space", () => {
  expect(linesThat([...code, ...documents], (line) => line.includes("\u2014"))).toEqual([]);
  expect(linesThat([...code, ...documents], (line) => /\S[ \t]+$/.test(line))).toEqual([]);
});
