/**
 * The peer: restate-server as npm ships it, with its own defaults (only addresses and the data
 * directory are given, and telemetry is off), and a service of its SDK in a process of its own.
 */

import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort, startChild } from "./child.ts";
import { callJson } from "./http-json.ts";
import { Claims, type Subject } from "./subject.ts";

/** Settings that make its log and store durable; a default that changes must not go unseen. */
const DURABLE = ["rocksdb-disable-wal-fsync = false"];

export async function restate(folder: string): Promise<Subject> {
  const server = createRequire(import.meta.url).resolve(
    `@restatedev/restate-server-${process.platform}-${process.arch}/bin/restate-server`,
  );
  const [node, ingress, admin, servicePort] = await Promise.all([1, 2, 3, 4].map(freePort));
  const env = {
    RESTATE_LISTEN_MODE: "tcp",
    RESTATE_BIND_IP: "127.0.0.1",
    RESTATE_BIND_PORT: String(node),
    RESTATE_INGRESS__BIND_PORT: String(ingress),
    RESTATE_ADMIN__BIND_PORT: String(admin),
    RESTATE_DISABLE_TELEMETRY: "true",
  };
  const args = ["--base-dir", join(folder, "restate"), "--no-logo"];
  const settings = execFileSync(server, [...args, "--dump-config"], {
    env: { ...process.env, ...env },
    encoding: "utf8",
  });
  for (const line of DURABLE)
    if (!settings.includes(line)) throw new Error(`the peer no longer runs with ${line}`);
  const adminUrl = `http://127.0.0.1:${admin}`;
  const main = await startChild(server, args, {
    env,
    isReady: async () =>
      (await answers(`${adminUrl}/health`)) &&
      (await answers(`http://127.0.0.1:${ingress}/restate/health`)),
  });
  const service = await startChild(
    process.execPath,
    [fileURLToPath(new URL("restate-service.ts", import.meta.url))],
    {
      env: { BENCH_PORT: String(servicePort), NODE_ENV: "production", RESTATE_LOGGING: "ERROR" },
      isReady: (output) => output.includes("ready"),
    },
  );
  await callJson(`${adminUrl}/deployments`, "POST", { uri: `http://127.0.0.1:${servicePort}` });
  const claims = new Claims();
  return {
    name: "restate",
    compute: null,
    async run(steps) {
      claims.add(steps);
      await callJson(`http://127.0.0.1:${ingress}/bench/run${steps}`, "POST");
    },
    async close() {
      await service.end();
      await main.end();
      return [`its defaults; ${DURABLE.join(", ")}; ${claims.runs} runs, ${claims.steps} steps`];
    },
  };
}

async function answers(url: string): Promise<boolean> {
  return await fetch(url).then(
    (answer) => answer.ok,
    () => false,
  );
}
