/** The workflow of docs/large-data.md runs as it stands there. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { openLockstitch, type WorkflowDefinition } from "../../src/lockstitch.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

test("the page's workflow writes a report", async () => {
  const page = await readFile(new URL("../../docs/large-data.md", import.meta.url), "utf8");
  const yaml = /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? "";
  await using directory = await temporaryDirectory();
  const fileRoot = join(directory.path, "files");
  await mkdir(fileRoot);
  const orders = "customer,amount,status\nada,1.5,paid\nbob,7,open\nada,2,paid\ncyn,4,paid\n";
  await writeFile(join(fileRoot, "orders.csv"), orders);
  const l = await openLockstitch({ data: join(directory.path, "data"), fileRoot, log: "error" });
  try {
    await l.save(parse(yaml) as WorkflowDefinition);
    const run = await l.start("revenue-report", {});
    expect(await run.result()).toMatchObject({
      status: "succeeded",
      output: { path: "report.csv", bytes: 36 },
    });
    const report = await readFile(join(fileRoot, "report.csv"), "utf8");
    expect(report).toBe("key,count,revenue\nada,2,3.5\ncyn,1,4\n");
  } finally {
    await l.close();
  }
});
