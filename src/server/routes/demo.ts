/**
 * The demo's switches, registered only where hooks are given (`npm start`): they let a visitor
 * break the running example and watch it go on.
 */
import { z } from "zod";
import { defineRoute, type Route } from "../route.ts";

export interface DemoHooks {
  /** Ends the process as a crash would, after the answer is out. */
  kill(): void;
  /** Makes the demo's next attempt fail. */
  failNext(): void;
}

const Nothing = z.strictObject({}).optional();

export function demoRoutes(demo: DemoHooks): readonly Route[] {
  const shared = { method: "POST", tag: "demo", body: Nothing } as const;
  return [
    defineRoute({
      ...shared,
      path: "/api/v1/demo/kill",
      operationId: "killProcess",
      summary: "Kill this process with SIGKILL",
      responses: { 202: null },
      handler({ reply }) {
        reply.raw.once("finish", () => demo.kill());
        return { status: 202, body: {} };
      },
    }),
    defineRoute({
      ...shared,
      path: "/api/v1/demo/fail-next",
      operationId: "failNextAttempt",
      summary: "Make the demo's next attempt fail",
      responses: { 202: null },
      handler() {
        demo.failNext();
        return { status: 202, body: {} };
      },
    }),
  ];
}
