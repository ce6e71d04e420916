import { describe, expect, it } from "vitest";
import { parseWorkflow } from "#workflow/parse.ts";
import { formatProblem, type Problem } from "#workflow/problem.ts";
import { fakeNodes } from "./fake-nodes.ts";

const parse = (text: string, file = "order.yaml") =>
  parseWorkflow(text, { file, nodes: fakeNodes });

/** The text of a definition with these steps. */
const steps = (text: string): string => `language: 1\nname: test\nsteps:\n${text}`;

/** `code line:column` of each problem; the marker `<<` in the text names no place, the table does. */
const places = (problems: readonly Problem[]): string[] =>
  problems.map(({ code, line, column }) => `${code} ${line}:${column}`);

const VALID = `
language: 1
name: order-intake
input:
  type: object
  properties: { orderId: { type: string }, limit: { type: number, default: 1000 } }
vars: { base: "https://shop.example/\${{ input.orderId }}" }
steps:
  - id: fetch
    uses: http.request
    with: { url: "\${{ vars.base }}" }
    retry: { attempts: 3 }
  - id: lines
    uses: for_each
    with: { items: "\${{ steps.fetch.output.lines }}", as: line }
    steps:
      - { id: price, uses: http.request, with: { url: "\${{ line.url }}/\${{ index }}" } }
    output: "\${{ steps.price.output }}"
  - { id: check, uses: if, with: { condition: "\${{ steps.lines.output.results.length > input.limit }}" } }
  - { id: big, uses: noop, needs: [check.true] }
  - { id: small, uses: noop, needs: [check.false], if: "\${{ run.id != '' }}" }
  - { id: join, uses: noop, needs: [big, small], triggerRule: none_failed }
finally:
  - { id: log, uses: noop, with: { value: "\${{ steps.join.status }}" } }
output: "\${{ steps.join.output }}"
`;

