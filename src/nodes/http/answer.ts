/** What came back over the wire: its headers, and what a bad status becomes. */
import type { Dispatcher } from "undici";
import { z } from "zod";
import { NodeError } from "#errors/step-error.ts";
import type { HttpRules } from "../define-node.ts";
import type { Hop } from "./hop.ts";
import { connectionError } from "./hop.ts";
import { readBytes } from "./response-body.ts";
import { retryAfterMs } from "./retry-after.ts";
import { shownUrl } from "./url-rules.ts";

export const StatusPattern = z.union([
  z.int().min(100).max(599),
  z.enum(["2xx", "3xx", "4xx", "5xx"]),
]);

/** An answer whose body has not been read; who takes it reads it to its end or destroys it. */
export interface Answer {
  readonly hop: Hop;
  readonly response: Dispatcher.ResponseData;
  readonly rules: HttpRules;
}

export function headerOf({ headers }: Dispatcher.ResponseData, name: string): string {
  const value = headers[name];
  return Array.isArray(value) ? (value[0] ?? "") : (value ?? "");
}

export function headersOf({ headers }: Dispatcher.ResponseData): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) && name !== "set-cookie" ? value.join(", ") : (value ?? ""),
    ]),
  );
}

/** The whole body, decompressed, within the operator's limit. */
export async function answerBytes({ hop, response, rules }: Answer): Promise<Buffer> {
  const encoding = headerOf(response, "content-encoding");
  try {
    return await readBytes(response.body, encoding, rules.responseBytesMax);
  } catch (error) {
    throw error instanceof NodeError ? error : connectionError(hop.url, error);
  }
}

/** Whether a status of 400 or more is none of those that were listed. */
export function isFailure(
  status: number,
  okStatuses: readonly z.output<typeof StatusPattern>[],
): boolean {
  return status >= 400 && !okStatuses.some((ok) => ok === status || ok === classOf(status));
}

function classOf(status: number): string {
  return `${Math.floor(status / 100)}xx`;
}

/** What the step fails with. Reads the body, for `details`. */
export async function statusError(answer: Answer): Promise<NodeError> {
  const { hop, response } = answer;
  const { statusCode: status } = response;
  // The status is the answer: a body that is too large, cut off or badly encoded does not change it.
  const bytes = await answerBytes(answer).catch(() => Buffer.alloc(0));
  const afterMs = retryAfterMs(headerOf(response, "retry-after"), headerOf(response, "date"));
  return new NodeError(`http.${status}`, `${hop.method} ${shownUrl(hop.url)} answered ${status}.`, {
    retryable: status >= 500 || [408, 425, 429].includes(status),
    details: {
      status,
      url: shownUrl(hop.url),
      body: bytes.toString("utf8").slice(0, 4096),
      ...(afterMs === null ? {} : { retryAfterMs: afterMs }),
    },
  });
}
