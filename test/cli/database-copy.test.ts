/** A laptop's store moves into a shared database and back, by backup and restore as a person types them. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { programOrSkip, startPostgres } from "../support/real-server.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { type Ended, startLockstitch } from "./lockstitch-process.ts";

const QUICK =
  "language: 1\nname: quick\nsteps:\n  - id: a\n    uses: format\n    with: { value: 3 }\n";

const program = programOrSkip("postgres");

test.skipIf(program === null)(
  "backup and restore move a store between a data directory and a database",
  async () => {
    if (program === null) return;
    await using directory = await temporaryDirectory();
    await using server = await startPostgres(program);
    const cwd = directory.path;
    const url = server.url("postgres");
    const lockstitch = async (...argv: string[]): Promise<Ended> => {
      await using command = startLockstitch(argv, { cwd });
      const ended = await command.ended();
      expect(ended.stdout + ended.stderr).not.toContain(server.password);
      return ended;
    };
    const shared = ["--database", url, "--data", "host"];
    writeFileSync(join(cwd, "quick.yaml"), QUICK);
    expect((await lockstitch("run", "quick.yaml", "--id", "one")).code).toBe(0);
    expect((await lockstitch("backup", "laptop.db")).code).toBe(0);

    const restored = await lockstitch("restore", "laptop.db", ...shared);
    expect(restored.stdout).toMatch(/Restored 1 run into postgres:\S+\. It starts paused/);
    const found = await lockstitch("runs", "get", "one", "--json", ...shared);
    expect(JSON.parse(found.stdout)).toMatchObject({ status: "succeeded" });
    const forced = await lockstitch("restore", "laptop.db", "--force", ...shared);
    expect(forced).toMatchObject({ code: 2, stderr: expect.stringContaining("never replaced") });

    const backup = await lockstitch("backup", "shared.db", "--json", ...shared);
    expect(JSON.parse(backup.stdout)).toMatchObject({ runs: 1, openRuns: 0 });
    expect((await lockstitch("restore", "shared.db", "--data", "back")).code).toBe(0);
    const back = await lockstitch("runs", "get", "one", "--json", "--data", "back");
    expect(JSON.parse(back.stdout)).toMatchObject({ status: "succeeded" });
  },
  120_000,
);
