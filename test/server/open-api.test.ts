/** The OpenAPI document: complete, closed (no dangling reference), and shown at /docs. */
import { describe, expect, it } from "vitest";
import { serverFixture } from "./server-fixture.ts";

interface Operation {
  readonly operationId: string;
  readonly responses: Readonly<Record<string, unknown>>;
}

describe("OpenAPI", () => {
  it("names every registered API route once, and answers each as documented", async () => {
    await using fixture = await serverFixture();
    const document = (await fixture.app.inject("/openapi.json")).json();
    expect(document.openapi).toBe("3.1.0");
    const operations = Object.values(document.paths).flatMap((methods) =>
      Object.values(methods as Record<string, Operation>),
    );
    expect(operations.length).toBeGreaterThanOrEqual(25);
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
    for (const [path, methods] of Object.entries(document.paths as Record<string, object>))
      for (const method of Object.keys(methods))
        expect(
          fixture.app.hasRoute({
            method: method.toUpperCase() as "GET",
            // A webhook's path may have slashes, which no parameter of a route has.
            url: path.replaceAll(/\{(\w+)\}/g, ":$1").replace("/hooks/:path", "/hooks/*"),
          }),
        ).toBe(true);
  });

  it("has no reference that leads nowhere", async () => {
    await using fixture = await serverFixture();
    const answer = await fixture.app.inject("/openapi.json");
    const names = new Set(Object.keys(answer.json().components.schemas));
    const references = [...answer.body.matchAll(/"\$ref":"([^"]+)"/g)].map(([, target]) => target);
    expect(references.length).toBeGreaterThan(30);
    for (const target of references) {
      expect(target).toMatch(/^#\/components\/schemas\//);
      expect(names).toContain(target?.replace("#/components/schemas/", ""));
    }
  });

  it("is readable at /docs", async () => {
    await using fixture = await serverFixture();
    const page = (await fixture.app.inject("/docs")).body;
    for (const text of ["/api/v1/runs/{id}/stream", "Start a run", 'id="schema-Run"'])
      expect(page).toContain(text);
  });

  it("describes every node type with JSON Schemas", async () => {
    await using fixture = await serverFixture();
    const { items } = (await fixture.app.inject("/api/v1/node-types")).json();
    expect(items.length).toBeGreaterThan(0);
    for (const item of items) expect(item.config).toBeTypeOf("object");
  });
});
