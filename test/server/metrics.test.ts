/** `GET /metrics`: behind the key, and what a running engine reports. */
import { expect, test } from "vitest";
import { NodeError } from "#errors/step-error.ts";
import { plainMeter } from "#observe/plain-meter.ts";
import { openBench, work, workflow } from "../engine/engine-fixture.ts";
import { serverFixture } from "./server-fixture.ts";

const KEY = "a-key-of-sixteen-or-more";
const metrics = { contentType: "text/plain; version=0.0.4", text: async () => "lockstitch_x 1\n" };

test("needs the key where the API does", async () => {
  const security = { host: "0.0.0.0", port: 0, apiKeys: [KEY] };
  await using fixture = await serverFixture({ metrics, security });
  expect((await fixture.app.inject("/metrics")).statusCode).toBe(401);
  const headers = { authorization: `Bearer ${KEY}` };
  const answer = await fixture.app.inject({ url: "/metrics", headers });
  expect(answer.statusCode).toBe(200);
  expect(answer.headers["content-type"]).toContain("version=0.0.4");
  expect(answer.body).toBe("lockstitch_x 1\n");
});

test("is not read by pages of other sites, and is not there where nothing is measured", async () => {
  await using fixture = await serverFixture({ metrics });
  const foreign = { url: "/metrics", headers: { origin: "https://evil.example" } };
  expect((await fixture.app.inject(foreign)).statusCode).toBe(403);
  await using without = await serverFixture();
  expect((await without.app.inject("/metrics")).statusCode).toBe(404);
});

test("requests are counted by route, unknown addresses as one", async () => {
  const { meter, histograms } = plainMeter();
  await using fixture = await serverFixture({ meter });
  for (const url of ["/healthz", "/no/such", "/nor/this", "/api/v1/runs/none"])
    await fixture.app.inject(url);
  const requests = histograms.find(({ name }) => name.includes("http_request"));
  const samples = (await requests?.get())?.values ?? [];
  const routes = samples
    .filter(({ metricName }) => metricName.endsWith("_count"))
    .map(({ labels, value }) => `${labels["route"]} ${labels["status"]} ${value}`);
  expect(routes.toSorted()).toEqual(["/api/v1/runs/:id 404 1", "/healthz 200 1", "unknown 404 2"]);
});

test("an engine tells what it does", async () => {
  const plain = plainMeter();
  let fails = true;
  await using bench = await openBench({
    meter: plain.meter,
    chain: {},
    work: {
      async call() {
        if (!fails) return null;
        fails = false;
        throw new NodeError("http.503", "not yet", { retryable: true });
      },
    },
  });
  const retry = { attempts: 2, initial: "1s" };
  await bench.run(workflow("metered", { steps: [work("a", "call", { retry })] }));
  const count = (map: ReadonlyMap<string, { readonly n: number }>) =>
    Object.fromEntries([...map].flatMap(([key, { n }]) => (n === 0 ? [] : [[key, n]])));
  const { started, ended, steps, attempts } = plain.counts;
  expect(count(started)).toEqual({ "default\nmetered\n": 1 });
  expect(count(ended)).toEqual({ "default\nmetered\nsucceeded": 1 });
  expect(count(attempts)).toEqual({ "test.work\nsucceeded": 1, "test.work\nfailed": 1 });
  expect(count(steps)).toEqual({ "step.succeeded": 1, "step.retry_scheduled": 1 });
});
