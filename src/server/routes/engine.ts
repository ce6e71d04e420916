/** The engine's own figures, alive and ready probes. Probes hold no data and need no key. */
import { z } from "zod";
import { isoOf } from "#client/wire/instants.ts";
import { EngineJson } from "#client/wire/workflow.ts";
import type { Engine } from "#engine/engine.ts";
import { defineRoute, type Route } from "../route.ts";

/** One thing that must work before requests are served; `check` throws or answers what is wrong. */
export interface ReadinessPart {
  readonly name: string;
  check(): Promise<"ok" | string>;
}

const Health = z.object({ status: z.literal("ok") }).meta({ id: "Health" });
const Readiness = z
  .object({ status: z.enum(["ok", "not_ready"]), parts: z.record(z.string(), z.string()) })
  .meta({ id: "Readiness", description: "Each part by name: `ok`, or what is wrong." });

export function engineRoutes(
  engine: Engine,
  options: {
    readonly startedAtMs: number;
    readonly hasDemo: boolean;
    readonly readiness: readonly ReadinessPart[];
  },
): readonly Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/v1/engine",
      operationId: "getEngine",
      tag: "engine",
      summary: "What the engine did and is doing",
      responses: { 200: EngineJson },
      handler() {
        return {
          status: 200,
          body: {
            ...engine.stats(),
            startedAt: isoOf(options.startedAtMs),
            demo: options.hasDemo,
          },
        };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/healthz",
      operationId: "getHealth",
      tag: "engine",
      summary: "Is the process alive",
      responses: { 200: Health },
      handler: () => ({ status: 200, body: { status: "ok" } }),
    }),
    defineRoute({
      method: "GET",
      path: "/readyz",
      operationId: "getReadiness",
      tag: "engine",
      summary: "Is every part ready to serve",
      responses: { 200: Readiness, 503: Readiness },
      async handler() {
        const parts: Record<string, string> = {};
        for (const part of options.readiness) parts[part.name] = await stateOf(part);
        const isReady = Object.values(parts).every((state) => state === "ok");
        return {
          status: isReady ? 200 : 503,
          body: { status: isReady ? "ok" : "not_ready", parts },
          ...(isReady ? {} : { headers: { "retry-after": "1" } }),
        };
      },
    }),
  ];
}

async function stateOf(part: ReadinessPart): Promise<string> {
  try {
    return await part.check();
  } catch (error) {
    return error instanceof Error ? error.message : "failed";
  }
}
