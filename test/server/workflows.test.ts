/** Workflows over HTTP: save as JSON and YAML, read back, validate. */
import { describe, expect, it } from "vitest";
import { embeddedServer } from "./embedded-server.ts";

const YAML = "language: 1\nname: hello\nsteps:\n  - { id: a, uses: noop }\n";
const JSON_FORM = { language: 1, name: "hello", steps: [{ id: "a", uses: "noop" }] };

describe("workflows", () => {
  it("answers 201 for a new version and 200 for the same, in either format", async () => {
    await using fixture = await embeddedServer();
    const put = (payload: object | string, type: string) =>
      fixture.app.inject({
        method: "PUT",
        url: "/api/v1/workflows/hello",
        payload,
        headers: { "content-type": type },
      });
    const first = await put(YAML, "application/yaml");
    expect([first.statusCode, first.json().version]).toEqual([201, 1]);
    expect(first.json().hash).toMatch(/^[0-9a-f]{64}$/);
    const same = await put(JSON_FORM, "application/json; charset=utf-8");
    expect([same.statusCode, same.json().version]).toEqual([200, 1]);
    const changed = await put({ ...JSON_FORM, description: "x" }, "application/json");
    expect([changed.statusCode, changed.json().version]).toEqual([201, 2]);

    const got = await fixture.app.inject("/api/v1/workflows/hello?version=1");
    expect(got.json()).toMatchObject({ name: "hello", version: 1, definition: JSON_FORM });
    const versions = (await fixture.app.inject("/api/v1/workflows/hello/versions")).json();
    expect(versions.items.map(({ version }: { version: number }) => version)).toEqual([2, 1]);
    const list = (await fixture.app.inject("/api/v1/workflows")).json();
    expect(list.items).toMatchObject([{ name: "hello", version: 2 }]);
  });

  it("refuses a definition under another name, and one with problems, naming the place", async () => {
    await using fixture = await embeddedServer();
    const put = (url: string, payload: object | string) =>
      fixture.app.inject({
        method: "PUT",
        url,
        payload,
        headers: { "content-type": "application/json" },
      });
    const other = await put("/api/v1/workflows/other", JSON_FORM);
    expect([other.statusCode, other.json().code]).toEqual([422, "definition_invalid"]);
    expect(other.json().details.problems[0].pointer).toBe("/name");
    const broken = await put("/api/v1/workflows/hello", { ...JSON_FORM, steps: 3 });
    expect(broken.statusCode).toBe(422);
    expect(broken.json().details.problems[0].pointer).toBe("/steps");
  });

  it("validates without saving", async () => {
    await using fixture = await embeddedServer();
    const validate = async (payload: string) =>
      (
        await fixture.app.inject({
          method: "POST",
          url: "/api/v1/workflows/validate",
          payload,
          headers: { "content-type": "text/yaml" },
        })
      ).json();
    expect(await validate(YAML)).toMatchObject({ valid: true, name: "hello", problems: [] });
    const bad = await validate("language: 1\nname: hello\n");
    expect(bad.valid).toBe(false);
    expect(bad.problems.length).toBeGreaterThan(0);
    expect((await fixture.app.inject("/api/v1/workflows")).json().items).toEqual([]);
  });

  it("shows what a workflow runs, with versions", async () => {
    await using fixture = await embeddedServer();
    const put = async (name: string, workflow: string) =>
      await fixture.app.inject({
        method: "PUT",
        url: `/api/v1/workflows/${name}`,
        payload: {
          ...{ language: 1, name },
          steps: [{ id: "call", uses: "workflow.run", with: { workflow } }],
        },
        headers: { "content-type": "application/json" },
      });
    expect((await put("parent", "child")).statusCode).toBe(201);
    const url = "/api/v1/workflows/parent/dependencies";
    const missing = { workflow: "child", version: null, neededBy: "parent: call" };
    expect((await fixture.app.inject(url)).json()).toMatchObject({ pins: {}, missing: [missing] });
    expect((await put("child", "leaf")).statusCode).toBe(201);
    const found = (await fixture.app.inject(`${url}?version=1`)).json();
    expect(found).toMatchObject({ pins: { child: 1 }, cycles: [], isCut: false });
    expect(found.workflows[0].calls).toEqual([
      { path: "call", workflow: "child", version: 1, binding: "pinned", isMissing: false },
    ]);
    const circle = await put("child", "parent");
    expect([circle.statusCode, circle.json().details.problems[0].code]).toEqual([
      422,
      "workflow_cycle",
    ]);
    const none = await fixture.app.inject("/api/v1/workflows/nobody/dependencies");
    expect([none.statusCode, none.json().code]).toEqual([404, "workflow_not_found"]);
  });

  it("answers problems for unknown workflows", async () => {
    await using fixture = await embeddedServer();
    for (const url of ["/api/v1/workflows/x", "/api/v1/workflows/x/versions"])
      expect((await fixture.app.inject(url)).json().code).toBe("workflow_not_found");
  });
});
