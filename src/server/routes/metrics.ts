/** `GET /metrics` for Prometheus, behind the same key as the API: labels name workflows and tenants. */
import type { FastifyInstance } from "fastify";
import type { Meter } from "#ports/meter.ts";

/** The metrics of a process, as text. */
export interface MetricsText {
  readonly contentType: string;
  text(): Promise<string>;
}

/** Streams count until they end. What no route matches is one series, whatever was asked for. */
export function meterRequests(app: FastifyInstance, meter: Meter): void {
  app.addHook("onResponse", (request, reply, done) => {
    const route = request.routeOptions.url ?? "unknown";
    meter.request(request.method, route, reply.statusCode, reply.elapsedTime);
    done();
  });
}

export function registerMetrics(app: FastifyInstance, metrics: MetricsText): void {
  app.get("/metrics", async (_request, reply) => {
    const text = await metrics.text();
    return reply
      .header("content-type", metrics.contentType)
      .header("cache-control", "no-store")
      .send(text);
  });
}
