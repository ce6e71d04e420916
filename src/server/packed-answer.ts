/**
 * The answer that shows a run. Large values of it come from the engine as the bytes of their JSON
 * (PackedJson) and are sent as they are: to parse 10 MB and write them again would hold every other
 * caller up for 200 ms.
 *
 *   1. The bytes sent are those that JSON.stringify of the whole value would give.
 *   2. An answer without packed values is handed on as it is.
 */
import { Readable } from "node:stream";
import { PackedJson } from "#workflow/packed-json.ts";
import type { RouteAnswer } from "./route.ts";

type Answer = Extract<RouteAnswer, { readonly status: number }>;
type Fields = Readonly<Record<string, unknown>>;

/** `answer` as it is sent: its body is a run, or an object with a run in its field `run`. */
export function packedAnswer<Body extends object>(
  answer: Answer & { readonly body: Body },
): RouteAnswer {
  const body = answer.body as Fields;
  const run = "run" in body ? (body["run"] as Fields) : body;
  if (!(run["input"] instanceof PackedJson || run["output"] instanceof PackedJson)) return answer;
  const pieces = piecesOf(body);
  const length = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
  const headers = {
    ...answer.headers,
    "content-type": "application/json; charset=utf-8",
    "content-length": String(length),
  };
  return { ...answer, body: Readable.from(pieces, { objectMode: false }), headers };
}

function piecesOf(body: Fields): readonly Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let text = "";
  const write = (fields: Fields): void => {
    let before = "{";
    for (const [name, value] of Object.entries(fields)) {
      if (value === undefined) continue;
      text += `${before}${JSON.stringify(name)}:`;
      before = ",";
      if (value instanceof PackedJson) {
        pieces.push(Buffer.from(text), value.content);
        text = "";
      } else if (name === "run") write(value as Fields);
      else text += JSON.stringify(value);
    }
    text += before === "{" ? "{}" : "}";
  };
  write(body);
  pieces.push(Buffer.from(text));
  return pieces;
}
