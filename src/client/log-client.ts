/** What steps have logged, over HTTP: pages, and live without loss or doubles over lost connections. */
import type { LogFollowQuery, LogLineView } from "#engine/engine.ts";
import type { StepLogQuery } from "#ports/step-logs.ts";
import { queryText, runPath } from "./request-path.ts";
import { resumedStream } from "./resumed-stream.ts";
import type { Transport } from "./transport.ts";
import { LogLineJson, LogPageJson, logLineFromJson } from "./wire/log.ts";

export interface LogClient {
  page(runId: string, query: StepLogQuery): Promise<readonly LogLineView[]>;
  follow(runId: string, query: LogFollowQuery, signal: AbortSignal): AsyncIterable<LogLineView>;
}

export function logsOverHttp(transport: Transport): LogClient {
  const pathOf = (runId: string, { path: step, ...rest }: Partial<StepLogQuery>) =>
    `${runPath(runId)}/logs${queryText({ step, ...rest })}`;
  return {
    async page(runId, query) {
      const { json } = await transport.request({ method: "GET", path: pathOf(runId, query) });
      return LogPageJson.parse(json).items.map(logLineFromJson);
    },
    async *follow(runId, query, signal) {
      let after = query.after ?? 0;
      const open = () => transport.stream(pathOf(runId, { ...query, after }), signal);
      for await (const event of resumedStream(transport, open, signal)) {
        if (event.event === "end") return;
        const line = logLineFromJson(LogLineJson.parse(JSON.parse(event.data)));
        if (line.position <= after) continue;
        after = line.position;
        yield line;
      }
    },
  };
}
