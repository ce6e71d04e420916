/**
 * Header names and values that a workflow or an operator may set. They cannot smuggle lines; those
 * that frame the message belong to the client and are refused.
 */
import { z } from "zod";

/** Headers that belong to the connection or the framing and are set by the client. */
const RESERVED_HEADERS: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

export const HeaderName = z
  .string()
  .max(256)
  .regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/, "is not a header name")
  .refine((name) => !RESERVED_HEADERS.has(name.toLowerCase()), {
    error: "is set by the client and cannot be given",
  });

export const HeaderValue = z
  .union([z.string(), z.number(), z.boolean()])
  .transform(String)
  // The characters of RFC 9110 field values: no line breaks, no other control characters.
  .refine((value) => /^[\t\x20-\x7e\x80-\xff]*$/.test(value), {
    error: "must not hold line breaks, control characters or characters beyond Latin-1",
  });

export const Headers = z.record(HeaderName, HeaderValue);
