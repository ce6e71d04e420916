/** What editors of graph JSON only pretend, done on the real engine: bodies, merges, guards, state. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GraphRunner, type Outcome } from "../../corpora/graph-runner.ts";
import { type LocalServer, localServer } from "../../nodes/http/local-server.ts";

type Data = Readonly<Record<string, unknown>>;

/** `a>b` or `a>b:port` as edges, nodes by id as `[type, data]`. */
function graph(nodes: Readonly<Record<string, readonly [string, Data?]>>, edges: string): object {
  return {
    nodes: Object.entries(nodes).map(([id, [type, data = {}]]) => ({ id, type, data })),
    edges: edges
      .split(" ")
      .filter((text) => text !== "")
      .map((text) => {
        const [ends = "", sourceHandle] = text.split(":");
        const [source, target] = ends.split(">");
        return { source, target, ...(sourceHandle === undefined ? {} : { sourceHandle }) };
      }),
  };
}

const number = (value: number) => ["number", { value }] as const;
const text = (value: string) => ["text_input", { text: value }] as const;
const expression = (source: string) => ["expression", { expression: source }] as const;

describe("graphs on the engine", () => {
  const runner = new GraphRunner();
  let server: LocalServer;
  let failures = 0;

  beforeAll(async () => {
    server = await localServer(({ url }, response) => {
      const isDown = url.startsWith("/down") || (url.startsWith("/flaky") && failures-- > 0);
      response.writeHead(isDown ? 503 : 200, { "content-type": "text/plain" });
      if (!url.startsWith("/slow")) response.end(isDown ? "down" : `up ${url}`);
    });
  });

  afterAll(async () => {
    await runner[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  const run = (one: object): Promise<Outcome> =>
    runner.run(one, { test: "", config: { AllowHTTP: true, AllowLocalhost: true } });
  const results = async (one: object): Promise<Data> => {
    const outcome = await run(one);
    expect(outcome.error).toBe(null);
    return outcome.results ?? {};
  };
  const http = (path: string) => ["http", { url: `${server.url}${path}` }] as const;

  it("runs what follows a for_each for every item, and what hangs behind done once", async () => {
    const given = await results(
      graph(
        {
          items: ["range", { start: 1, end: 3 }],
          factor: number(10),
          loop: ["for_each"],
          times: expression("item * node.factor.value + variables.index"),
          shown: ["renderer"],
        },
        "items>loop loop>times:body factor>times loop>shown:done",
      ),
    );
    expect(given["loop"]).toEqual({
      ...{ input_count: 3, iterations: 3, successful: 3, failed: 0 },
      ...{ results: [10, 21, 32], errors: [] },
    });
    expect(given["shown"]).toEqual(given["loop"]);
  });

  it("goes on with the other items when one fails, and says which", async () => {
    const given = await results(
      graph(
        {
          items: ["parse", { input_type: "JSON" }],
          source: text('[{"a":1},{"b":2}]'),
          loop: ["for_each"],
          a: expression("item.a + 1"),
        },
        "source>items items>loop loop>a",
      ),
    );
    expect(given["loop"]).toMatchObject({ successful: 1, failed: 1, results: [2, null] });
  });

  it("nests loops", async () => {
    const given = await results(
      graph(
        {
          source: text("[[1,2],[3]]"),
          rows: ["parse", { input_type: "JSON" }],
          outer: ["for_each"],
          inner: ["for_each"],
          twice: expression("item * 2"),
          total: expression("sum(input.results)"),
        },
        "source>rows rows>outer outer>inner:body inner>twice:body inner>total:done",
      ),
    );
    expect(given["outer"]).toMatchObject({ results: [6, 6], failed: 0 });
  });

  it("repeats what follows a while_loop with the value that it gives", async () => {
    const given = await results(
      graph(
        {
          start: number(1),
          loop: ["while_loop", { condition: "<100" }],
          twice: expression("input * 2"),
        },
        "start>loop loop>twice",
      ),
    );
    expect(given["loop"]).toEqual({ final_value: 128, iterations: 7, condition: "<100" });
  });

  it("runs the body of a parallel for its items", async () => {
    const given = await results(
      graph(
        {
          items: ["range", { start: 1, end: 4 }],
          all: ["parallel", { max_concurrency: 2 }],
          square: expression("item * item"),
          sum: expression("sum(input.results)"),
        },
        "items>all all>square:body all>sum:done",
      ),
    );
    expect(given["all"]).toEqual({ results: [1, 4, 9, 16], count: 4, concurrency: 2 });
    expect(given["sum"]).toBe(30);
  });

  it("merges what was taken, in the order of the edges", async () => {
    const given = await results(
      graph(
        {
          a: number(5),
          big: ["condition", { condition: ">100" }],
          yes: text("big"),
          no: text("small"),
          joined: ["text_operation", { text_op: "concat", separator: "," }],
          all: ["transform", { transform_type: "to_array" }],
        },
        "a>big big>yes:true big>no:false yes>joined no>joined yes>all no>all a>all",
      ),
    );
    expect(given).not.toHaveProperty("yes");
    expect(given["joined"]).toBe("small");
    expect(given["all"]).toEqual(["small", 5]);
  });

  it("joins any: the first that is there, without waiting for a slow one", async () => {
    const given = await results(
      graph(
        {
          quick: number(1),
          slow: ["delay", { duration: "1.5s" }],
          any: ["join", { join_strategy: "any" }],
          all: ["join", { join_strategy: "all" }],
        },
        "quick>slow quick>any slow>any quick>all slow>all",
      ),
    );
    expect(given["any"]).toEqual({ strategy: "any", value: 1 });
    expect(given["all"]).toMatchObject({ strategy: "all", count: 2 });
  });

  it("feeds each path of a split", async () => {
    const given = await results(
      graph(
        {
          a: number(2),
          split: ["split", { paths: ["left", "right"] }],
          twice: expression("input * 2"),
          thrice: expression("input * 3"),
        },
        "a>split split>twice:left split>thrice:right",
      ),
    );
    expect([given["twice"], given["thrice"]]).toEqual([4, 6]);
  });

  it("retries the node that a retry follows", async () => {
    failures = 2;
    const given = await results(
      graph(
        {
          call: http("/flaky"),
          retry: ["retry", { max_attempts: 3, initial_delay: "10ms", retry_on_errors: ["503"] }],
          shown: ["text_operation", { text_op: "uppercase" }],
        },
        "call>retry retry>shown",
      ),
    );
    expect(given["retry"]).toEqual({ value: "up /flaky", attempts: 3, success: true });
    expect(given["shown"]).toBe("UP /FLAKY");
  });

  it("catches the failure of the node that a try_catch follows", async () => {
    const given = await results(
      graph(
        {
          call: http("/down"),
          safe: ["try_catch", { fallback_value: "nothing" }],
          shown: ["text_operation", { text_op: "uppercase" }],
        },
        "call>safe safe>shown",
      ),
    );
    expect(given["safe"]).toMatchObject({ value: "nothing", success: false });
    expect(given["safe"]).toHaveProperty("error.code", "http.503");
    expect(given["shown"]).toBe("NOTHING");
  });

  it("limits the time of the node that a timeout follows", async () => {
    const failed = await run(
      graph({ call: http("/slow"), limit: ["timeout", { timeout: "200ms" }] }, "call>limit"),
    );
    expect(failed.error?.nodes).toEqual(["call"]);
    const given = await results(
      graph(
        {
          call: http("/slow/2"),
          limit: ["timeout", { timeout: "200ms", timeout_action: "continue_with_partial" }],
        },
        "call>limit",
      ),
    );
    expect(given["limit"]).toMatchObject({ value: null, timed_out: true });
  });

  it("limits the calls behind a rate_limiter, in loops too", async () => {
    const before = performance.now();
    const given = await results(
      graph(
        {
          items: ["range", { start: 1, end: 3 }],
          loop: ["for_each"],
          limit: ["rate_limiter", { max_requests: 1, per_duration: "300ms" }],
          call: http("/limited"),
        },
        "items>loop loop>limit limit>call",
      ),
    );
    expect(given["loop"]).toMatchObject({ successful: 3 });
    expect(performance.now() - before).toBeGreaterThan(590);
  });

  it("counts over the passes of a loop, and behind it", async () => {
    const given = await results(
      graph(
        {
          items: ["range", { start: 1, end: 4 }],
          first: ["counter", { counter_op: "increment", delta: 10 }],
          loop: ["for_each"],
          count: ["counter", { counter_op: "increment" }],
          add: ["accumulator", { accum_op: "sum", initial_value: 100 }],
          last: ["counter", { counter_op: "get" }],
          total: ["accumulator", { accum_op: "sum", initial_value: 100 }],
        },
        "items>first items>loop loop>count:body loop>add:body loop>last:done first>last last>total",
      ),
    );
    expect(given["first"]).toMatchObject({ operation: "increment" });
    // Four passes and ten, in whatever order.
    expect(given["last"]).toEqual({ operation: "get", value: 14 });
    // 100, the items 1 to 4, and the count of 14.
    expect(given["total"]).toEqual({ operation: "sum", value: 124 });
  });

  it("knows variables, counters, accumulators, caches and context values", async () => {
    const given = await results(
      graph(
        {
          a: number(7),
          set: ["variable", { var_name: "x", var_op: "set" }],
          get: ["variable", { var_name: "x", var_op: "get" }],
          one: ["counter", { counter_op: "increment", delta: 2 }],
          two: ["counter", { counter_op: "increment" }],
          sum: ["accumulator", { accum_op: "sum", initial_value: 1 }],
          more: ["accumulator", { accum_op: "sum" }],
          keep: ["cache", { cache_op: "set", cache_key: "k", ttl: "1m" }],
          kept: ["cache", { cache_op: "get", cache_key: "k" }],
          none: ["cache", { cache_op: "get", cache_key: "other" }],
          context: [
            "context_constant",
            { context_values: [{ name: "rate", value: "3", type: "number" }] },
          ],
          rated: expression("variables.x * context.rate"),
        },
        "a>set set>get get>one one>two two>sum sum>more a>keep keep>kept kept>none none>rated",
      ),
    );
    expect(given["get"]).toEqual({ operation: "get", var_name: "x", value: 7 });
    expect([given["one"], given["two"]]).toEqual([
      { operation: "increment", value: 2 },
      { operation: "increment", value: 3 },
    ]);
    expect([given["sum"], given["more"]]).toEqual([
      { operation: "sum", value: 4 },
      { operation: "sum", value: 8 },
    ]);
    expect(given["kept"]).toEqual({ operation: "get", key: "k", found: true, value: 7 });
    expect(given["none"]).toMatchObject({ found: false, value: null });
    expect(given["rated"]).toBe(21);
  });

  it("keeps the results so far when a node fails, and gives several ends by id", async () => {
    const failed = await run(
      graph({ a: number(1), b: number(0), c: ["operation", { op: "divide" }] }, "a>c b>c"),
    );
    expect(failed.error?.nodes).toEqual(["c"]);
    expect(failed.results).toEqual({ a: 1, b: 0 });
    const ends = await run(
      graph({ a: number(1), b: expression("input + 1"), c: text("x") }, "a>b"),
    );
    expect(ends).toMatchObject({ output: { b: 2, c: "x" } });
  });

  it("gives what each list node says", async () => {
    const given = await results(
      graph(
        {
          source: text('[{"k":"a","n":3},{"k":"b","n":1},{"k":"a","n":2}]'),
          rows: ["parse"],
          sorted: ["sort", { field: "n" }],
          numbers: ["map", { field: "n" }],
          sum: ["reduce", { expression: "accumulator + item", initial_value: 0 }],
          twice: expression("input.result * 2"),
          groups: ["group_by", { field: "k", aggregate: "avg", value_field: "n" }],
          found: ["find", { condition: "n < 3", return_index: true }],
          pairs: ["zip", { arrays: [["x", "y"]], fill_missing: "-" }],
        },
        "source>rows rows>sorted sorted>numbers numbers>sum sum>twice rows>groups rows>found numbers>pairs",
      ),
    );
    expect(given["numbers"]).toMatchObject({ results: [1, 2, 3], successful: 3, failed: 0 });
    expect(given["sum"]).toMatchObject({ result: 6, final_value: 6, iterations: 3 });
    expect(given["groups"]).toMatchObject({ averages: { a: 2.5, b: 1 }, group_count: 2 });
    expect(given["found"]).toMatchObject({ index: 1, found: { k: "b", n: 1 } });
    expect(given["pairs"]).toMatchObject({
      zipped: [
        [1, "x"],
        [2, "y"],
        [3, "-"],
      ],
    });
  });
});
