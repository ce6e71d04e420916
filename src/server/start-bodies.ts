/**
 * The body of a start as its route gets it: large inputs packed, large definitions checked, both
 * read in worker threads. Everything else is read as the body of any other call.
 */
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { CheckedText } from "#workflow/checked-text.ts";
import { PackedJson } from "#workflow/packed-json.ts";
import { definitionInvalid } from "#workflow/problem.ts";
import { LONG_BODY_BYTES, StartBodyThread } from "./start-body-thread.ts";
import type { ReadBody } from "./start-body-worker.ts";
import type { WorkflowReader } from "./workflow-reader.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** The definition in the body of a start, where it was read already; the body names it. */
    checkedWorkflow?: CheckedText;
  }
}

/** Of `app`, which has the route alone. */
export function acceptStartBodies(app: FastifyInstance, workflows: WorkflowReader): void {
  const parseJson = app.getDefaultJsonParser("error", "error");
  const thread = new StartBodyThread();
  app.addHook("onClose", () => thread.close());
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    "application/json",
    { parseAs: "buffer" },
    (request, bytes: Buffer, done) => {
      const readHere = () => void parseJson(request, bytes.toString(), done);
      if (bytes.byteLength === 0) return done(null, undefined);
      if (bytes.byteLength <= LONG_BODY_BYTES) return readHere();
      thread
        .read(bytes)
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
