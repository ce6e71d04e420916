/**
 * The peer on PostgreSQL: DBOS inside this process, as its documentation shows it, with its own
 * defaults: a workflow that awaits as many `DBOS.runStep`, started by `DBOS.startWorkflow` and awaited.
 */
import { DBOS } from "@dbos-inc/dbos-sdk";
import { Claims, SIZES, type Size, type Subject } from "./subject.ts";

const noop = () => Promise.resolve(null);

/** `url` names an empty database. */
export async function dbosInProcess(url: string): Promise<Subject> {
  DBOS.setConfig({ name: "bench", systemDatabaseUrl: url, logLevel: "error" });
  const workflows = new Map(
    SIZES.map((steps) => [
      steps,
      DBOS.registerWorkflow(inSequence(steps), { name: `bench-${steps}` }),
    ]),
  );
  await DBOS.launch();
  const claims = new Claims();
  return {
    name: "dbos",
    compute: null,
    async run(steps: Size) {
      claims.add(steps);
      const workflow = workflows.get(steps);
      if (workflow === undefined) throw new Error(`no workflow of ${steps} steps`);
      const handle = await DBOS.startWorkflow(workflow)();
      await handle.getResult();
    },
    async close() {
      await DBOS.shutdown();
      return [`its defaults; ${claims.runs} runs, ${claims.steps} steps`];
    },
  };
}

function inSequence(steps: number): () => Promise<void> {
  return async () => {
    for (let step = 1; step <= steps; step += 1) await DBOS.runStep(noop, { name: `step${step}` });
  };
}
