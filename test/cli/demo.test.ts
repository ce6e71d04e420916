/** `npm start`: the example runs, the server is killed and comes back, the run goes on. */
import { expect, test } from "vitest";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { startLockstitch } from "./lockstitch-process.ts";

test.concurrent("a killed demo server is started again and continues its run", async () => {
  await using directory = await temporaryDirectory();
  await using demo = startLockstitch(["start", "--demo", "--port", "0"], { cwd: directory.path });
  const [, address = ""] = await demo.seen(/serves (http:\S+)/);
  const [, runId = ""] = await demo.seen(/approvals approve (run_\w+) approve/);

  const killed = await fetch(`${address}/api/v1/demo/kill`, { method: "POST" });
  expect(killed.status).toBe(202);
  await demo.seen(/The server was killed by SIGKILL; starting it again/);
  await demo.seen(/continued 1 run/);

  demo.child.kill("SIGTERM");
  const { code, stdout } = await demo.ended();
  expect(code).toBe(0);
  expect(new Set(stdout.match(/run_\w+/g))).toEqual(new Set([runId]));
});

test.concurrent("a server whose supervisor is killed stops too", async () => {
  await using directory = await temporaryDirectory();
  await using demo = startLockstitch(["start", "--demo", "--port", "0"], { cwd: directory.path });
  await demo.seen(/serves (http:\S+)/);
  demo.child.kill("SIGKILL");
  // The streams are the server's as well: they close when it is gone.
  expect((await demo.ended()).stderr).toContain("Stopped.");
});
