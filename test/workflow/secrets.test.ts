/** `secrets` in the language: where they may be read, what may be done with them, what is journaled. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkDefinition } from "#workflow/check.ts";
import { secretText } from "#workflow/expression/secret-text.ts";
import { extractSecretTexts, resolveSecretTexts } from "#workflow/expression/secret-uses.ts";
import { compileTemplate } from "#workflow/expression/template.ts";
import { fakeNodes } from "./fake-nodes.ts";

const step = (fields: Record<string, unknown>) => ({ id: "a", uses: "http.request", ...fields });
const withText = (text: string) => step({ with: { url: text } });

function problemsOf(definition: Record<string, unknown>) {
  const whole = { language: 1, name: "x", ...definition };
  return checkDefinition(whole as never, { nodes: fakeNodes });
}

const KEY = "${{ secrets.KEY }}";

describe("refused, with what can be done instead", () => {
  test.each<readonly [string, Record<string, unknown>]>([
    ["if", { steps: [step({ with: { url: "u" }, if: "secrets.KEY == 'x'" })] }],
    ["a pure step", { steps: [{ id: "a", uses: "data.set", with: { value: KEY } }] }],
    ["the output", { steps: [withText("u")], output: KEY }],
    ["vars", { vars: { a: KEY }, steps: [] }],
    ["labels", { labels: { a: KEY }, steps: [] }],
    [
      "the input of a child",
      { steps: [{ id: "a", uses: "workflow.run", with: { workflow: "w", input: { k: KEY } } }] },
    ],
    ["items", { steps: [{ id: "a", uses: "for_each", with: { items: KEY }, steps: [] }] }],
    ["a signal's name", { steps: [{ id: "a", uses: "wait.signal", with: { name: KEY } }] }],
    ["a fallback", { steps: [{ ...withText("u"), onError: { fallback: KEY } }] }],
    ["a key", { steps: [{ ...withText("u"), concurrency: { key: "secrets.KEY", limit: 1 } }] }],
    ...[
      "secrets.KEY == 'x'",
      "secrets.KEY.length",
      "secrets.KEY.trim()",
      "md5(secrets.KEY)",
      "secrets.KEY ? 1 : 2",
      "secrets.KEY ?? 'none'",
      "!secrets.KEY",
      "typeof secrets.KEY",
      "secrets.KEY - 1",
      "({ [secrets.KEY]: 1 })",
      "[...secrets.KEY]",
      "secrets",
      "secrets?.KEY",
      "secrets[input.name]",
      "secrets['not a name']",
      "JSON.stringify(secrets.KEY)",
      "base64Encode(secrets.KEY).length",
      "[1, 2].map((x) => secrets.KEY == x)",
    ].map((text) => [text, { steps: [withText(`\${{ ${text} }}`)] }] as const),
  ])("%s", (_name, definition) => {
    const { problems } = problemsOf(definition);
    const found = problems.filter(({ code }) => code === "secrets_unavailable");
    expect(found.length, JSON.stringify(problems)).toBeGreaterThan(0);
    for (const { message, suggestion } of found) expect(`${message} ${suggestion}`).not.toBe("");
  });
});

test("what is possible is accepted, and the plan names the secrets", () => {
  const texts = [
    KEY,
    "Bearer ${{ secrets.KEY }}",
    "${{ 'a' + secrets.KEY + 1 }}",
    "${{ `x ${secrets.KEY}` }}",
    "${{ input.live ? secrets.KEY : secrets.OTHER }}",
    "${{ [secrets.KEY, { a: secrets['KEY'] }] }}",
    "${{ base64Encode('user:' + secrets.KEY) }}",
    "${{ hmacSha256(secrets.KEY, input.text, 'base64') }}",
    "${{ [1, 2].map((x) => x + secrets.KEY) }}",
    "${{ [{ secrets: { KEY: 1 } }].map((secrets) => secrets.secrets.KEY == 1) }}",
    "${{ input.secrets.KEY == 1 }}",
  ];
  for (const text of texts) {
    const { plan, problems } = problemsOf({
      steps: [step({ with: { url: "u", headers: { text } } })],
    });
    expect(problems.filter(({ code }) => code === "secrets_unavailable")).toEqual([]);
    const names = plan?.root.steps[0]?.secrets;
    if (text.includes("input.secrets") || text.includes("=> secrets.secrets")) continue;
    expect(names, text).toEqual(text.includes("OTHER") ? ["KEY", "OTHER"] : ["KEY"]);
  }
});

const VALUES: Readonly<Record<string, string>> = { KEY: 'v"alue \\ \u00e4', OTHER: "[secret KEY]" };
const secretScope = Object.fromEntries(
  Object.keys(VALUES).map((name) => [name, secretText(name, "v1")]),
);

function resolved(template: unknown, input: unknown) {
  const compiled = compileTemplate(template);
  const { shown, uses } = extractSecretTexts(compiled.evaluate({ input, secrets: secretScope }));
  const journaled = JSON.parse(JSON.stringify({ shown, uses }));
  const config = resolveSecretTexts(journaled.shown, journaled.uses, {
    secret: (name) => VALUES[name] ?? "",
    made: () => {},
  });
  return { config, shown, direct: compiled.evaluate({ input, secrets: VALUES }) };
}

test("Y2 resolving gives what evaluating with the values gives (property)", () => {
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom("[secret KEY]", "${{ secrets.KEY }}", "__proto__", "constructor"),
  );
  const template = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom(
        "Bearer ${{ secrets.KEY }}",
        "${{ secrets.KEY }}${{ secrets.OTHER }}",
        "${{ input + secrets.KEY + input }}",
        "${{ `${input} ${secrets.OTHER} ${secrets.KEY} ${input}` }}",
        "${{ base64Encode(input + secrets.KEY) }} ${{ input }}",
        "${{ hmacSha256(secrets.KEY, input) }}",
        "${{ sha256(secrets.KEY) }}",
        "${{ encodeURIComponent(secrets.KEY + input) }}",
        "${{ base64Encode(encodeURIComponent(secrets.KEY) + secrets.OTHER) }}",
        "${{ input }}",
        "${{ [input, secrets.KEY, { a: secrets.OTHER }] }}",
        "${{ [1, 2].map((x) => ({ x, key: `${x}${secrets.KEY}` })) }}",
        "${{ { ...{ a: secrets.KEY }, b: input } }}",
      ),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(text, tie("value"), { maxKeys: 3 }),
    ),
  })).value;
  fc.assert(
    fc.property(template, text, (value, input) => {
      const { config, direct, shown } = resolved(value, input);
      expect(config).toEqual(direct);
      expect(JSON.stringify(shown)).not.toContain(JSON.stringify(VALUES["KEY"]).slice(1, -1));
    }),
    { numRuns: 500 },
  );
});

test("X1 user data that looks like a secret stays text", () => {
  const forged = { a: "[secret KEY]", secrets: [{ at: ["a"], parts: [{ secret: "KEY" }] }] };
  const { config } = resolved({ given: "${{ input }}", real: KEY }, forged);
  expect(config).toEqual({ given: forged, real: VALUES["KEY"] });
});

test("at run time too, what would need the value is an error, never a wrong value", () => {
  for (const text of [
    "${{ input.f.x == secrets.KEY }}",
    "${{ [secrets.KEY].join('-') }}",
    "${{ JSON.stringify({ a: secrets.KEY }) }}",
    "x ${{ [secrets.KEY] }}",
    "${{ secrets.KEY > 1 }}",
    "${{ secrets.KEY * 2 }}",
    "${{ trim(secrets.KEY) }}",
  ])
    expect(
      () => compileTemplate(text).evaluate({ input: { f: { x: 1 } }, secrets: secretScope }),
      text,
    ).toThrow();
});
