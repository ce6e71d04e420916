/** Whether the secrets that saved workflows read are there; their values are not looked at. */
import type { NodeRegistry } from "#nodes/registry.ts";
import { LOCAL_CONTEXT } from "#ports/call-context.ts";
import type { Secrets } from "#ports/secrets.ts";
import type { Store } from "#ports/store.ts";
import type { WorkflowDefinition } from "#workflow/definition.ts";
import { compilePlan } from "#workflow/plan-compile.ts";
import { secretsOfPlan } from "#workflow/secret-reads.ts";
import { type Finding, ok, warn } from "./finding.ts";

const WORKFLOWS_PER_READ = 200;
const SHOWN_MAX = 5;

/** Looks at the newest version of every workflow. */
export async function secretFinding(
  store: Store,
  nodes: NodeRegistry,
  secrets: Secrets,
): Promise<Finding> {
  const readers = await readersOf(store, nodes);
  if (readers.size === 0) return ok("secrets", "no saved workflow reads any");
  const { tenant } = LOCAL_CONTEXT;
  const present = new Set(await secrets.list(tenant));
  const missing = [...readers.keys()].filter((name) => !present.has(name)).sort();
  const [first] = missing;
  if (first === undefined)
    return ok("secrets", `${[...readers.keys()].sort().join(", ")}: all there`);
  const named = missing
    .slice(0, SHOWN_MAX)
    .map((name) => `${name} (${(readers.get(name) ?? []).slice(0, SHOWN_MAX).join(", ")})`);
  const more = missing.length > SHOWN_MAX ? `; and ${missing.length - SHOWN_MAX} more` : "";
  return warn(
    "secrets",
    `${missing.length} of ${readers.size} not found from here: ${named.join("; ")}${more}`,
    `Set ${secrets.places(tenant, first).join(", or ")}, where the server runs (docs/secrets.md).`,
  );
}

/** Workflows by the secret that they read. */
async function readersOf(store: Store, nodes: NodeRegistry): Promise<Map<string, string[]>> {
  const readers = new Map<string, string[]>();
  for (let after: string | null = null; ; ) {
    const found = await store.catalogue.list(LOCAL_CONTEXT, after, WORKFLOWS_PER_READ);
    for (const { name } of found)
      for (const secret of await secretsReadBy(name, store, nodes))
        readers.set(secret, [...(readers.get(secret) ?? []), name]);
    after = found.at(-1)?.name ?? null;
    if (found.length < WORKFLOWS_PER_READ) return readers;
  }
}

/** One whose node types are missing here reads nothing: its runs are found among the open ones. */
async function secretsReadBy(
  name: string,
  { catalogue }: Store,
  nodes: NodeRegistry,
): Promise<readonly string[]> {
  const saved = await catalogue.find(LOCAL_CONTEXT, name, null);
  if (saved === null) return [];
  try {
    const definition = JSON.parse(saved.definition) as WorkflowDefinition;
    return secretsOfPlan(compilePlan(definition, nodes));
  } catch {
    // It was saved with node types that are not here, or by another release.
    return [];
  }
}
