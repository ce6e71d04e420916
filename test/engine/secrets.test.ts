/** Secrets of attempts in a running engine: resolved late, kept in, found missing, rotated. */
import { expect, test } from "vitest";
import type { Secrets } from "#ports/secrets.ts";
import { context, driven, openBench, work, workflow } from "./engine-fixture.ts";

const CANARY = "canary-4f1c9d";

function holding(values: Record<string, string>): Secrets {
  const secret = (name: string) => {
    const value = values[name];
    return value === undefined ? null : { value, version: `v-${value.length}` };
  };
  return {
    resolve: async (tenant, name) => (tenant === "default" ? secret(name) : null),
    version: (_tenant, name) => secret(name)?.version ?? null,
    list: async () => Object.keys(values),
    places: (_tenant, name) => [`the box of ${name}`],
  };
}

const call = (more: Record<string, unknown> = {}) =>
  work("call", "call", { with: { token: "Bearer ${{ secrets.KEY }}" }, ...more });

test("the node gets the value, the journal the name and the version", async () => {
  await using bench = await openBench({
    secrets: holding({ KEY: CANARY }),
    work: { call: async ({ config }) => ({ was: (config as { token: string }).token }) },
  });
  const run = await bench.run(workflow("w", { steps: [call()] }));
  expect(run.output).toEqual({ was: "Bearer [secret KEY]" });
  expect(bench.attempts[0]?.config).toEqual({ do: "call", token: `Bearer ${CANARY}` });
  const events = await driven(bench.clock, bench.engine.events(context, run.id, 0, 100));
  const scheduled = events.find(({ type }) => type === "step.scheduled")?.event;
  expect(scheduled).toMatchObject({
    input: { do: "call", token: "Bearer [secret KEY]" },
    secrets: [{ at: ["token"], parts: [7, { secret: "KEY", version: `v-${CANARY.length}` }] }],
  });
  expect(JSON.stringify(events)).not.toContain(CANARY);
});

test("Z2 a missing secret fails the step and says where it was looked for", async () => {
  await using bench = await openBench({ secrets: holding({}), work: { call: async () => 1 } });
  const run = await bench.run(workflow("w", { steps: [call({ retry: { attempts: 3 } })] }));
  expect(run.error).toMatchObject({ code: "secret_not_found", details: { secret: "KEY" } });
  expect(run.error?.message).toContain("KEY: looked for the box of KEY");
  expect(bench.attempts).toHaveLength(0);
});

test("a secret too short to be kept in is not used", async () => {
  await using bench = await openBench({ secrets: holding({ KEY: "abc" }), work: {} });
  const run = await bench.run(workflow("w", { steps: [call()] }));
  expect(run.error?.code).toBe("secret_unusable");
});

test("Z1 rotation breaks no retry, and the log says what was used", async () => {
  const values = { KEY: CANARY };
  await using bench = await openBench({
    secrets: holding(values),
    work: {
      call: async ({ attempt }) => {
        if (attempt > 1) return "fine";
        values.KEY = `${CANARY}-rotated`;
        throw Object.assign(new Error(`refused ${CANARY}`), { code: "http.401" });
      },
    },
  });
  const run = await bench.run(
    workflow("w", { steps: [call({ retry: { attempts: 2, initial: "1s" } })] }),
  );
  expect(run.status).toBe("succeeded");
  const configs = bench.attempts.map(({ config }) => (config as { token: string }).token);
  expect(configs).toEqual([`Bearer ${CANARY}`, `Bearer ${CANARY}-rotated`]);
  const line = bench.logs.find(({ message }) => message.includes("has changed"));
  expect(line?.fields).toMatchObject({ secret: "KEY", usedVersion: `v-${CANARY.length + 8}` });
  // The journal says so, too: of the attempt that used another one.
  const events = await driven(bench.clock, bench.engine.events(context, run.id, 0, 100));
  const started = events.filter(({ type }) => type === "step.started").map(({ event }) => event);
  expect(started.map(({ secrets }) => secrets)).toEqual([
    undefined,
    [{ secret: "KEY", version: `v-${CANARY.length + 8}` }],
  ]);
});

test("after a crash the attempt is prepared again from the journal and from a checkpoint", async () => {
  for (const cost of ["low", "high"]) {
    let hangs = true;
    await using bench = await openBench({
      secrets: holding({ KEY: CANARY }),
      work: { call: () => (hangs ? new Promise(() => {}) : Promise.resolve("done")) },
    });
    const definition = workflow("w", { steps: [call({ cost })] });
    const { run } = await driven(
      bench.clock,
      bench.engine.start(context, { workflow: definition }),
    );
    await bench.clock.settle();
    hangs = false;
    await bench.crash();
    expect((await bench.settle(run.id)).status).toBe("succeeded");
    for (const { config } of bench.attempts)
      expect(config).toEqual({ do: "call", token: `Bearer ${CANARY}` });
    expect(bench.attempts).toHaveLength(2);
  }
});

test("log lines, progress and signals of the attempt hold no value", async () => {
  const sent: unknown[] = [];
  await using bench = await openBench({
    secrets: holding({ KEY: CANARY }),
    work: {
      async call({ log, services, runId, tenant }) {
        log.warn(`said ${CANARY}`, { field: CANARY, [CANARY]: 1, error: new Error(CANARY) });
        await services.sendSignal({
          ...{ tenant, runId, name: "got", key: null, id: "1" },
          payload: { token: CANARY },
        });
      },
    },
  });
  const run = await bench.run(
    workflow("w", {
      steps: [call(), { id: "wait", uses: "wait.signal", with: { name: "got" } }],
      output: "${{ steps.wait.output }}",
    }),
  );
  expect(JSON.stringify(run.output)).toContain("[secret KEY]");
  const spoken = bench.logs.map(({ fields, message }) => {
    const { error } = fields as { readonly error?: Error };
    return `${message} ${JSON.stringify(fields)} ${error?.stack ?? ""}`;
  });
  expect(spoken.join("\n")).toContain("said [secret KEY]");
  expect(`${spoken.join("\n")} ${JSON.stringify(sent)}`).not.toContain(CANARY);
});
