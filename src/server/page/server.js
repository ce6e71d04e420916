/**
 * Calls to the server that this page came from. Streams are read with fetch, not EventSource,
 * because only fetch can send an API key.
 */

const KEY = "lockstitch-api-key";

/** A failure with the problem document's code and words. */
export class Problem extends Error {
  constructor(status, problem) {
    super(problem.detail ?? `The server answered ${status}.`);
    this.status = status;
    this.code = problem.code ?? "unknown";
  }
}

export function setApiKey(key) {
  sessionStorage.setItem(KEY, key);
}

export async function get(path) {
  return await (await call("GET", path)).json();
}

export async function post(path, body) {
  return await (await call("POST", path, body)).json();
}

/** Frames `{ event, data, id }` of a stream until it ends or is cut; rejects when it cannot be opened. */
export async function* stream(path, signal) {
  const response = await call("GET", path, undefined, signal, "text/event-stream");
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (true) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    const frames = text.split("\n\n");
    text = frames.pop();
    for (const frame of frames) {
      const fields = Object.fromEntries(
        frame.split("\n").map((line) => {
          const at = line.indexOf(": ");
          return [line.slice(0, at), line.slice(at + 2)];
        }),
      );
      if (fields.data !== undefined)
        yield { event: fields.event ?? "message", data: JSON.parse(fields.data) };
    }
  }
}

async function call(method, path, body, signal, accept = "application/json") {
  const headers = { accept };
  const key = sessionStorage.getItem(KEY);
  if (key !== null) headers.authorization = `Bearer ${key}`;
  if (body !== undefined) headers["content-type"] = "application/json";
  const response = await fetch(`/api/v1${path}`, {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
    signal,
  });
  if (response.ok) return response;
  // Without a body of ours (a proxy answered) the status must do.
  throw new Problem(response.status, await response.json().catch(() => ({})));
}
