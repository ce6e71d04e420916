/** email.send against a real SMTP server. */
import { expect, it } from "vitest";
import { runAttempt } from "#nodes/attempt.ts";
import { emailSend } from "#nodes/email/email-send.ts";
import { changingSecrets, connectionBook, nodeContext } from "../node-context.ts";
import { type MailServer, mailServer } from "./smtp-server.ts";

const PASSWORD = "mail-password-of-the-test";

function bookFor(server: MailServer, more: Record<string, unknown> = {}) {
  return connectionBook(
    {
      mail: {
        ...{ kind: "smtp", host: "127.0.0.1", port: server.port, tls: "off" },
        ...{ from: "Shop <shop@example.com>", ...more },
      },
    },
    changingSecrets({ MAIL_PASSWORD: PASSWORD }),
  );
}

function send(
  book: ReturnType<typeof bookFor>,
  message: Record<string, unknown>,
  context: Parameters<typeof nodeContext>[0] = {},
) {
  return runAttempt(
    emailSend,
    { connection: "mail", to: "ada@example.com", subject: "Hello", text: "Hi", ...message },
    nodeContext({ connections: book, ...context }),
  );
}

it("delivers text, HTML and files, with every recipient in the envelope", async () => {
  await using server = await mailServer();
  await using book = bookFor(server);
  const result = await send(book, {
    to: ["ada@example.com", { name: "Bob, the builder", address: "bob@example.com" }],
    cc: "cy@example.com",
    bcc: "di@example.com",
    replyTo: "answers@example.com",
    subject: "Größe ✓",
    html: "<p>Hi</p>",
    attachments: [
      { filename: "a.csv", content: "x,y\n1,2\n", contentType: "text/csv" },
      { filename: "b.bin", content: "AAH/", encoding: "base64" },
    ],
    headers: { "X-Campaign": "spring" },
  });
  const [mail] = server.mails;
  expect(result).toEqual({
    ok: true,
    output: {
      messageId: expect.stringMatching(/^<[0-9a-f]{32}@example\.com>$/),
      accepted: ["ada@example.com", "bob@example.com", "cy@example.com", "di@example.com"],
      rejected: [],
    },
  });
  expect(mail?.from).toBe("shop@example.com");
  expect(mail?.to).toEqual([
    "ada@example.com",
    "bob@example.com",
    "cy@example.com",
    "di@example.com",
  ]);
  expect(mail?.raw).toContain('To: ada@example.com, "Bob, the builder" <bob@example.com>');
  expect(mail?.raw).toContain("X-Campaign: spring");
  expect(mail?.raw).toContain("Subject: =?UTF-8?");
  expect(mail?.raw).toContain("AAH/");
  expect(mail?.raw).not.toContain("di@example.com");
});

it("is the same message on every attempt", async () => {
  await using server = await mailServer();
  await using book = bookFor(server);
  await send(book, {}, { idempotencyKey: "k-1" });
  await send(book, {}, { idempotencyKey: "k-1", attempt: 2 });
  await send(book, {}, { idempotencyKey: "k-2" });
  const ids = server.mails.map(({ raw }) => /^Message-ID: (.*)$/im.exec(raw)?.[1]);
  expect(ids[0]).toBe(ids[1]);
  expect(ids[2]).not.toBe(ids[0]);
});

it.each([
  ["subject", { subject: "Hi\r\nBcc: evil@example.com" }],
  ["subject", { subject: "Hi\nBcc: evil@example.com" }],
  ["subject", { subject: "Hi\u2028Bcc: evil@example.com" }],
  ["to", { to: "ada@example.com\r\nBcc: evil@example.com" }],
  ["to", { to: "ada@example.com, evil@example.com" }],
  ["to", { to: "Ada <ada@example.com>" }],
  ["to", { to: "ada@example.com>\r\nRCPT TO:<evil@example.com" }],
  ["to", { to: { name: "Ada\r\nBcc: evil@example.com", address: "ada@example.com" } }],
  ["to", { to: [] }],
  ["to", { to: "no address" }],
  ["cc", { cc: ["ada@example.com", "x\u0000@example.com"] }],
  ["from", { from: "shop@example.com\nX: y" }],
  ["replyTo", { replyTo: "a@example.com\rX: y" }],
  ["headers", { headers: { "X-A": "b\r\nBcc: evil@example.com" } }],
  ["headers", { headers: { "X-A\r\nBcc": "evil@example.com" } }],
  ["headers", { headers: { Bcc: "evil@example.com" } }],
  ["headers", { headers: { "Content-Type": "text/html" } }],
  ["attachments", { attachments: [{ filename: "a\r\nX: y", content: "" }] }],
  ["attachments", { attachments: [{ filename: "../a", content: "" }] }],
  ["attachments", { attachments: [{ filename: "a", path: "/etc/passwd" }] }],
  ["attachments", { attachments: [{ filename: "a", href: "http://127.0.0.1/" }] }],
  ["attachments", { attachments: [{ filename: "a", content: "", contentType: "a/b\r\nX: y" }] }],
  ["attachments", { attachments: [{ filename: "a", content: "!", encoding: "base64" }] }],
])("refuses a message with a bad %s: %j", async (field, message) => {
  await using server = await mailServer();
  await using book = bookFor(server);
  const result = await send(book, message);
  expect(result).toMatchObject({ error: { code: "config_invalid", retryable: false } });
  expect(JSON.stringify(result)).toContain(field);
  expect(server.mails).toEqual([]);
});

