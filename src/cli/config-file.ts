/**
 * Reads `lockstitch.config.ts`, `.js`, `.json` or `.yaml` from the working directory, or the file
 * that `--config` names. TypeScript and JavaScript files export the settings as their default
 * (the one place where a default export is the convention) and may add `nodes: [defineNode(...)]` and `middleware: [...]`.
 */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, extname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parse as parseYaml } from "yaml";
import { LockstitchError } from "#errors/errors.ts";
import type { NodeDefinition } from "#nodes/define-node.ts";
import { chainSettings } from "./chain-settings.ts";
import type { FileSettings } from "./settings.ts";

/** File names looked for, the first that exists wins. */
export const CONFIG_FILES = [
  "lockstitch.config.ts",
  "lockstitch.config.js",
  "lockstitch.config.mjs",
  "lockstitch.config.json",
  "lockstitch.config.yaml",
  "lockstitch.config.yml",
] as const;

/** The file's settings; empty ones where there is no file. Throws config_invalid. */
export async function readConfigFile(
  cwd: string,
  named: string | undefined,
): Promise<FileSettings> {
  const path =
    named === undefined
      ? CONFIG_FILES.map((name) => join(cwd, name)).find((file) => existsSync(file))
      : resolve(cwd, named);
  if (path === undefined) return { path: null, folder: cwd, values: {}, nodes: [], chain: {} };
  const name = basename(path);
  if (!existsSync(path))
    throw new LockstitchError(
      "config_invalid",
      `--config: there is no file ${path}; leave the flag out to use ${CONFIG_FILES[0]} of the working directory.`,
    );
  const content = await load(path).catch((cause: unknown) => {
    throw new LockstitchError(
      "config_invalid",
      `${name} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  });
  if (typeof content !== "object" || content === null || Array.isArray(content))
    throw new LockstitchError(
      "config_invalid",
      `${name} must hold an object of settings, for example { port: 7420 }${isCode(path) ? " as its default export" : ""}.`,
    );
  const { nodes, middleware, chain, connections, quotas, plugins, ...settings } = content as Record<
    string,
    unknown
  >;
  return {
    path: name,
    folder: dirname(path),
    values: flatten(settings),
    nodes: checkNodes(nodes, name, isCode(path)),
    chain: chainSettings(middleware, chain, name),
    connections,
    quotas,
    plugins,
  };
}

function isCode(path: string): boolean {
  return [".ts", ".js", ".mjs"].includes(extname(path));
}

async function load(path: string): Promise<unknown> {
  if (isCode(path))
    return ((await import(pathToFileURL(path).href)) as { default?: unknown }).default;
  const text = await readFile(path, "utf8");
  return extname(path) === ".json" ? JSON.parse(text) : (parseYaml(text) ?? {});
}

/** `{ http: { allowPrivate: true } }` as `{ "http.allowPrivate": true }`. */
export function flatten(settings: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const flat: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(settings)) {
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      for (const [inner, innerValue] of Object.entries(value)) flat[`${key}.${inner}`] = innerValue;
    else flat[key] = value;
  }
  return flat;
}

function checkNodes(nodes: unknown, name: string, code: boolean): readonly NodeDefinition[] {
  if (nodes === undefined) return [];
  if (!code)
    throw new LockstitchError(
      "config_invalid",
      `nodes in ${name}: node types are code; put them into ${CONFIG_FILES[0]}.`,
    );
  const list: readonly unknown[] = Array.isArray(nodes) ? nodes : [nodes];
  list.forEach((node, at) => {
    if (!isNodeDefinition(node))
      throw new LockstitchError(
        "config_invalid",
        `nodes[${at}] in ${name}: is not a node type; write nodes: [defineNode({ type: "my.node", ... })].`,
      );
  });
  return list as readonly NodeDefinition[];
}

function isNodeDefinition(node: unknown): node is NodeDefinition {
  if (typeof node !== "object" || node === null) return false;
  const { type, execution, runPure, runEffect } = node as Partial<NodeDefinition>;
  return (
    typeof type === "string" &&
    (execution === "pure" ? typeof runPure === "function" : typeof runEffect === "function")
  );
}
