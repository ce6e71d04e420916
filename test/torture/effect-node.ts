/**
 * `torture.effect`: an effect that tells the witness when it begins and ends, takes a random time,
 * sometimes fails or hangs, and gives a nonce that no other execution gives.
 *
 * It begins only after the witness knows, and gives its nonce only after the witness knows that too.
 *
 * From the third attempt on it is quick and does not hang: attempts that two kills have met run one
 * at a time (the engine looks for the one that ends its host), and hundreds of them, each as slow as
 * the first time, would leave a victim with almost nothing in flight for the kills to meet.
 */
import { createHash, randomUUID } from "node:crypto";
import { z } from "zod";
import { defineNode, type NodeDefinition, NodeError } from "#nodes/define-node.ts";
import { pause } from "./pause.ts";
import { connectWitness, type WitnessConnection } from "./witness-connection.ts";
import { Marks, noncesIn, WitnessRecord } from "./witness-record.ts";

const HURRIED_FROM_ATTEMPT = 3;
const HURRIED_MS = 10;

const Share = z.number().min(0).max(1).default(0);

/** Of the process that runs it: `host 2`, and how much longer its effects take than they say. */
const HOST = process.env["LOCKSTITCH_TORTURE_HOST"] ?? "";
const SLOWER = Number(process.env["LOCKSTITCH_TORTURE_SLOWER"] ?? 1);

async function connected(witnessSocket: string): Promise<WitnessConnection> {
  const connection = await connectWitness(witnessSocket);
  await connection.exchange({ hello: HOST });
  return connection;
}

export function effectNode(witnessSocket: string): NodeDefinition {
  let connecting: Promise<WitnessConnection> | null = null;
  const tell = async (record: WitnessRecord) => {
    connecting ??= connected(witnessSocket);
    await (await connecting).exchange(record);
  };
  return defineNode({
    type: "torture.effect",
    title: "Effect under torture",
    description: "Reports to the witness and gives a nonce.",
    category: "user",
    icon: "flame",
    pure: false,
    config: z.strictObject({
      /** Outputs of steps before it: their nonces are reported. */
      sees: z.unknown().optional(),
      minMs: z.number().default(5),
      maxMs: z.number().default(200),
      /** Chances to fail in a way that passes, to fail for good, to hang until aborted. */
      failShare: Share,
      brokenShare: Share,
      hangShare: Share,
      /** Makes the output this much larger. */
      bytes: z.int().default(0),
      /** Gives a sign of life when it begins; the witness is told what it was given of those before. */
      beats: z.boolean().default(false),
      /** What the witness is told of the rules that the step is under. */
      marks: Marks.optional(),
    }),
    output: z.object({ nonce: z.string(), padding: z.string().optional() }),
    async run(config, context) {
      const { idempotencyKey: key, runId, path, attempt, signal } = context;
      const self = { key, runId, path, attempt };
      const { marks } = config;
      const given = config.beats ? { given: context.lastHeartbeat } : {};
      const told = {
        sees: noncesIn(config.sees),
        ...(marks === undefined ? {} : { marks }),
        ...given,
      };
      await tell(WitnessRecord.parse({ phase: "begin", ...self, atMs: Date.now(), ...told }));
      if (config.beats) context.heartbeat(`${key} ${attempt} ${randomUUID()}`);
      const dice = Math.random();
      const isHurried = attempt >= HURRIED_FROM_ATTEMPT;
      const hangs = !isHurried && dice < config.hangShare;
      const [minMs, maxMs] = isHurried ? [0, HURRIED_MS] : [config.minMs, config.maxMs * SLOWER];
      const workMs = minMs + Math.random() * (maxMs - minMs);
      await Promise.race([
        hangs ? new Promise<never>(() => undefined) : pause(workMs),
        new Promise<void>((wake) => signal.addEventListener("abort", () => wake())),
      ]);
      const isBroken = !hangs && dice > 1 - config.brokenShare;
      const fails = !hangs && !isBroken && dice < config.failShare;
      if (signal.aborted || isBroken || fails) {
        await tell({ phase: "end", ...self, nonce: null });
        throw isBroken
          ? new NodeError("user.broken", "It is broken.")
          : new NodeError("user.unlucky", "Not this time.", { retryable: true });
      }
      const nonce = `nonce-${randomUUID()}`;
      const padding = config.bytes > 0 ? { padding: "x".repeat(config.bytes) } : {};
      const output = { nonce, ...padding };
      const hash = createHash("sha256").update(JSON.stringify(output)).digest("hex");
      await tell({ phase: "end", ...self, nonce, hash });
      return output;
    },
  });
}
