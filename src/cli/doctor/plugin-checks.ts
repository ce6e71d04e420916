/** Whether the plugins of the configuration can run here, and how those of a running server do. */
import { pluginReports } from "../plugin-reports.ts";
import type { Session } from "../session.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";

export async function pluginFindings(session: Session): Promise<readonly Finding[]> {
  const reports = await pluginReports(session);
  return reports.map((report) => {
    const { from, name, version, types, sealed, refusal, health } = report;
    const check = `plugin ${name ?? from}`;
    if (refusal !== null) return fail(check, refusal, "Steps of its types cannot run.");
    const what = `${version}, ${types.length} node types`;
    if (health !== null && health.state !== "running")
      return warn(
        check,
        `${what}: its process is ${health.state}, because the last one ${health.lastEnd?.text ?? "has not started"}`,
        "Its steps wait or fail with plugin_failed until it runs; the server's log has what it wrote.",
      );
    const how = health === null ? "" : `, restarted ${health.restarts} times`;
    return sealed
      ? ok(check, `${what}, sealed${how}`)
      : warn(
          check,
          `${what}, not sealed${how}`,
          "Node's permission model alone holds it: remove sealed: false unless you trust its code.",
        );
  });
}