it("reads no file and calls no URL, whatever the texts look like", async () => {
  await using server = await mailServer();
  await using book = bookFor(server);
  await send(book, { text: "file:///etc/passwd", html: '<img src="file:///etc/passwd">' });
  expect(server.mails[0]?.raw).toContain("file:///etc/passwd");
  expect(server.mails[0]?.raw).not.toContain("root:");
});

it("logs in, and never shows the password", async () => {
  await using server = await mailServer({
    authOptional: false,
    onAuth({ username, password }, _session, done) {
      if (username === "shop" && password === PASSWORD) done(null, { user: username });
      else done(new Error(`wrong: ${password}`));
    },
  });
  const login = { user: "shop", password: { secret: "MAIL_PASSWORD" } };
  await using book = bookFor(server, login);
  expect(await send(book, { text: `it is ${PASSWORD}` })).toMatchObject({ ok: true });
  await using wrong = bookFor(server, { ...login, user: "nobody" });
  const result = await send(wrong, {});
  expect(result).toMatchObject({
    error: { code: "email_failed", retryable: false, details: { responseCode: 535 } },
  });
  expect(JSON.stringify(result)).not.toContain(PASSWORD);
  expect(JSON.stringify(result)).not.toContain(Buffer.from(PASSWORD).toString("base64"));
});

it.each([
  [450, true],
  [550, false],
])("fails with the server's code %i, retryable %s", async (responseCode, retryable) => {
  await using server = await mailServer({
    onRcptTo(_address, _session, done) {
      done(Object.assign(new Error("not today"), { responseCode }));
    },
  });
  await using book = bookFor(server);
  expect(await send(book, {})).toMatchObject({
    error: { code: "email_failed", retryable, details: { responseCode } },
  });
});

it("tells which of several recipients were refused", async () => {
  await using server = await mailServer({
    onRcptTo({ address }, _session, done) {
      done(address.startsWith("no") ? new Error("unknown") : undefined);
    },
  });
  await using book = bookFor(server);
  expect(await send(book, { to: ["ada@example.com", "no@example.com"] })).toMatchObject({
    output: { accepted: ["ada@example.com"], rejected: ["no@example.com"] },
  });
});

it("sends only to the domains and the number of people that the operator allows", async () => {
  await using server = await mailServer();
  await using book = bookFor(server, { recipientDomains: [".example.com"], recipientsMax: 2 });
  expect(await send(book, { to: "a@mail.example.com" })).toMatchObject({ ok: true });
  for (const to of ["a@example.org", "a@notexample.com", "a@example.com.evil.org"])
    expect(await send(book, { bcc: to })).toMatchObject({ error: { code: "command_denied" } });
  expect(await send(book, { cc: ["b@example.com", "c@example.com"] })).toMatchObject({
    error: { code: "limit_exceeded", details: { limit: "recipients" } },
  });
  expect(server.mails).toHaveLength(1);
});

it("refuses a server without encryption where it is asked for", async () => {
  await using server = await mailServer();
  await using book = bookFor(server, { tls: "starttls" });
  expect(await send(book, {})).toMatchObject({ ok: false });
  expect(server.mails).toEqual([]);
});

it("closes the connection at an abort", async () => {
  const controller = new AbortController();
  await using server = await mailServer({
    onData() {
      controller.abort();
    },
  });
  await using book = bookFor(server);
  expect(await send(book, {}, { signal: controller.signal })).toMatchObject({
    error: { code: "aborted" },
  });
  for (let tries = 0; server.connections() > 0; tries += 1) {
    expect(tries).toBeLessThan(5_000);
    await new Promise(setImmediate);
  }
});

it("says that nobody is there", async () => {
  const server = await mailServer();
  await using book = bookFor(server);
  await server[Symbol.asyncDispose]();
  expect(await send(book, {})).toMatchObject({
    error: { code: "connection_failed", retryable: true },
  });
});
