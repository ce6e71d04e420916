/** One secret has one version on every host of a database, wherever its data directory is. */
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { postgresForTests } from "../storage/postgres/postgres-fixture.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { startLockstitch } from "./lockstitch-process.ts";

const REMEMBERED = `language: 1
name: remembered
steps:
  - id: call
    uses: code.javascript
    memo: { scope: tenant }
    with:
      code: "return Math.random()"
      input: { token: "\${{ secrets.TOKEN }}" }
output: "\${{ steps.call.output }}"
`;

const postgres = postgresForTests();

describe.skipIf(postgres === null)("secrets on several hosts", () => {
  if (postgres === null) return;

  test("what one host remembers under a secret, another one finds; under another value nobody does", async () => {
    await using directory = await temporaryDirectory();
    await using database = await postgres.database(true);
    writeFileSync(join(directory.path, "remembered.yaml"), REMEMBERED);
    const run = async (data: string, token: string) => {
      const env = { LOCKSTITCH_DATABASE_URL: database.url, LOCKSTITCH_SECRET_TOKEN: token };
      const argv = ["run", "remembered.yaml", "--data", join(directory.path, data), "--json"];
      await using program = startLockstitch(argv, { cwd: directory.path, env });
      const { code, stdout, stderr } = await program.ended();
      expect(code, stderr).toBe(0);
      return (JSON.parse(stdout) as { readonly output: unknown }).output;
    };
    const first = await run("one", "value-1");
    expect(await run("two", "value-1")).toEqual(first);
    expect(await run("two", "value-2")).not.toEqual(first);
    for (const data of ["one", "two"])
      expect(readdirSync(join(directory.path, data))).not.toContain("secret-versions.key");
  });
});
