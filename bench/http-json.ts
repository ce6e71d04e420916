/** The one HTTP client of all sides: keep-alive, as many connections as there are calls at once. */
// biome-ignore lint/correctness/noUndeclaredDependencies: Lockstitch itself brings it; this package holds only the peers.
import { Agent } from "undici";

const agent = new Agent({ connections: 128, pipelining: 1, bodyTimeout: 0, headersTimeout: 0 });

/** The parsed answer; throws with status and text where it is not 2xx. */
export async function callJson(
  url: string,
  method: "GET" | "POST" | "PUT",
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const { origin, pathname } = new URL(url);
  const answer = await agent.request({
    origin,
    path: pathname,
    method,
    headers: body === undefined ? headers : { "content-type": "application/json", ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const content = await answer.body.text();
  if (answer.statusCode >= 300)
    throw new Error(`${method} ${url}: ${answer.statusCode} ${content}`);
  return content === "" ? null : JSON.parse(content);
}

export async function closeClient(): Promise<void> {
  await agent.close();
}
