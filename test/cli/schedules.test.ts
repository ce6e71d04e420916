/** `lockstitch schedules` and `events` in real processes: what is shown, and what is refused with which words. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { lockstitch, startLockstitch } from "./lockstitch-process.ts";

const FLOW = `language: 1
name: reports
triggers:
  - schedule: { id: nightly, cron: "30 2 * * *", timeZone: Europe/Berlin }
  - schedule: { id: past, at: "2020-01-01T00:00:00Z" }
  - event: { name: order.paid, filter: trigger.data.total > 100 }
steps:
  - { id: note, uses: data.set, with: { value: 1 } }
`;

test("a schedule is listed, shown, paused and resumed; events start what fits", async () => {
  await using directory = await temporaryDirectory();
  const cwd = directory.path;
  const run = (...argv: string[]) => lockstitch(argv, { cwd });
  writeFileSync(join(cwd, "reports.yaml"), FLOW);
  await run("run", "reports.yaml");
  const show = ["schedules", "show", "reports/nightly"];
  expect((await run(...show)).stdout).toMatch(
    /^reports\/nightly {2}cron 30 2 \* \* \* \(Europe\/Berlin\)\nnext \d{4}-\d\d-\d\d 0[01]:30:00$/m,
  );
  await run("schedules", "pause", "reports/nightly", "--reason", "stock-taking");
  expect((await run(...show)).stdout).toMatch(
    /paused by local at .*: stock-taking\nnext none while it is paused\n/,
  );
  expect((await run("schedules", "list")).stdout).toMatch(/reports\/nightly .* paused /);
  expect((await run("schedules", "show", "reports/past")).stdout).toContain(
    "next none: it has no instant to come",
  );
  const emit = ["events", "emit", "order.paid", "--payload"];
  expect((await run(...emit, '{"total":120}')).stdout).toMatch(/^\S+ {2}reports\/event$/m);
  const odd = await run(...emit, "{}");
  expect(odd).toMatchObject({ code: 2, stdout: "" });
  expect(odd.stderr).toMatch(/^reports\/event starts nothing: .*total/m);
  const bad = await run("schedules", "save", "reports/x", '{"every":"1d","bogus":1}');
  expect(bad.stderr).toContain('<spec>: Unrecognized key: "bogus"');
  expect(bad.code).toBe(2);
  // As by itself, so through a server.
  const all = ["schedules", "list", "--kind", "all"];
  const alone = await run(...all);
  expect(alone.stdout).toContain("event order.paid");
  await using server = startLockstitch(["start", "--port", "0"], { cwd });
  // No example lies here that could be pasted.
  await server.seen(/^ {2}npx lockstitch run FILE\.yaml$/m);
  expect((await run(...all)).stdout).toBe(alone.stdout);
});
