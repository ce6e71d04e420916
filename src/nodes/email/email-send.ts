/**
 * `email.send` hands a message to the mail server of a connection.
 *
 * M1. Addresses, subject and headers cannot hold line breaks (addresses.ts); files come as content
 *     in the step, never as paths or URLs that the host would read.
 * M2. The Message-ID comes from the step's idempotency key: a repeat is the same message, which
 *     servers and mail programs may recognise. SMTP itself cannot promise that it arrives once.
 * M3. An abort closes the connection that the message goes over.
 */
import { createHash } from "node:crypto";
import type { SMTPPoolOptions, SMTPPoolSentMessageInfo, Transporter } from "nodemailer";
import { z } from "zod";
import { NodeError } from "#errors/step-error.ts";
import { isBase64 } from "../base64-text.ts";
import { ConnectionName } from "../connections/connection-schema.ts";
import { CONNECTION_ERRORS, withConnection } from "../connections/connections.ts";
import type { LentConnection } from "../connections/lent-connection.ts";
import { defineNode, type NodeContext } from "../define-node.ts";
import { addressOf, HeaderText, isInDomain, MailAddress, MailAddresses } from "./addresses.ts";

const IDLE_MS = 10_000;
const CONTENT_SIZE_MAX = 10 * 1024 * 1024;

const Attachment = z.strictObject({
  filename: HeaderText.min(1)
    .max(255)
    .refine((name) => !/[/\\]/.test(name), "must be a name, without a path")
    .describe("Name of the file, without a path"),
  content: z.string().max(CONTENT_SIZE_MAX).describe("What is in the file"),
  encoding: z.enum(["text", "base64"]).default("text").describe("What content is"),
  contentType: z
    .string()
    .regex(/^[\w.+-]+\/[\w.+-]+$/, "is not a content type such as text/csv")
    .optional()
    .describe("Default: by the name's ending"),
});

/** Headers that the message's own fields write, or that steer its way. */
const OWN_HEADERS =
  /^(from|sender|to|cc|bcc|reply-to|subject|date|message-id|mime-version|return-path|received|content-.*|dkim-.*|resent-.*)$/i;

const Config = z.strictObject({
  connection: ConnectionName,
  from: MailAddress.optional().describe("Sender; default: the connection's"),
  to: MailAddresses.describe("Recipients: an address, { name, address }, or a list of them"),
  cc: MailAddresses.default([]).describe("Recipients of a copy"),
  bcc: MailAddresses.default([]).describe("Recipients whom the others do not see"),
  replyTo: MailAddress.optional().describe("Where answers go"),
  subject: HeaderText.describe("Subject, one line"),
  text: z.string().max(CONTENT_SIZE_MAX).optional().describe("The message as plain text"),
  html: z.string().max(CONTENT_SIZE_MAX).optional().describe("The message as HTML"),
  attachments: z
    .array(Attachment)
    .max(50)
    .default([])
    .describe("Files: { filename, content, encoding: text | base64, contentType }"),
  headers: z
    .record(
      z
        .string()
        .regex(/^[A-Za-z][A-Za-z0-9-]{0,75}$/, "is not a header name")
        .refine((name) => !OWN_HEADERS.test(name), "is written from the message's own fields"),
      HeaderText,
    )
    .default({})
    .describe("More headers: X-Campaign, List-Unsubscribe"),
});

type Config = z.output<typeof Config>;

export const emailSend = defineNode({
  type: "email.send",
  title: "Send an e-mail",
  description: "Hands a message to the mail server of an SMTP connection.",
  category: "io",
  icon: "mail",
  pure: false,
  config: Config,
  output: z.strictObject({
    messageId: z.string().describe("The same for all attempts of the step"),
    accepted: z.array(z.string()).describe("Recipients that the server took"),
    rejected: z.array(z.string()).describe("Recipients that it refused; not all of them"),
  }),
  errors: [...CONNECTION_ERRORS, "command_denied", "email_failed"],
  examples: [
    {
      title: "A message with a file",
      with: {
        connection: "mail",
        to: "ada@example.com",
        subject: "Report",
        text: "See the file.",
        attachments: [{ filename: "report.csv", content: "day,sum\n1,7\n" }],
      },
      output: { accepted: ["ada@example.com"], rejected: [] },
    },
    {
      title: "A subject that would add a recipient",
      with: {
        connection: "mail",
        to: { name: "Ada", address: "ada@example.com" },
        subject: '${{ "Hi\\r\\nBcc: eve@example.com" }}',
        text: "Hi",
      },
      error: "config_invalid",
    },
  ],
  run: (config, context) =>
    withConnection(context, config.connection, ["smtp"], (connection) =>
      deliver(config, context, connection),
    ),
});

