/** What a registry holds and whom it turns away. */
import { expect, it } from "vitest";
import { z } from "zod";
import { LockstitchError } from "#errors/errors.ts";
import { defineNode } from "#nodes/define-node.ts";
import { createRegistry } from "#nodes/registry.ts";

function named(type: string) {
  return defineNode({
    type,
    title: "Mine",
    description: "",
    category: "user",
    icon: "x",
    pure: true,
    config: z.strictObject({}),
    output: z.null(),
    run: () => null,
  });
}

it("has the built-in types and the user's, sorted", () => {
  const registry = createRegistry([named("shop.refund")]);
  expect(registry.names()).toEqual([
    "code.javascript",
    "data.chunk",
    "data.compact",
    "data.extract",
    "data.filter",
    "data.find",
    "data.flat_map",
    "data.flatten",
    "data.group",
    "data.join",
    "data.map",
    "data.merge",
    "data.partition",
    "data.range",
    "data.reduce",
    "data.reverse",
    "data.sample",
    "data.set",
    "data.slice",
    "data.sort",
    "data.transform",
    "data.transpose",
    "data.unique",
    "data.zip",
    "decode",
    "email.send",
    "encode",
    "file.list",
    "file.read",
    "file.write",
    "format",
    "hash",
    "http.paginate",
    "http.request",
    "noop",
    "number.operation",
    "parse",
    "redis.command",
    "shell.run",
    "shop.refund",
    "signal.send",
    "sql.query",
    "state.accumulator",
    "state.cache",
    "state.context",
    "state.counter",
    "state.variable",
    "stream.collect",
    "template",
    "text.operation",
    "validate",
    "view.output",
    "webhook.send",
  ]);
  expect(registry.definitions().map(({ type }) => type)).toEqual(registry.names());
  expect(registry.get("shop.refund")).toBe(registry.definition("shop.refund"));
  expect(registry.get("shop.none")).toBeUndefined();
  expect(registry.get("constructor")).toBeUndefined();
  expect([...(registry.get("data.join")?.functionFields ?? [])]).toEqual(["leftBy", "rightBy"]);
});

it("does not mix up two registries", () => {
  createRegistry([named("shop.refund")]);
  expect(createRegistry().get("shop.refund")).toBeUndefined();
});

it.each([
  [[named("http.request")], /http\.request: is built in/],
  [[named("a.b"), named("a.b")], /a\.b: is defined twice/],
  [[named("for_each")], /for_each: is part of the language/],
  [[named("Shop.Refund")], /Shop\.Refund: a type is written like/],
  [[named("")], /a type is written like/],
])("refuses %#", (extra, message) => {
  expect(() => createRegistry(extra)).toThrow(LockstitchError);
  expect(() => createRegistry(extra)).toThrow(message);
});
