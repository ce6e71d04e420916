/** The rows of the settings' table for outgoing HTTP: what http.request may call, and how much. */
import { isIP } from "node:net";
import { z } from "zod";
import type { HttpRules } from "#nodes/define-node.ts";

const Count = z.int().min(1);
const Hosts = z.array(z.string().min(1));
const Cidr = z
  .string()
  .refine(isCidr, "must be an address block such as 10.0.0.0/8 or 192.168.1.7/32");

export const HTTP_SETTINGS = [
  {
    key: "http.allowPrivate",
    env: "LOCKSTITCH_HTTP_ALLOW_PRIVATE",
    schema: z.boolean(),
    initial: false,
    example: "true",
    about: "lets http.request call private and loopback addresses",
  },
  {
    key: "http.allowCidrs",
    env: "LOCKSTITCH_HTTP_ALLOW_CIDRS",
    schema: z.array(Cidr),
    initial: [],
    example: "10.1.0.0/16",
    about: "private address blocks that http.request may call",
  },
  {
    key: "http.allowHosts",
    env: "LOCKSTITCH_HTTP_ALLOW_HOSTS",
    schema: Hosts,
    initial: [],
    example: ".example.com",
    about: "host names or `.suffix` that may be called; empty: all that are not denied",
  },
  {
    key: "http.denyHosts",
    env: "LOCKSTITCH_HTTP_DENY_HOSTS",
    schema: Hosts,
    initial: [],
    example: ".internal.example.com",
    about: "host names or `.suffix` that may not be called",
  },
  {
    key: "http.redirectsMax",
    env: "LOCKSTITCH_HTTP_REDIRECTS_MAX",
    schema: z.int().min(0).max(100),
    initial: 10,
    example: "10",
    about: "redirects that one call follows",
  },
  {
    key: "http.responseBytesMax",
    env: "LOCKSTITCH_HTTP_RESPONSE_BYTES_MAX",
    schema: Count,
    initial: 10 * 1024 * 1024,
    example: "10485760",
    about: "size of one response, in bytes",
  },
  {
    key: "http.downloadBytesMax",
    env: "LOCKSTITCH_HTTP_DOWNLOAD_BYTES_MAX",
    schema: Count,
    initial: 1024 * 1024 * 1024,
    example: "1073741824",
    about: "size of a response that a step saves to a file, in bytes",
  },
  {
    key: "http.timeoutMs",
    env: "LOCKSTITCH_HTTP_TIMEOUT_MS",
    schema: Count,
    initial: 30_000,
    example: "30000",
    about: "time that one call may take, in milliseconds",
  },
  {
    key: "http.callsPerRunMax",
    env: "LOCKSTITCH_HTTP_CALLS_PER_RUN_MAX",
    schema: Count,
    initial: 100,
    example: "100",
    about: "calls that one run may make",
  },
] as const;

/** Of the table's values by key. */
export function httpRulesOf(
  value: <T>(key: (typeof HTTP_SETTINGS)[number]["key"]) => T,
): HttpRules {
  return {
    allowPrivate: value("http.allowPrivate"),
    allowCidrs: value("http.allowCidrs"),
    allowHosts: value("http.allowHosts"),
    denyHosts: value("http.denyHosts"),
    redirectsMax: value("http.redirectsMax"),
    responseBytesMax: value("http.responseBytesMax"),
    timeoutMs: value("http.timeoutMs"),
    downloadBytesMax: value("http.downloadBytesMax"),
    callsPerRunMax: value("http.callsPerRunMax"),
  };
}

function isCidr(text: string): boolean {
  const [address = "", bits, ...rest] = text.split("/");
  const family = isIP(address);
  if (family === 0 || bits === undefined || rest.length > 0 || !/^\d{1,3}$/.test(bits))
    return false;
  return Number(bits) <= (family === 4 ? 32 : 128);
}