async function deliver(
  config: Config,
  context: NodeContext,
  connection: LentConnection<"smtp">,
): Promise<{ messageId: string; accepted: string[]; rejected: string[] }> {
  const from = config.from ?? connection.settings.from;
  if (from === undefined)
    throw invalid("from", `is missing, and connection ${connection.name} names no sender`);
  checkRecipients(config, connection);
  if (sizeOf(config) > CONTENT_SIZE_MAX)
    throw new NodeError("limit_exceeded", `The message is larger than ${CONTENT_SIZE_MAX} bytes.`, {
      details: { limit: "messageBytes", max: CONTENT_SIZE_MAX },
    });
  const messageId = messageIdOf(context.idempotencyKey, senderDomain(from));
  const transport = await transportOf(connection);
  try {
    const sent = await transport.sendMail({
      ...{ from, to: config.to, cc: config.cc, bcc: config.bcc, subject: config.subject },
      ...(config.replyTo === undefined ? {} : { replyTo: config.replyTo }),
      ...(config.text === undefined ? {} : { text: config.text }),
      ...(config.html === undefined ? {} : { html: config.html }),
      attachments: config.attachments.map(attachmentOf),
      headers: config.headers,
      messageId,
      signal: context.signal,
    });
    return {
      messageId,
      accepted: sent.accepted.map(String),
      rejected: sent.rejected.map(String),
    };
  } catch (error) {
    throw context.signal.aborted ? context.signal.reason : mailError(connection.name, error);
  }
}

function checkRecipients(config: Config, { name, settings }: LentConnection<"smtp">): void {
  const recipients = [...config.to, ...config.cc, ...config.bcc].map(addressOf);
  if (recipients.length === 0) throw invalid("to", "names nobody");
  if (recipients.length > settings.recipientsMax)
    throw new NodeError(
      "limit_exceeded",
      `The message has ${recipients.length} recipients; connection ${name} takes ${settings.recipientsMax}.`,
      { details: { limit: "recipients", max: settings.recipientsMax } },
    );
  const domains = settings.recipientDomains;
  const outside = recipients.find(
    (address) => domains.length > 0 && !domains.some((domain) => isInDomain(address, domain)),
  );
  if (outside !== undefined)
    throw new NodeError(
      "command_denied",
      `to: ${outside} belongs to none of the domains that connection ${name} sends to.`,
      { details: { address: outside, connection: name } },
    );
}

/** Characters of text and attachments; base64 counts as it is written. */
function sizeOf({ text = "", html = "", attachments }: Config): number {
  const files = attachments.reduce((sum, { content }) => sum + content.length, 0);
  return Buffer.byteLength(text) + Buffer.byteLength(html) + files;
}

function attachmentOf({ filename, content, encoding, contentType }: z.output<typeof Attachment>) {
  if (encoding === "base64" && !isBase64(content))
    throw invalid(`attachments.${filename}`, "is not base64");
  return {
    filename,
    content: Buffer.from(content, encoding === "text" ? "utf8" : "base64"),
    ...(contentType === undefined ? {} : { contentType }),
  };
}

function senderDomain(from: MailAddress): string {
  const address = addressOf(from);
  const domain = address.slice(address.lastIndexOf("@") + 1).replace(/[>\s].*$/, "");
  return /^[a-z0-9.-]+$/i.test(domain) ? domain : "lockstitch.invalid";
}

function messageIdOf(idempotencyKey: string, domain: string): string {
  const local = createHash("sha256").update(idempotencyKey).digest("hex").slice(0, 32);
  return `<${local}@${domain}>`;
}

/** One pool for each connection. */
function transportOf(
  connection: LentConnection<"smtp">,
): Promise<Transporter<SMTPPoolSentMessageInfo, SMTPPoolOptions>> {
  return connection.shared(
    async () => {
      const { createTransport } = await import("nodemailer");
      const { host, port, tls, user, password, poolMax, timeoutMs } = connection.settings;
      return createTransport({
        ...{ pool: true as const, host, port, maxConnections: poolMax },
        ...{ secure: tls === "tls", requireTLS: tls === "starttls", ignoreTLS: tls === "off" },
        ...(user === undefined ? {} : { auth: { user, pass: password ?? "" } }),
        ...{ connectionTimeout: timeoutMs, greetingTimeout: timeoutMs, socketTimeout: timeoutMs },
        // A message that may have gone out is not sent again behind the step's back.
        ...{ maxRequeues: 0, idleTimeout: IDLE_MS },
        // Content only: nothing of a message makes this host read a file or call a URL.
        ...{ disableFileAccess: true, disableUrlAccess: true },
      });
    },
    async (made) => {
      // It must not reject: one that could not be made was told to who asked, and is not there to close.
      await made.then((transport) => transport.close({ force: true })).catch(() => {});
    },
  );
}

function mailError(name: string, error: unknown): unknown {
  if (error instanceof NodeError || !(error instanceof Error)) return error;
  const { responseCode, code, response, message } = error as Error & {
    readonly responseCode?: number;
    readonly code?: string;
    readonly response?: string;
  };
  if (responseCode === undefined)
    return new NodeError("connection_failed", `connection ${name}: ${message}.`, {
      retryable: true,
      details: { connection: name, reason: code ?? error.name },
      cause: error,
    });
  return new NodeError("email_failed", `connection ${name}: ${message}.`, {
    retryable: responseCode >= 400 && responseCode < 500,
    details: {
      ...{ connection: name, responseCode },
      ...(response === undefined ? {} : { response: response.slice(0, 1000) }),
    },
    cause: error,
  });
}

function invalid(field: string, why: string): NodeError {
  return new NodeError("config_invalid", `${field}: ${why}.`, { details: { field } });
}