describe("parseWorkflow", () => {
  it("accepts a workflow and unwraps its bare expressions, nothing else", () => {
    const { definition, plan, problems } = parse(VALID);
    expect(problems.map(formatProblem)).toEqual([]);
    expect(definition?.steps[2]?.with).toEqual({
      condition: "steps.lines.output.results.length > input.limit",
    });
    expect(definition?.steps[4]?.if).toBe("run.id != ''");
    expect(definition?.output).toBe("${{ steps.join.output }}");
    expect(plan?.stepCount).toBe(8);
  });

  it("gives the same definition and hash for YAML and JSON", () => {
    const yaml = parse(VALID);
    const json = parse(JSON.stringify(yaml.definition), "order.json");
    expect(json.problems).toEqual([]);
    expect(json.definition).toEqual(yaml.definition);
    expect(json.plan?.hash).toBe(yaml.plan?.hash);
    expect(yaml.plan?.hash).toMatch(/^[0-9a-f]{64}$/);
  });

  it("reports different mistakes at once, each with its place and a suggestion", () => {
    const { definition, problems } = parse(
      steps(`  - id: fetch
    uses: http.reqest
  - id: fetch
    uses: noop
  - id: sum
    uses: noop
    timeout: 30 sec
    neds: [fetch]
  - id: total
    uses: noop
    needs: [fech]
    with: { value: "\${{ steps.sum.output + }}" }
  - id: ask
    uses: wait.approval
    with: { titel: Order }
`),
    );
    expect(definition).toBeNull();
    expect(problems.map(formatProblem)).toEqual([
      "order.yaml:5:11: There is no node type `http.reqest`. Did you mean `http.request`?",
      "order.yaml:6:9: Two steps of this scope are called `fetch`. Rename one, for instance to `fetch_2`.",
      'order.yaml:10:14: `timeout` is not a duration: `"30 sec"`. Write a number and a unit, such as 500ms, 30s, 2m, 6h, 3d or 1w.',
      "order.yaml:11:5: Step `sum` has no field `neds`. Did you mean `needs`?",
      "order.yaml:14:13: Step `total` needs `fech`, but its scope has no step `fech`. Did you mean `fetch`?",
      expect.stringMatching(/^order\.yaml:15:\d+: The expression does not parse/),
      "order.yaml:18:11: `with` of `ask` (wait.approval) lacks `title`.",
      "order.yaml:18:13: `with` of `ask` (wait.approval) has no field `titel`. Did you mean `title`?",
    ]);
  });

  it("says which error code or loop name was perhaps meant", () => {
    const { problems } = parse(
      steps(`  - { id: a, uses: noop, retry: { attempts: 2, errors: [timout, http.5x, what.ever] } }
  - { id: b, uses: for_each, with: { items: [1], as: sum }, steps: [] }
`),
    );
    expect(problems.map(formatProblem)).toEqual([
      "order.yaml:4:57: No step fails with an error that matches `timout`. Did you mean `timeout`?",
      "order.yaml:4:65: No step fails with an error that matches `http.5x`. Did you mean `http.5xx`?",
      "order.yaml:4:74: No step fails with an error that matches `what.ever`. See docs/errors.md for the codes; those of your own nodes begin with `user.`.",
      "order.yaml:5:54: The item cannot be called `sum`: every expression has a function of that name. Choose another name, such as `sum_item`.",
    ]);
  });

  it.each<[string, string, string[]]>([
    [
      "cycle",
      steps("  - { id: a, uses: noop, needs: [b] }\n  - { id: b, uses: noop, needs: [a] }"),
      ["cycle 4:5"],
    ],
    ["self edge", steps("  - { id: a, uses: noop, needs: [a] }"), ["self_edge 4:34"]],
    [
      "self read",
      steps('  - { id: a, uses: noop, with: { value: "${{ steps.a.output }}" } }'),
      ["self_edge 4:52"],
    ],
    [
      "read of the container",
      steps(
        '  - id: a\n    uses: try\n    steps:\n      - { id: b, uses: noop, if: "steps.a.status == 1" }',
      ),
      ["self_edge 7:41"],
    ],
    ["reserved id", steps("  - { id: finally, uses: noop }"), ["reserved_name 4:11"]],
    ["id that is no field", steps("  - { id: __proto__, uses: noop }"), ["reserved_name 4:11"]],
    ["id that nobody reads", steps("  - { id: constructor, uses: noop }"), ["reserved_name 4:11"]],
    [
      "item name that is no field",
      steps(
        "  - id: a\n    uses: for_each\n    with: { items: [1], as: __proto__ }\n    steps: []",
      ),
      ["reserved_name 6:29"],
    ],
    [
      "shadowing id",
      steps("  - id: a\n    uses: try\n    steps:\n      - { id: a, uses: noop }"),
      ["shadowed_name 7:15"],
    ],
    [
      "shadowing item",
      steps(
        "  - id: a\n    uses: for_each\n    with: { items: [1] }\n    steps:\n      - id: b\n        uses: for_each\n        with: { items: [1] }\n        steps: []",
      ),
      ["shadowed_name 10:15"],
    ],
    [
      "reserved item name",
      steps("  - id: a\n    uses: for_each\n    with: { items: [1], as: input }\n    steps: []"),
      ["reserved_name 6:29"],
    ],
    [
      "item name of a function",
      steps("  - id: a\n    uses: for_each\n    with: { items: [1], as: sum }\n    steps: []"),
      ["reserved_name 6:29"],
    ],
    [
      "error codes that nothing fails with",
      steps(`  - id: a
    uses: try
    retry: { attempts: 2, errors: [timout, http.5x, "*", http.503, http.5xx] }
    defaults: { retry: { attempts: 2, errors: [user.busy, "http.*"] } }
    steps: [{ id: b, uses: fail, with: { code: stock.none } }]
    catch:
      - { errors: [stock.none, "stock.*", "user.*", timeout, http.999, user., "deadline.*"] }
      - { errors: [stock.some] }`),
      [
        "unknown_error_code 6:36",
        "unknown_error_code 6:44",
        "unknown_error_code 10:62",
        "unknown_error_code 10:72",
        "unknown_error_code 10:79",
        "unknown_error_code 11:20",
      ],
    ],
    [
      "unknown port",
      steps(
        '  - { id: a, uses: if, with: { condition: "true" } }\n  - { id: b, uses: noop, needs: [a.tru] }',
      ),
      ["unknown_port 5:34"],
    ],
    [
      "steps of another scope",
      steps(
        '  - id: a\n    uses: try\n    steps:\n      - { id: b, uses: noop }\n  - { id: c, uses: noop, if: "steps.b.output" }',
      ),
      ["step_not_visible 8:37"],
    ],
    ["unknown name", steps('  - { id: a, uses: noop, if: "inputs.x" }'), ["unknown_name 4:31"]],
    [
      "a policy that nothing carries out",
      steps(
        "  - { id: a, uses: noop, rateLimit: { key: input.x, limit: 1, per: 1s } }\n  - { id: b, uses: noop, effect: guarded }",
      ),
      ["field_not_allowed 4:26", "not_available 5:26"],
    ],
    [
      "a memo where nothing is remembered",
      steps(
        "  - { id: a, uses: noop, memo: {} }\n  - { id: b, uses: wait.for, with: { duration: 1s }, memo: {} }",
      ),
      ["field_not_allowed 4:26", "field_not_allowed 5:54"],
    ],
    [
      "a trigger that nothing starts",
      `language: 1\nname: a\ntriggers: [{ schedule: { interval: 1h } }]\nsteps: []`,
      ["invalid_schedule 3:24", "unknown_field 3:26"],
    ],
    [
      "secrets",
      steps('  - { id: a, uses: noop, if: "secrets.KEY" }'),
      ["secrets_unavailable 4:31"],
    ],
    ["unknown variable", steps('  - { id: a, uses: noop, if: "vars.x" }'), ["unknown_name 4:36"]],
    ["unknown run field", steps('  - { id: a, uses: noop, if: "run.x" }'), ["unknown_name 4:35"]],
    [
      "unknown step field",
      steps('  - { id: a, uses: noop }\n  - { id: b, uses: noop, if: "steps.a.outptu" }'),
      ["unknown_name 5:37"],
    ],
    [
      "unknown input field",
      `language: 1\nname: a\ninput: { type: object, properties: { id: {} } }\nsteps:\n  - { id: a, uses: noop, if: "input.di" }`,
      ["unknown_name 5:37"],
    ],
    [
      "unknown carry",
      steps(
        '  - id: a\n    uses: while\n    with: { condition: "carry.m < 3", maxIterations: 3, carry: { n: 0 } }\n    update: { m: 1 }\n    steps: []',
      ),
      ["unknown_name 6:31", "unknown_name 7:15"],
    ],
    [
      "scope field of another type",
      steps("  - { id: a, uses: noop, steps: [] }"),
      ["field_not_allowed 4:26"],
    ],
    ["missing scope field", steps("  - { id: a, uses: parallel }"), ["invalid_shape 4:5"]],
    ["missing condition", steps("  - { id: a, uses: if }"), ["invalid_config 4:5"]],
    [
      "boolean condition",
      steps("  - { id: a, uses: if, with: { condition: true } }"),
      ["invalid_config 4:43"],
    ],
    [
      "expression where a constant is needed",
      steps('  - { id: a, uses: for_each, with: { items: [], as: "${{ input.x }}" }, steps: [] }'),
      ["invalid_config 4:53"],
    ],
    [
      "unreachable: two ports",
      steps(
        '  - { id: a, uses: if, with: { condition: "true" } }\n  - { id: b, uses: noop, needs: [a.true, a.false] }',
      ),
      ["unreachable_step 5:5"],
    ],
    [
      "unreachable: both branches",
      steps(
        '  - { id: a, uses: if, with: { condition: "true" } }\n  - { id: b, uses: noop, needs: [a.true] }\n  - { id: c, uses: noop, needs: [a.false] }\n  - { id: d, uses: noop, needs: [b, c] }\n  - { id: e, uses: noop }',
      ),
      ["unreachable_step 7:5"],
    ],
    [
      "unreachable: behind stop",
      steps("  - { id: a, uses: stop }\n  - { id: b, uses: noop }"),
      ["unreachable_step 5:5"],
    ],
    [
      "invalid input schema",
      "language: 1\nname: a\ninput: { type: text }\nsteps: []",
      ["invalid_input_schema 3:8"],
    ],
    [
      "integer beyond 2^53",
      steps("  - { id: a, uses: noop, with: { value: 9007199254740993 } }"),
      ["number_too_large 4:41"],
    ],
    ["duplicate key", steps("  - { id: a, uses: noop, id: b }"), ["duplicate_key 4:26"]],
    [
      "merge key",
      steps("  - &a { id: a, uses: noop }\n  - { <<: *a, id: b, uses: noop }"),
      ["merge_key 5:7"],
    ],
    [
      "unquoted in flow",
      steps("  - { id: a, uses: noop, with: { value: ${{ input.x }} } }"),
      ["unquoted_expression 4:41"],
    ],
    [
      "braces only",
      steps("  - id: a\n    uses: noop\n    if: {{ input.x }}"),
      ["unquoted_expression 6:9"],
    ],
    ["old YAML", "%YAML 1.1\n---\nlanguage: 1\nname: a\nsteps: []", ["syntax 1:1"]],
    [
      "foreign tag",
      steps("  - { id: a, uses: noop, with: { value: !!js/function x } }"),
      ["syntax 4:41"],
    ],
    ["not YAML", "language: 1\nname: [a", ["syntax 2:9"]],
    ["a list", "- a", ["invalid_shape 1:1"]],
    ["empty", "", ["invalid_shape 1:1"]],
    ["wrong language", "language: 2\nname: a\nsteps: []", ["invalid_shape 1:11"]],
    ["wrong name", "language: 1\nname: My Flow\nsteps: []", ["invalid_shape 2:7"]],
    [
      "missing uses",
      steps("  - { id: a }\n  - { id: b, uses: noop, needs: [c] }"),
      ["invalid_shape 4:5", "unknown_step 5:34"],
    ],
    [
      "reserved case",
      steps("  - id: a\n    uses: switch\n    with: { value: 1 }\n    cases: { error: {} }"),
      ["reserved_name 7:14"],
    ],
    ["unknown alias", steps("  - *nobody"), ["syntax 4:5"]],
    [
      "unknown root in vars",
      `language: 1\nname: a\nvars: { x: "\${{ steps.a.output }}" }\nsteps:\n  - { id: a, uses: noop }`,
      ["unknown_name 3:17"],
    ],
    [
      "function that does not parse",
      steps('  - { id: a, uses: data.map, with: { items: [], map: "(x) => " } }'),
      ["invalid_expression 4:62"],
    ],
    [
      "function of a wrong kind",
      steps("  - { id: a, uses: data.map, with: { items: [], map: 3 } }"),
      ["invalid_config 4:54"],
    ],
    [
      "wrong method",
      steps("  - { id: a, uses: http.request, with: { url: x, method: PSOT } }"),
      ["invalid_config 4:58"],
    ],
    [
      "wrong kind around an expression",
      steps('  - { id: a, uses: http.request, with: { url: { x: "${{ input.x }}" } } }'),
      ["invalid_config 4:47"],
    ],
    [
      "duration of a wait",
      steps("  - { id: a, uses: wait.for, with: { duration: soon } }"),
      ["invalid_duration 4:48"],
    ],
    [
      "schema of a signal",
      steps("  - { id: a, uses: wait.signal, with: { name: x, schema: { type: foo } } }"),
      ["invalid_config 4:58"],
    ],
    [
      "binding that is too long",
      steps(`  - { id: a, uses: noop, if: "${"1 + ".repeat(2600)}1" }`),
      ["invalid_expression 4:31"],
    ],
  ])("finds: %s", (_name, text, expected) => {
    const { problems } = parse(text);
    expect(places(problems), problems.map(formatProblem).join("\n")).toEqual(expected);
    for (const problem of problems) expect(problem.message).not.toMatch(/undefined|\[object/);
  });

  it("prints a cycle", () => {
    const { problems } = parse(
      steps(
        '  - { id: a, uses: noop, needs: [c] }\n  - { id: b, uses: noop }\n  - { id: c, uses: noop, needs: [b] }\n  - { id: d, uses: noop, if: "steps.e.output" }\n  - { id: e, uses: noop }',
      ),
    );
    expect(problems.map(({ message }) => message)).toEqual([
      "Steps wait for each other: a -> b -> c -> a.",
      "Steps wait for each other: d -> e -> d.",
    ]);
    expect(problems[1]?.suggestion).toContain("`d` reads `e`");
  });

  it("leaves to run time what an expression decides", () => {
    const { problems } = parse(
      steps(`  - { id: a, uses: http.request, with: { url: "\${{ input.x }}", method: "\${{ input.m }}" } }
  - { id: b, uses: http.request, with: "\${{ steps.a.output }}" }
  - { id: c, uses: for_each, with: { items: "\${{ steps.a.output }}", concurrency: "\${{ 1 + 1 }}" }, steps: [] }
  - { id: d, uses: wait.until, with: { at: "\${{ run.now }}" } }
  - { id: e, uses: noop, if: "input?.maybe && steps.a?.output" }`),
    );
    expect(problems.map(formatProblem)).toEqual([]);
  });

  it("accepts input fields that the schema leaves open", () => {
    for (const open of ["additionalProperties: true", "patternProperties: {}", "allOf: []"]) {
      const text = `language: 1\nname: a\ninput: { type: object, properties: { id: {} }, ${open} }\nsteps:\n  - { id: a, uses: noop, if: input.other }`;
      const { problems } = parse(text.replace("allOf: []", "allOf: [true]"));
      expect(problems.map(formatProblem)).toEqual([]);
    }
  });

  it("bounds aliases, depth, steps and length", () => {
    const bomb = ["a: &a0 [1,1,1,1,1,1,1,1,1,1]"];
    for (let level = 1; level < 12; level += 1) {
      const alias = `*a${level - 1}`;
      bomb.push(`b${level}: &a${level} [${Array.from({ length: 10 }, () => alias).join(", ")}]`);
    }
    expect(parse(bomb.join("\n")).problems.map(({ code }) => code)).toContain("limit_exceeded");
    const deep = `${"[".repeat(300)}${"]".repeat(300)}`;
    for (const file of ["a.yaml", "a.json"])
      expect(parse(deep, file).problems.map(({ code }) => code)).toContain("limit_exceeded");
    const abyss = "[".repeat(200_000);
    for (const file of ["a.yaml", "a.json"])
      expect(parse(abyss, file).problems.length).toBeGreaterThan(0);
    let nested = "";
    for (let level = 0; level < 33; level += 1)
      nested += `${" ".repeat(level * 4)}- id: s${level}\n${" ".repeat(level * 4)}  uses: try\n${" ".repeat(level * 4)}  steps:\n`;
    nested += `${" ".repeat(33 * 4)}- { id: last, uses: noop }\n`;
    expect(places(parse(steps(nested)).problems)).toEqual(["limit_exceeded 100:129"]);
    const many = Array.from({ length: 10_001 }, (_, at) => ({ id: `s${at}`, uses: "noop" }));
    const text = JSON.stringify({ language: 1, name: "many", steps: many });
    expect(parse(text, "a.json").problems.map(({ code }) => code)).toEqual(["limit_exceeded"]);
    expect(parse(" ".repeat(10 * 1024 * 1024 + 1)).problems.map(({ code }) => code)).toEqual([
      "limit_exceeded",
    ]);
  });

  it.each<[string, string, string]>([
    ["missing comma", '{ "a": 1\n  "b": 2 }', "syntax 2:3"],
    ["trailing comma", '{ "a": 1, }', "syntax 1:11"],
    ["open string", '{ "a": "b }', "syntax 1:8"],
    ["raw newline", '{ "a": "b\n" }', "syntax 1:8"],
    ["no end", '{ "a": [1, 2', "syntax 1:13"],
    ["two values", "{} {}", "syntax 1:4"],
    [
      "twice the same key",
      '{ "language": 1, "language": 1, "name": "a", "steps": [] }',
      "duplicate_key 1:18",
    ],
    [
      "large integer",
      '{ "language": 1, "name": "a", "steps": [], "output": 12345678901234567890 }',
      "number_too_large 1:54",
    ],
    ["wrong word", '{ "a": nul }', "syntax 1:8"],
  ])("finds in JSON: %s", (_name, text, expected) => {
    expect(places(parse(text, "a.json").problems)).toEqual([expected]);
  });

  it("reports a lost way once, not token by token", () => {
    const flow = steps(
      "  - { id: a, uses: noop, with: { value: ${{ input.x }}, b: 1 } }\n  - { id: b, uses: noop }\n  - { id: c }",
    );
    expect(places(parse(flow).problems)).toEqual(["unquoted_expression 4:41"]);
    expect(parse(steps("  - { id: a\n  - { id: b }\nx: ]\ny: }")).problems).toHaveLength(1);
  });

  it("points into JSON texts", () => {
    const text = `{\n "language": 1,\n "name": "a",\n "steps": [\n  { "id": "a", "uses": "nop" },\n  { "id": "b", "uses": "noop", "if": "steps.c.output" }\n ]\n}`;
    expect(places(parse(text, "a.json").problems)).toEqual([
      "unknown_type 5:24",
      "unknown_step 6:45",
    ]);
  });
});
