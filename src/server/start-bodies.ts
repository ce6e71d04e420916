/**
 * The body of a start as its route gets it: large inputs packed, large definitions checked, both
 * read in worker threads (a start with 10 MB of input held every other caller up for 100 ms and
 * more). Everything else is read as the body of any other call, and so is whatever the thread
 * cannot make sense of, or had when it died.
 */
import { setImmediate as eventLoopTurn } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { CheckedText } from "#workflow/checked-text.ts";
import { PackedJson } from "#workflow/packed-json.ts";
import { definitionInvalid } from "#workflow/problem.ts";
import { AnsweringThread } from "./answering-thread.ts";
import type { ReadBody } from "./start-body-worker.ts";
import type { WorkflowReader } from "./workflow-reader.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** The definition in the body of a start, where it was read already; the body names it. */
    checkedWorkflow?: CheckedText;
  }
}

const WORKER_URL = new URL("./start-body-worker.ts", import.meta.url);

/** A body of this size is read in some milliseconds. */
const LONG_BODY_BYTES = 256 * 1024;

/** Of `app`, which has the route alone. */
export function acceptStartBodies(app: FastifyInstance, workflows: WorkflowReader): void {
  const parseJson = app.getDefaultJsonParser("error", "error");
  const thread = new AnsweringThread<Uint8Array, ReadBody | null>(
    () => new Worker(WORKER_URL, { name: "lockstitch-bodies" }),
  );
  app.addHook("onClose", () => thread.close());
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    "application/json",
    { parseAs: "buffer" },
    (request, bytes: Buffer, done) => {
      const readHere = () => void parseJson(request, bytes.toString(), done);
      if (bytes.byteLength === 0) return done(null, undefined);
      if (bytes.byteLength <= LONG_BODY_BYTES) return readHere();
      // It was put together in this turn of the event loop, which takes as long as to copy it: others first.
      eventLoopTurn()
        .then(() => thread.ask(bytes))
        // A thread that ended refuses nobody: the body is read here.
        .catch(() => null)
        .then((body) => (body === null ? null : whole(body, workflows, request)))
        .then((body) => (body === null ? readHere() : done(null, body)), done);
    },
  );
}

async function whole(
  { rest, input, workflowText }: ReadBody,
  workflows: WorkflowReader,
  request: FastifyRequest,
): Promise<Readonly<Record<string, unknown>>> {
  const body: Record<string, unknown> = { ...rest };
  if (input !== null)
    body["input"] = new PackedJson(input.content, input.hash, input.canonicalHash);
  if (workflowText !== null) {
    const { checked, problems } = await workflows.read(workflowText, "json");
    if (checked === null) throw definitionInvalid(problems);
    request.checkedWorkflow = checked;
    body["workflow"] = checked.name;
  }
  return body;
}
