/**
 * `node scripts/record-histories.ts`: writes down the runs of test/histories/scenarios.ts as played
 * by this kernel, into test/histories/<release>/. What a release has recorded is never recorded
 * again: `--unreleased` says that the version in package.json has not been published yet.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { RunEvent } from "#kernel/events.ts";
import { missingFields } from "../test/histories/event-fields.ts";
import { recordHistory } from "../test/histories/history.ts";
import { SCENARIOS } from "../test/histories/scenarios.ts";

const { values } = parseArgs({ options: { unreleased: { type: "boolean", default: false } } });
const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
const folder = `test/histories/${version}`;
if (existsSync(folder) && !values.unreleased) {
  process.stderr.write(
    `${folder} is there already. Raise the version first; or, if ${version} was never published, say --unreleased.\n`,
  );
  process.exit(1);
}
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const journals: RunEvent[][] = [];
for (const scenario of SCENARIOS) {
  const history = recordHistory(scenario, version);
  journals.push(history.journal.map(({ event }) => event));
  writeFileSync(`${folder}/${scenario.name}.json`, `${JSON.stringify(history, null, 1)}\n`);
  process.stdout.write(
    `${scenario.name}: ${history.inputs.length} inputs, ${history.journal.length} events, ${history.result.status}\n`,
  );
}
const missing = missingFields(journals);
if (missing.length > 0) {
  process.stderr.write(`No scenario has: ${missing.join(", ")}\n`);
  process.exit(1);
}
