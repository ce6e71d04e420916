import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { processCoverage } from "../../scripts/process-coverage.ts";

const SOURCE = `interface Shape { readonly side: number }
export function area(shape: Shape): number {
  if (shape.side < 0) {
    return 0;
  }
  return shape.side * shape.side;
}
function unused(): void {
  area({ side: 1 });
}
area({ side: 2 });
`;

test("what a child process ran is known by line, types stripped or not", () => {
  const root = mkdtempSync(join(tmpdir(), "lockstitch-coverage-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, "src"));
  writeFileSync(join(root, "src", "area.ts"), SOURCE);
  const folder = join(root, "counts");
  execFileSync(process.execPath, [join(root, "src", "area.ts")], {
    env: { ...process.env, NODE_V8_COVERAGE: folder },
  });
  writeFileSync(join(folder, "cut-short.json"), '{"result":[');

  const ran = processCoverage(folder, root);

  expect(ran("src/area.ts", 3, 2)).toBe(true);
  expect(ran("src/area.ts", 4, 4)).toBe(false);
  expect(ran("src/area.ts", 6, 2)).toBe(true);
  expect(ran("src/area.ts", 9, 2)).toBe(false);
  expect(ran("src/other.ts", 1, 0)).toBe(false);
});

test("without a folder nothing ran elsewhere", () => {
  expect(processCoverage("no-such-folder", ".")("src/main.ts", 1, 0)).toBe(false);
});
