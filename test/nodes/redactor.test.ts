/** Redaction: every form of a value is found wherever it stands, and nothing else is changed. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Redactor, unusableSecret } from "#nodes/redactor.ts";

const value = `p4ss/w0rd+ "quoted" & <ünï> 'x'`;
const redactor = new Redactor([{ name: "KEY", value }]);
const MARK = "[secret KEY]";

const FORMS: Readonly<Record<string, string>> = {
  plain: value,
  json: JSON.stringify({ a: value }),
  "json twice": JSON.stringify(JSON.stringify({ a: value })),
  "component of a URL": encodeURIComponent(value),
  "a URL": encodeURI(value),
  "a form": new URLSearchParams({ a: value }).toString(),
  "lower percent": encodeURIComponent(value).replace(/%../g, (code) => code.toLowerCase()),
  hex: Buffer.from(value).toString("hex"),
  "upper hex": Buffer.from(value).toString("hex").toUpperCase(),
  base64: Buffer.from(value).toString("base64"),
  base64url: Buffer.from(value).toString("base64url"),
};

test.each(Object.entries(FORMS))("R1 found as %s", (_name, form) => {
  const text = redactor.text(`before ${form} after`);
  expect(text).toContain(MARK);
  expect(text).not.toContain(form);
  expect(text.startsWith("before ")).toBe(true);
  expect(text.endsWith(" after")).toBe(true);
});

test("R1 found in base64 whatever stands around it (property)", () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 8, maxLength: 40 }).filter((text) => text.trim() === text),
      fc.string({ maxLength: 10 }),
      fc.string({ maxLength: 10 }),
      fc.constantFrom("base64" as const, "base64url" as const),
      (secret, before, after, encoding) => {
        const encoded = Buffer.from(before + secret + after).toString(encoding);
        const shown = new Redactor([{ name: "KEY", value: secret }]).text(encoded);
        expect(shown).toContain(MARK);
        // What is left decodes to nothing of the value but parts of its edges.
        const left = shown.split(MARK).map((part) => Buffer.from(part, encoding).toString());
        for (const part of left) expect(part).not.toContain(secret.slice(0, 5));
      },
    ),
    { numRuns: 500 },
  );
});

test("keys, nested values, numbers and errors", () => {
  const digits = new Redactor([{ name: "PIN", value: "48151623" }]);
  expect(digits.value({ a48151623: [1, { b: 48151623 }], c: "48 151 623" })).toEqual({
    "a[secret PIN]": [1, { b: "[secret PIN]" }],
    c: "48 151 623",
  });
  const cause = new Error("inner 48151623");
  const shown = digits.value(
    Object.assign(new Error("outer 48151623", { cause }), { pin: 48151623 }),
  );
  expect(shown).toBeInstanceOf(Error);
  const error = shown as Error & { readonly pin: unknown };
  expect(`${error.message} ${error.stack} ${(error.cause as Error).stack}`).not.toContain(
    "48151623",
  );
  expect(error.pin).toBe("[secret PIN]");
  expect(cause.message).toContain("48151623");
});

test("R2 a text that was cut in the midst of the value", () => {
  const long = "abcdefghijklmnopqrstuvwxyz";
  const one = new Redactor([{ name: "KEY", value: long }]);
  expect(one.text(`x ${long.slice(0, 20)}`)).toBe(`x ${MARK}`);
  expect(one.text(`${long.slice(-9)} y`)).toBe(`${MARK} y`);
  expect(one.text(`x ${long.slice(0, 5)}`)).toBe(`x ${long.slice(0, 5)}`);
});

test("R3 values that cannot be kept in are unusable", () => {
  expect(unusableSecret("abc")).not.toBeNull();
  expect(unusableSecret("abcd")).toBeNull();
  expect(new Redactor([{ name: "KEY", value: "abcd" }]).text("xabcdx")).toBe(`x${MARK}x`);
});

test("R4 what holds no value is returned as it is", () => {
  const plain = { list: [1, { deep: "text" }], nothing: null };
  expect(redactor.value(plain)).toBe(plain);
});

test("the longest of overlapping values wins", () => {
  const both = new Redactor([
    { name: "SHORT", value: "token-1" },
    { name: "LONG", value: "token-123456" },
  ]);
  expect(both.text("a token-123456 b token-1 c")).toBe("a [secret LONG] b [secret SHORT] c");
});

test("what becomes text only in JSON is searched as what it becomes, else left as it is", () => {
  const redactor = new Redactor([{ name: "KEY", value: "s3cret-value" }]);
  const leaks = { url: new URL("https://x.test/?t=s3cret-value") };
  expect(JSON.stringify(redactor.value(leaks))).toBe('{"url":"https://x.test/?t=[secret KEY]"}');
  const clean = { at: new Date(5), url: new URL("https://x.test/") };
  expect(redactor.value(clean)).toBe(clean);
});
