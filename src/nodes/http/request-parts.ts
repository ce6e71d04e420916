/**
 * From the configuration of http.request to what goes over the wire: URL with query, headers, body.
 */
import type { FormData } from "undici";
import { z } from "zod";
import { NodeError } from "#errors/step-error.ts";
import { isBase64 } from "../base64-text.ts";
import { HeaderName, type Headers, HeaderValue } from "./header-schema.ts";

const QueryValue = z.union([z.string(), z.number(), z.boolean(), z.null()]);

export const Query = z.record(z.string(), z.union([QueryValue, z.array(QueryValue)]));

function AuthKind<Kind extends string>(kind: Kind) {
  return z.literal(kind).meta({ description: "How the caller shows who it is" });
}

export const Auth = z.discriminatedUnion("type", [
  z.strictObject({ type: AuthKind("none") }),
  z.strictObject({
    type: AuthKind("basic"),
    username: z
      .string()
      .regex(/^[^:]*$/, "must not hold a colon")
      .meta({ description: "basic: the user" }),
    password: z.string().meta({ description: "basic: the password" }),
  }),
  z.strictObject({
    type: AuthKind("bearer"),
    token: z
      .string()
      .regex(/^[\x21-\x7e]+$/)
      .meta({ description: "bearer: the token" }),
  }),
  z.strictObject({
    type: AuthKind("apiKey"),
    name: HeaderName.meta({ description: "apiKey: of the header or field" }),
    value: HeaderValue.meta({ description: "apiKey: the key" }),
    in: z
      .enum(["header", "query"])
      .default("header")
      .meta({ description: "apiKey: where it goes" }),
  }),
  z.strictObject({
    type: AuthKind("oauth2"),
    tokenUrl: z.string().min(1).max(4096).describe("oauth2: where tokens come from"),
    clientId: z.string().min(1).max(1000).describe("oauth2: the client"),
    clientSecret: z.string().min(1).max(4096).describe("oauth2: the client's secret"),
    scope: z.string().max(1000).optional().describe("oauth2: what the token is to allow"),
    audience: z.string().max(1000).optional().describe("oauth2: whom the token is for"),
    clientAuth: z
      .enum(["basic", "body"])
      .default("basic")
      .describe("oauth2: where client and secret are sent"),
  }),
]);

export type Auth = z.output<typeof Auth>;

export const BodyType = z.enum(["json", "form", "multipart", "text", "base64"]);

export interface RequestParts {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | FormData | null;
}

export interface PartsConfig {
  readonly url: string;
  readonly query: z.output<typeof Query>;
  readonly headers: z.output<typeof Headers>;
  readonly auth: Auth;
  readonly body?: unknown;
  readonly bodyType?: z.output<typeof BodyType> | undefined;
}

/** `extraHeaders` are the node's own (lower case); the user's win over them. */
export async function requestParts(
  config: PartsConfig,
  extraHeaders: Readonly<Record<string, string>>,
): Promise<RequestParts> {
  const headers: Record<string, string> = { ...extraHeaders };
  const { auth } = config;
  if (auth.type === "basic")
    headers["authorization"] =
      `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString("base64")}`;
  if (auth.type === "bearer") headers["authorization"] = `Bearer ${auth.token}`;
  if (auth.type === "apiKey" && auth.in === "header") headers[auth.name.toLowerCase()] = auth.value;
  const { body, contentType } = await bodyOf(config);
  if (contentType !== null) headers["content-type"] = contentType;
  for (const [name, value] of Object.entries(config.headers)) headers[name.toLowerCase()] = value;
  const url = withQuery(config.url, Object.entries(config.query));
  return { url: withKey(url, auth), headers, body };
}

/** Services put the query of a call into the address of the next page, the key with it: it stays one. */
function withKey(text: string, auth: Auth): string {
  const url = auth.type === "apiKey" && auth.in === "query" ? URL.parse(text) : null;
  if (url === null || auth.type !== "apiKey") return text;
  url.searchParams.set(auth.name, auth.value);
  return url.href;
}

function withQuery(
  text: string,
  query: readonly [string, z.output<typeof Query>[string]][],
): string {
  const url = URL.parse(text);
  if (url === null || query.length === 0) return text;
  for (const [name, values] of query)
    for (const value of Array.isArray(values) ? values : [values])
      if (value !== null) url.searchParams.append(name, String(value));
  return url.href;
}

interface Body {
  readonly body: RequestParts["body"];
  readonly contentType: string | null;
}

async function bodyOf({ body, bodyType }: PartsConfig): Promise<Body> {
  if (body === undefined) return { body: null, contentType: null };
  const type = bodyType ?? (typeof body === "string" ? "text" : "json");
  switch (type) {
    case "json":
      return { body: JSON.stringify(body), contentType: "application/json" };
    case "text":
      return { body: textOf(body, "text"), contentType: "text/plain; charset=utf-8" };
    case "base64":
      return {
        body: bytesOf(textOf(body, "base64"), "body"),
        contentType: "application/octet-stream",
      };
    case "form": {
      const fields = new URLSearchParams();
      for (const [name, value] of fieldsOf(body, "form")) fields.append(name, textOf(value, name));
      return { body: fields.toString(), contentType: "application/x-www-form-urlencoded" };
    }
    case "multipart": {
      const form = new (await import("undici")).FormData();
      for (const [name, value] of fieldsOf(body, "multipart")) appendPart(form, name, value);
      // The client writes the content type, which names the boundary.
      return { body: form, contentType: null };
    }
  }
}

const FilePart = z.strictObject({
  filename: z.string().min(1).max(255),
  content: z.string(),
  encoding: z.enum(["text", "base64"]).default("text"),
  contentType: z
    .string()
    .regex(/^[\w.+-]+\/[\w.+-]+$/)
    .default("application/octet-stream"),
});

function appendPart(form: FormData, name: string, value: unknown): void {
  if (typeof value !== "object" || value === null) {
    form.append(name, textOf(value, name));
    return;
  }
  const part = FilePart.safeParse(value);
  if (!part.success)
    throw invalid(
      `body.${name}: a file part is { filename, content, encoding: text | base64, contentType }.`,
    );
  const { filename, content, encoding, contentType } = part.data;
  const bytes = encoding === "text" ? content : bytesOf(content, `body.${name}.content`);
  form.append(name, new Blob([bytes], { type: contentType }), filename);
}

/** The fields of a form, lists as repeated fields, nulls left out. */
function fieldsOf(body: unknown, type: string): readonly (readonly [string, unknown])[] {
  if (typeof body !== "object" || body === null || Array.isArray(body))
    throw invalid(`body: must be an object of fields for bodyType ${type}.`);
  return Object.entries(body)
    .flatMap(([name, value]) =>
      Array.isArray(value)
        ? value.map((item: unknown) => [name, item] as const)
        : [[name, value] as const],
    )
    .filter(([, value]) => value !== null);
}

function textOf(value: unknown, place: string): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  throw invalid(`body: ${place} must be text.`);
}

function bytesOf(text: string, place: string): Uint8Array<ArrayBuffer> {
  if (!isBase64(text)) throw invalid(`${place}: is not base64.`);
  return new Uint8Array(Buffer.from(text, "base64"));
}

function invalid(message: string): NodeError {
  return new NodeError("config_invalid", message, { details: { field: "body" } });
}
