/**
 * Run by without-node.test.ts in a process of its own: takes away what only Node has, refuses
 * every built-in module, then loads the pure nodes and runs their examples.
 */
import { registerHooks } from "node:module";

const loaded: string[] = [];
const write = process.stdout.write.bind(process.stdout);

registerHooks({
  resolve(specifier, context, next) {
    const conditions = context.conditions.filter((condition) => condition !== "node");
    const resolved = next(specifier, { ...context, conditions });
    if (resolved.url.startsWith("node:"))
      throw new Error(`${context.parentURL ?? "?"} imports ${specifier}`);
    loaded.push(resolved.url);
    return resolved;
  },
});

for (const name of [
  "process",
  "Buffer",
  "global",
  "setImmediate",
  "clearImmediate",
  "setTimeout",
  "setInterval",
  "fetch",
  "WebSocket",
  "navigator",
  "performance",
  "crypto",
])
  Reflect.deleteProperty(globalThis, name);

const { pureNodes } = await import("#nodes/pure/pure-nodes.ts");
const { runPure } = await import("#nodes/attempt.ts");
const { evaluateWith } = await import("../evaluate-with.ts");

const outputs = pureNodes.flatMap((definition) =>
  definition.examples.map((example) => {
    const result = runPure(definition, evaluateWith(definition, example.with));
    return {
      type: definition.type,
      ok: result.ok,
      output: result.ok ? result.output : result.error.code,
    };
  }),
);
write(JSON.stringify({ modules: loaded.length, outputs }));
