/** What a workflow runs, as a tree for people: each workflow's calls once, lines bounded. */
import { visible } from "#errors/visible-text.ts";
import type { DependencyCall, WorkflowDependencies } from "#workflow/dependencies.ts";

/** Lines that people are shown; `--json` has all. */
const LINES_MAX = 200;

export function dependencyLines(found: WorkflowDependencies): readonly string[] {
  const byKey = new Map(found.workflows.map((each) => [keyOf(each.name, each.version), each]));
  const lines: string[] = [];
  const shown = new Set<string>();
  const show = (key: string, depth: number): void => {
    const workflow = byKey.get(key);
    if (workflow === undefined || shown.has(key)) return;
    shown.add(key);
    for (const call of workflow.calls) {
      const target = call.workflow === null ? null : keyOf(call.workflow, call.version);
      const isKnown =
        target !== null && !call.isMissing && (byKey.get(target)?.calls.length ?? 0) > 0;
      const above = isKnown && shown.has(target) ? ", see above" : "";
      lines.push(`${"   ".repeat(depth)}${callText(call)}${above}`);
      if (isKnown && above === "") show(target, depth + 1);
    }
  };
  const [root] = found.workflows;
  if (root !== undefined) show(keyOf(root.name, root.version), 0);
  const more = lines.length - LINES_MAX;
  return more > 0 ? [...lines.slice(0, LINES_MAX), `... ${more} more; --json has all`] : lines;
}

/** What is missing, and who runs in circles, a sentence each. `where`: in which place it was looked for. */
export function dependencyWarnings(found: WorkflowDependencies, where = "here"): readonly string[] {
  const missing = found.missing.map(({ workflow, version, neededBy }) => {
    const which = version === null ? "" : ` version ${version}`;
    return `there is no workflow ${visible(workflow)}${which} ${where}, which ${visible(neededBy)} needs`;
  });
  const circles = found.cycles.map(({ path, isCertain }) => {
    const way = visible(path.join(" -> "));
    return isCertain
      ? `${way} never ends but at the depth limit`
      : `${way} is recursion, which a condition must end`;
  });
  return [...missing, ...circles];
}

const BINDINGS = {
  fixed: "as written",
  pinned: "pinned when the run starts",
  latest: "the newest when the step runs",
  computed: "known when the step runs",
} as const;

function callText({ path, workflow, version, binding, isMissing }: DependencyCall): string {
  if (workflow === null) return `${visible(path)}: by an expression`;
  const which = isMissing
    ? "missing"
    : `${version === null ? "" : `version ${version}, `}${BINDINGS[binding]}`;
  return `${visible(path)}: ${visible(workflow)} (${which})`;
}

function keyOf(name: string, version: number | null): string {
  return `${name}\n${version ?? ""}`;
}
