/** The workflows of docs/large-data.md run as they stand there. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { openLockstitch, type WorkflowDefinition } from "../../src/lockstitch.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

test("the page's workflows write a report, and go through records", async () => {
  const page = await readFile(new URL("../../docs/large-data.md", import.meta.url), "utf8");
  const [report = "", reminders = ""] = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(
    ([, yaml = ""]) => yaml,
  );
  await using directory = await temporaryDirectory();
  const fileRoot = join(directory.path, "files");
  await mkdir(fileRoot);
  const orders = "customer,amount,status\nada,1.5,paid\nbob,7,open\nada,2,paid\ncyn,4,paid\n";
  await writeFile(join(fileRoot, "orders.csv"), orders);
  const l = await openLockstitch({ data: join(directory.path, "data"), fileRoot, log: "error" });
  try {
    await l.save(parse(report) as WorkflowDefinition);
    const run = await l.start("revenue-report", {});
    expect(await run.result()).toMatchObject({
      status: "succeeded",
      output: { path: "report.csv", bytes: 36 },
    });
    const written = await readFile(join(fileRoot, "report.csv"), "utf8");
    expect(written).toBe("key,count,revenue\nada,2,3.5\ncyn,1,4\n");
    await l.save(parse(reminders) as WorkflowDefinition);
    const reminded = await (await l.start("reminders", {})).result();
    expect(reminded).toMatchObject({ status: "succeeded", output: 1 });
  } finally {
    await l.close();
  }
});
