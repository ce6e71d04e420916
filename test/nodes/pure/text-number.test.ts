/** text.operation and number.operation: every operation, Unicode, limits, and what they refuse. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { numberOperation } from "#nodes/pure/number-operation.ts";
import { textOperation } from "#nodes/pure/text-operation.ts";
import { TEXT_OPERATIONS } from "#nodes/pure/text-operations.ts";
import { threadMs } from "../../support/thread-time.ts";
import { runNode } from "./run-node.ts";

const text = (operation: string, config: object) =>
  runNode(textOperation, { operation, ...config });

const TEXTS: readonly (readonly [string, object, unknown])[] = [
  ["upper", { text: "aß ﬁ i" }, "ASS FI I"],
  ["lower", { text: "ÄİΣ" }, "äi̇ς"],
  ["title", { text: "hello wORLD from-go don't 3d" }, "Hello World From-Go Don't 3d"],
  ["title", { text: "élan 𐐨x" }, "Élan 𐐀x"],
  ["capitalize", { text: "hello World" }, "Hello World"],
  ["capitalize", { text: "" }, ""],
  ["camel", { text: "hello world from go" }, "helloWorldFromGo"],
  ["camel", { text: "helloWorld" }, "helloWorld"],
  ["camel", { text: "HTMLPage_v2-final" }, "htmlPageV2Final"],
  ["camel", { text: "  " }, ""],
  ["pascal", { text: "order-id" }, "OrderId"],
  ["snake", { text: "orderIdOfÄpfel" }, "order_id_of_äpfel"],
  ["kebab", { text: "Order ID" }, "order-id"],
  ["constant", { text: "maxRetries 3" }, "MAX_RETRIES_3"],
  ["inverse", { text: "Hello World ß1" }, "hELLO wORLD SS1"],
  ["slug", { text: "Crème brûlée & more!" }, "creme-brulee-more"],
  ["trim", { text: "\u00a0 a b \n" }, "a b"],
  ["trim_start", { text: "  a " }, "a "],
  ["trim_end", { text: " a  " }, " a"],
  ["trim", { text: "--a-b-", characters: "-" }, "a-b"],
  ["trim_start", { text: "xyx1x", characters: "xy" }, "1x"],
  ["trim_end", { text: "1😀😀", characters: "😀" }, "1"],
  ["trim", { text: "---", characters: "-" }, ""],
  ["collapse", { text: " a \t\n b  c " }, "a b c"],
  ["concat", { text: "a", texts: ["b", "", "c"], separator: ", " }, "a, b, , c"],
  ["concat", { text: "a", texts: [] }, "a"],
  ["repeat", { text: "ab", times: 3 }, "ababab"],
  ["repeat", { text: "ab", times: 3, separator: "-" }, "ab-ab-ab"],
  ["repeat", { text: "ab", times: 1, separator: "-" }, "ab"],
  ["repeat", { text: "ab", times: 0, separator: "-" }, ""],
  ["split", { text: "a,b,,c", separator: "," }, ["a", "b", "", "c"]],
  ["split", { text: "a,b,c", separator: ",", limit: 2 }, ["a", "b"]],
  ["split", { text: "", separator: "," }, [""]],
  ["split", { text: "a1b22c", pattern: "\\d+" }, ["a", "b", "c"]],
  ["split", { text: "a1b2c", pattern: "\\d", limit: 1 }, ["a"]],
  ["split", { text: "abc", pattern: "" + "x*" }, ["a", "b", "c"]],
  ["split", { text: "a😀b" }, ["a", "😀", "b"]],
  ["split", { text: "a😀b", limit: 2 }, ["a", "😀"]],
  ["lines", { text: "a\r\nb\n\nc" }, ["a", "b", "", "c"]],
  ["words", { text: "Héllo, wörld 2!" }, ["Héllo", "wörld", "2"]],
  ["replace", { text: "a.b.c", search: ".", with: "$&-" }, "a$&-b$&-c"],
  ["replace", { text: "a.b.c", search: ".", with: "-", first: true }, "a-b.c"],
  ["replace", { text: "aXbx", pattern: "x", flags: "i", with: "<$&>" }, "a<X>b<x>"],
  ["replace", { text: "a1b2", pattern: "(?<l>[a-z])(\\d)", with: "$2$<l>", first: true }, "1ab2"],
  ["replace", { text: "abc", search: "", with: "-" }, "-a-b-c-"],
  ["slice", { text: "a😀bc", start: 1, end: 3 }, "😀b"],
  ["slice", { text: "a😀bc", start: -2 }, "bc"],
  ["slice", { text: "a😀bc", end: -1 }, "a😀b"],
  ["slice", { text: "abc", start: -9, end: 1 }, "a"],
  ["slice", { text: "abc", start: 2, end: 1 }, ""],
  ["slice", { text: "abc", start: 9 }, ""],
  ["truncate", { text: "hello world", length: 8 }, "hello w…"],
  ["truncate", { text: "hello", length: 5 }, "hello"],
  ["truncate", { text: "😀😀😀", length: 3 }, "😀😀😀"],
  ["truncate", { text: "😀😀😀", length: 2 }, "😀…"],
  ["truncate", { text: "hello", length: 2, ending: "..." }, ".."],
  ["truncate", { text: "hello", length: 0 }, ""],
  ["pad_start", { text: "7", length: 3, fill: "0" }, "007"],
  ["pad_end", { text: "ab", length: 7, fill: "xyz" }, "abxyzxy"],
  ["pad_end", { text: "😀", length: 3 }, "😀  "],
  ["pad_start", { text: "abc", length: 2 }, "abc"],
  ["reverse", { text: "a😀b" }, "b😀a"],
  ["normalize", { text: "e\u0301" }, "é"],
  ["normalize", { text: "ﬁ", form: "NFKC" }, "fi"],
  ["length", { text: "a😀b" }, 3],
  ["length", { text: "" }, 0],
  ["length", {}, 0],
  ["count", { text: "aaaa", search: "aa" }, 2],
  ["count", { text: "abc", search: "x" }, 0],
  ["index_of", { text: "😀b", search: "b" }, 1],
  ["index_of", { text: "abc", search: "x" }, -1],
  ["contains", { text: "abc", search: "bc" }, true],
  ["contains", { text: "abc", search: "B" }, false],
  ["starts_with", { text: "abc", search: "ab" }, true],
  ["ends_with", { text: "abc", search: "ab" }, false],
  ["matches", { text: "ORDER-12", pattern: "^order-\\d+$", flags: "i" }, true],
  ["matches", { text: "x", pattern: "^$" }, false],
  ["extract", { text: "a=1, b=2", pattern: "(\\w)=(\\d)", group: 2 }, ["1", "2"]],
  ["extract", { text: "a=1, b=2", pattern: "(?<key>\\w)=", group: "key", limit: 1 }, ["a"]],
  ["extract", { text: "ab", pattern: "(x)?b", group: 1 }, [""]],
  ["extract", { text: "ab", pattern: "x" }, []],
];

it.each(TEXTS)("%s %j", (operation, config, output) => {
  expect(text(operation, config)).toStrictEqual(output);
});

it("the table above has every operation", () => {
  expect([...new Set(TEXTS.map(([operation]) => operation))].sort()).toEqual(
    Object.keys(TEXT_OPERATIONS).sort(),
  );
});

it.each([
  ["shout", {}, "operation"],
  ["upper", { text: 5 }, "text"],
  ["upper", { text: "a", separator: "," }, "separator: is not used by upper"],
  ["concat", { text: "a" }, "texts: is needed by concat"],
  ["concat", { texts: [1] }, "texts"],
  ["repeat", { text: "a" }, "times: is needed by repeat"],
  ["repeat", { text: "a", times: -1 }, "times"],
  ["repeat", { text: "a", times: 1.5 }, "times"],
  ["split", { text: "a", separator: ",", pattern: "," }, "one of separator and pattern"],
  ["split", { text: "a", separator: ",", flags: "i" }, "flags: belongs to a pattern"],
  ["split", { text: "a", pattern: "(" }, "pattern: "],
  ["split", { text: "a", pattern: "a", flags: "g" }, "knows i, m and s"],
  ["replace", { text: "a", with: "b" }, "exactly one of search and pattern"],
  [
    "replace",
    { text: "a", with: "b", search: "a", pattern: "a" },
    "exactly one of search and pattern",
  ],
  ["replace", { text: "a", search: "a" }, "with: is needed by replace"],
  ["replace", { text: "a", pattern: "(?=a)", with: "" }, "linear time"],
  ["count", { text: "a", search: "" }, "search: is empty"],
  ["extract", { text: "ab", pattern: "a", group: 1 }, "no group 1"],
  ["extract", { text: "ab", pattern: "(?<k>a)", group: "constructor" }, 'no group "constructor"'],
  ["pad_start", { text: "a", length: 2, fill: "" }, "fill"],
  ["normalize", { text: "a", form: "NFX" }, "form"],
])("%s %j is refused", (operation, config, message) => {
  expect(text(operation, config)).toMatchObject({
    code: "config_invalid",
    retryable: false,
    message: expect.stringContaining(message),
  });
});

it.each([
  ["repeat", { text: "ab", times: 10_000_000 }],
  ["concat", { text: "x".repeat(6e6), texts: ["x".repeat(6e6)] }],
  ["pad_end", { text: "", length: 10_485_760, fill: "😀" }],
  ["replace", { text: "a".repeat(100_000), search: "a", with: "b".repeat(1000) }],
  ["split", { text: "a".repeat(2_000_000) }],
  ["trim", { text: "a".repeat(2_000_000), characters: "a" }],
])("%s stops at a limit", (operation, config) => {
  expect(text(operation, config)).toMatchObject({
    code: "limit_exceeded",
    message: expect.stringMatching(/^[a-z]+: this (makes|needs) /),
    details: { limit: expect.any(String), max: expect.any(Number) },
  });
});

it("a pattern takes time in the length of the text, whatever the pattern", () => {
  const startedMs = threadMs();
  const result = text("matches", { text: `${"a".repeat(50_000)}!`, pattern: "^(a+)+$" });
  expect([false, "limit_exceeded"]).toContain(
    typeof result === "object" ? (result as { code: string }).code : result,
  );
  expect(threadMs() - startedMs).toBeLessThan(5_000);
});

it("places count characters: slices put together are the text, reversing twice too", () => {
  const any = fc.string({ unit: "binary" }).map((one) => one.toWellFormed());
  fc.assert(
    fc.property(any, fc.integer({ min: -5, max: 20 }), (given, at) => {
      const front = text("slice", { text: given, end: at }) as string;
      const back = text("slice", { text: given, start: at }) as string;
      expect(front + back).toBe(given);
      expect(front.isWellFormed()).toBe(true);
      expect(text("reverse", { text: text("reverse", { text: given }) })).toBe(given);
      expect(text("length", { text: given })).toBe([...given].length);
      const short = text("truncate", { text: given, length: 4 }) as string;
      expect([...short].length).toBeLessThanOrEqual(4);
    }),
  );
});

it("names keep their words through every case", () => {
  const words = fc.array(fc.stringMatching(/^[a-z]{1,6}$/), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(words, (given) => {
      const snake = given.join("_");
      for (const through of ["camel", "pascal", "kebab", "constant"]) {
        const changed = text(through, { text: snake });
        if (given.every((word) => word.length > 1) || through === "kebab" || through === "constant")
          expect(text("snake", { text: changed })).toBe(snake);
      }
    }),
  );
});

const number = (operation: string, config: object) =>
  runNode(numberOperation, { operation, ...config });

it.each([
  ["add", [1, 2, 3], {}, 6],
  ["add", [0.1, 0.2], {}, 0.30000000000000004],
  ["add", [0.1, 0.2], { digits: 2 }, 0.3],
  ["subtract", [10, 2, 3], {}, 5],
  ["multiply", [-2, 0], {}, 0],
  ["divide", [10, 4], {}, 2.5],
  ["divide", [0, 5], {}, 0],
  ["divide", [1, 3], { digits: 4 }, 0.3333],
  ["modulo", [7, 3], {}, 1],
  ["modulo", [-7, 3], {}, -1],
  ["power", [2, 3, 2], {}, 64],
  ["power", [2, -1], {}, 0.5],
  ["min", [3, -1, 2], {}, -1],
  ["max", [3], {}, 3],
  ["average", [1, 2, 6], {}, 3],
  ["absolute", [-5], {}, 5],
  ["negate", [0], {}, 0],
  ["sign", [-5], {}, -1],
  ["round", [2.5], {}, 3],
  ["round", [-2.5], {}, -3],
  ["round", [1.005], { digits: 2 }, 1.01],
  ["floor", [-1.5], {}, -2],
  ["ceil", [1.2], {}, 2],
  ["truncate", [-1.9], {}, -1],
  ["square_root", [9], {}, 3],
  ["clamp", [5], { min: 6 }, 6],
  ["clamp", [5], { max: 4 }, 4],
  ["clamp", [5], { min: 1, max: 9 }, 5],
  ["clamp", [5], {}, 5],
  ["add", [9007199254740991, 1], {}, 9007199254740992],
])("%s of %j %j", (operation, numbers, options, output) => {
  expect(number(operation, { numbers, ...options })).toBe(output);
});

it.each([
  ["divide", { numbers: [1, 0] }, "divide of 1, 0 divides by zero"],
  ["divide", { numbers: [0, 0] }, "divides by zero"],
  ["modulo", { numbers: [1, 0] }, "divides by zero"],
  ["power", { numbers: [10, 400] }, "gives no finite number"],
  ["power", { numbers: [-1, 0.5] }, "gives no finite number"],
  ["add", { numbers: [1.7e308, 1.7e308] }, "gives no finite number"],
  ["square_root", { numbers: [-1] }, "gives no finite number"],
  ["multiply", { numbers: [1e200, 1e200, 1, 1, 1, 1] }, "1e+200, 1e+200, 1, 1, 1, …"],
  ["add", { numbers: [1] }, "needs at least two for add"],
  ["add", { numbers: [] }, "numbers"],
  ["add", { numbers: ["1", 2] }, "numbers"],
  ["add", { numbers: [null, 2] }, "numbers"],
  ["floor", { numbers: [1, 2] }, "must be one for floor"],
  ["clamp", { numbers: [1, 2] }, "must be one for clamp"],
  ["clamp", { numbers: [1], min: 3, max: 2 }, "must not be greater than max"],
  ["add", { numbers: [1, 2], min: 0 }, "for clamp only"],
  ["add", { numbers: [1, 2], digits: 21 }, "digits"],
  ["root", { numbers: [1] }, "operation"],
])("%s %j is refused", (operation, config, message) => {
  expect(number(operation, config)).toMatchObject({
    code: "config_invalid",
    message: expect.stringContaining(message),
  });
});
