/** Plugins written by a test into a folder of its own, loaded and started as a host does it. */
import { spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type AttemptResult, runAttempt } from "#nodes/attempt.ts";
import type { HttpRules, NodeContext, NodeDefinition } from "#nodes/define-node.ts";
import { createRegistry } from "#nodes/registry.ts";
import { PluginBook } from "#plugins/plugin-book.ts";
import { parsePluginEntries } from "#plugins/plugin-entry.ts";
import { nodeContext, strictHttp } from "../nodes/node-context.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

/** Whether this machine lets a process have namespaces of its own; `CI=true` insists. */
export const canSeal =
  process.env["CI"] === "true" ||
  spawnSync("unshare", ["--user", "--map-root-user", "--net", "--mount", "true"]).status === 0;

if (!canSeal) process.stderr.write("plugins cannot be sealed on this machine: tests are skipped\n");

/** A plugin with one type, `name.run`, whose `run(config, context)` has this body. */
export function pluginText(name: string, body: string, permissions: object = {}): string {
  return `import { defineNode, definePlugin, NodeError } from "lockstitch/plugin";
import { z } from "zod";
const run = defineNode({
  type: "${name}.run", title: "Run", description: "", category: "user", icon: "x", pure: false,
  config: z.looseObject({}), output: z.unknown(),
  async run(config: any, context: any) { ${body} },
});
export const plugin = definePlugin({
  name: "${name}", version: "1.0.0", description: "", nodes: [run],
  permissions: ${JSON.stringify(permissions)},
});
`;
}

export interface Plugins extends AsyncDisposable {
  readonly folder: string;
  readonly book: PluginBook;
  readonly logged: string[];
  run(type: string, config?: object, context?: Partial<NodeContext>): Promise<AttemptResult>;
  definition(type: string): NodeDefinition;
}

interface Written {
  /** By path in the test's folder. */
  readonly files: Readonly<Record<string, string>>;
  readonly entries: readonly unknown[];
  /** Links by path in the folder, with what they lead to. */
  readonly links?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly http?: Partial<HttpRules>;
  readonly restartMsMax?: number;
}

/** Rejects as a host does where a plugin is refused; then nothing is left. */
export async function plugins(written: Written): Promise<Plugins> {
  const directory = await temporaryDirectory();
  try {
    write(directory.path, written.files);
    for (const [from, to] of Object.entries(written.links ?? {}))
      symlinkSync(to, join(directory.path, from));
    const http = { ...strictHttp, ...written.http };
    const { entries, problems } = parsePluginEntries(written.entries, directory.path);
    if (problems.length > 0) throw new Error(problems.join("\n"));
    const book = await PluginBook.open(entries, {
      environment: written.environment ?? {},
      http,
      builtIn: createRegistry().names(),
      restartMsMax: written.restartMsMax ?? 100,
    });
    const logged: string[] = [];
    const log = (fields: object, message: string) =>
      void logged.push(`${message} ${JSON.stringify(fields)}`);
    book.start({ info: log, warn: log });
    const registry = createRegistry(book.definitions());
    const definition = (type: string) => {
      const found = registry.definition(type);
      if (found === undefined) throw new Error(`there is no ${type}`);
      return found;
    };
    return {
      folder: directory.path,
      book,
      logged,
      definition,
      run: (type, config = {}, context = {}) =>
        runAttempt(definition(type), config, nodeContext({ http, ...context })),
      async [Symbol.asyncDispose]() {
        await book.stop();
        await directory[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await directory[Symbol.asyncDispose]();
    throw error;
  }
}

export function write(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

/** One plugin, `probe`, in the folder `probe`. */
export function onePlugin(
  body: string,
  entry: object = {},
  more: Partial<Written> & { readonly permissions?: object } = {},
): Promise<Plugins> {
  const { permissions, files, ...rest } = more;
  return plugins({
    files: { "probe/plugin.ts": pluginText("probe", body, permissions), ...files },
    entries: [{ from: "./probe", ...entry }],
    ...rest,
  });
}
