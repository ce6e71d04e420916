/**
 * The layer table of ARCHITECTURE.md, held by a test: who may import whom, no cycles, adapters
 * named by the composition root only, and pure rooms that load where there is no Node at all.
 */
import { readdirSync } from "node:fs";
import type { Statement, VariableDeclarator } from "@swc/core";
import { Visitor } from "@swc/core/Visitor.js";
import { cruise, type IForbiddenRuleType, type IViolation } from "dependency-cruiser";
import { expect, test } from "vitest";

interface Layer {
  /** Rooms of src/ whose modules it may import, besides its own. */
  readonly rooms: readonly string[];
  /** Packages from npm: none, or any that package.json lists. */
  readonly packages: boolean;
  /** Node's own modules. */
  readonly node: boolean;
}

const pure = (...rooms: string[]): Layer => ({ rooms, packages: true, node: false });
const worldly = (...rooms: string[]): Layer => ({ rooms, packages: true, node: true });

/** The most specific room first: a module belongs to the first row whose name its path begins with. */
const LAYERS: Readonly<Record<string, Layer>> = {
  errors: { rooms: [], packages: false, node: false },
  workflow: pure("errors"),
  kernel: pure("errors", "workflow"),
  "nodes/pure": pure("errors", "workflow", "nodes/define-node.ts"),
  nodes: worldly("errors", "workflow", "nodes/pure", "ports"),
  plugins: worldly("errors", "workflow", "nodes", "ports"),
  ports: pure("errors", "workflow"),
  engine: worldly("errors", "workflow", "kernel", "nodes", "ports"),
  storage: worldly("errors", "ports"),
  system: worldly("errors", "ports"),
  observe: worldly("errors", "ports"),
  // What goes over the wire is the engine's contract: its types only, never a running part.
  client: worldly(
    ...["errors", "workflow", "ports"],
    ...["engine/engine.ts", "engine/engine-care.ts", "engine/engine-triggers.ts"],
    "engine/named-values.ts",
  ),
  // Scripts of the live page run in the browser.
  "server/page": { rooms: [], packages: false, node: false },
  server: worldly("errors", "workflow", "nodes", "ports", "engine", "client"),
  cli: worldly("errors", "workflow", "nodes", "ports", "engine", "client", "plugins"),
  embed: worldly("errors", "workflow", "nodes", "ports", "engine"),
};

/** Rooms of adapters: only the composition root names them, and none imports another. */
const ADAPTERS = ["storage", "system", "observe"];
const COMPOSITION_ROOT = "^src/(main|lockstitch|engine-parts)\\.ts$";

const importRules: IForbiddenRuleType[] = Object.entries(LAYERS).flatMap(([layer, allowed]) => {
  const from = { path: `^src/${layer}/`, pathNot: innerRooms(layer) };
  return [
    {
      name: `${layer} imports only ${["itself", ...allowed.rooms].join(", ")} of src/`,
      severity: "error" as const,
      from,
      to: {
        path: "^src/",
        pathNot: [layer, ...allowed.rooms].map((room) => `^src/${room}${endOf(room)}`),
      },
    },
    ...(allowed.packages
      ? []
      : [
          {
            name: `${layer} imports no packages`,
            severity: "error" as const,
            from,
            to: { path: "node_modules/" },
          },
        ]),
    ...(allowed.node
      ? []
      : [
          {
            name: `${layer} imports nothing of Node`,
            severity: "error" as const,
            from,
            to: { dependencyTypes: ["core" as const] },
          },
        ]),
  ];
});

const houseRules: IForbiddenRuleType[] = [
  {
    name: "no cycles",
    severity: "error",
    from: {},
    to: { circular: true },
  },
  {
    name: "every import resolves",
    severity: "error",
    // The live page names its scripts by the address at which the server serves them.
    from: { pathNot: "^src/server/page/" },
    to: { couldNotResolve: true },
  },
  {
    name: "only main.ts names adapters",
    severity: "error",
    from: { pathNot: [COMPOSITION_ROOT, ...ADAPTERS.map((room) => `^src/${room}/`)] },
    to: { path: ADAPTERS.map((room) => `^src/${room}/`) },
  },
  {
    name: "no storage adapter imports another",
    severity: "error",
    from: { path: "^src/storage/([^/]+)/" },
    to: { path: "^src/storage/[^/]+/", pathNot: "^src/storage/$1/" },
  },
  {
    name: "nothing imports server/ or cli/",
    severity: "error",
    from: { pathNot: [COMPOSITION_ROOT, "^src/(server|cli)/"] },
    to: { path: "^src/(server|cli)/" },
  },
];

test("imports follow the layer table, and the cruise saw every module", async () => {
  const { modules, violations } = await cruiseSource([...importRules, ...houseRules]);

  const onDisk = sourceFiles();
  expect(onDisk.length).toBeGreaterThan(20);
  expect(modules.filter((path) => path.startsWith("src/")).toSorted()).toEqual(onDisk);
  expect(violations.map(describe)).toEqual([]);
});

test("every room of src/ stands in the layer table", () => {
  const rooms = readdirSync("src", { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
  expect(rooms.filter((room) => !(room in LAYERS))).toEqual([]);
});

test("the cruise does see a forbidden import", async () => {
  const { violations } = await cruiseSource([
    {
      name: "planted: nodes imports nothing of workflow",
      severity: "error",
      from: { path: "^src/nodes/define-node\\.ts$" },
      to: { path: "^src/workflow/" },
    },
  ]);
  expect(violations.map(describe)).toContain(
    "src/nodes/define-node.ts -> src/workflow/json.ts: planted: nodes imports nothing of workflow",
  );
});

/** The visitor that the cruise walks with knows no `using` declarations yet: to it they are variables. */
function teachUsingDeclarations(): void {
  const { visitStatement } = Visitor.prototype;
  Visitor.prototype.visitStatement = function (this: Visitor, statement: Statement) {
    if ((statement.type as string) !== "UsingDeclaration")
      return visitStatement.call(this, statement);
    const { decls } = statement as unknown as { decls: VariableDeclarator[] };
    this.visitVariableDeclarators(decls);
    return statement;
  };
}
teachUsingDeclarations();

async function cruiseSource(
  forbidden: IForbiddenRuleType[],
): Promise<{ modules: string[]; violations: readonly IViolation[] }> {
  const { output } = await cruise(["src"], {
    validate: true,
    parser: "swc", // typescript 7 has no parser API yet; without swc this would cruise nothing and pass
    tsPreCompilationDeps: true, // type-only imports count too
    doNotFollow: { path: "node_modules" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
    },
    ruleSet: { forbidden },
  });
  if (typeof output === "string") throw new Error("the cruise gave text instead of a result");
  return {
    modules: output.modules.map((module) => module.source),
    violations: output.summary.violations,
  };
}

/** Patterns of rooms inside `layer` that have a row of their own. */
function innerRooms(layer: string): string[] {
  return Object.keys(LAYERS)
    .filter((other) => other.startsWith(`${layer}/`))
    .map((other) => `^src/${other}/`);
}

function endOf(room: string): string {
  return room.endsWith(".ts") ? "$" : "/";
}

function describe({ from, to, rule }: IViolation): string {
  return `${from} -> ${to}: ${rule.name}`;
}

function sourceFiles(): string[] {
  return readdirSync("src", { recursive: true, encoding: "utf8" })
    .filter((path) => /\.[tj]s$/.test(path))
    .map((path) => `src/${path}`)
    .toSorted();
}
