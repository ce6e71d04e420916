import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { startLockstitch } from "./lockstitch-process.ts";

test("the server ends when told to, although a user's node type holds something open", async () => {
  await using directory = await temporaryDirectory();
  await writeFile(
    join(directory.path, "lockstitch.config.ts"),
    "setInterval(() => undefined, 1_000);\nexport default {};\n",
  );
  await using program = startLockstitch(["start", "--port", "0"], { cwd: directory.path });
  await program.seen(/serves http/);
  program.child.kill("SIGTERM");
  expect(await program.ended()).toMatchObject({
    code: 0,
    stderr: expect.stringContaining("Stopped."),
  });
});
