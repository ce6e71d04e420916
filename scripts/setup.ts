/**
 * Finds the programs that tests need beyond npm and installs what is missing, where it may: with
 * apt as root or by passwordless sudo. What stays missing is named; its suites skip themselves,
 * and with CI=true the test command fails, so that a skip never passes for a proof.
 */
import { spawnSync } from "node:child_process";
import { findProgram, PROGRAMS, type ProgramName } from "./programs.ts";

/** Names of the programs that are still missing afterwards. */
export function setUp(): ProgramName[] {
  const names = Object.keys(PROGRAMS) as ProgramName[];
  let missing = names.filter((name) => findProgram(name) === null);
  if (missing.length > 0) {
    const prefix = aptPrefix();
    if (prefix !== null) {
      install(prefix, missing);
      missing = missing.filter((name) => findProgram(name) === null);
    }
  }
  for (const name of names) {
    const program = PROGRAMS[name];
    const path = missing.includes(name) ? null : findProgram(name);
    process.stdout.write(
      path === null
        ? `${program.name}: missing, so ${program.usedFor} are skipped; install one of ` +
            `${program.packages.join(", ")} or name it in ${program.variable}\n`
        : `${program.name}: ${path}\n`,
    );
  }
  return missing;
}

/** How apt can be called without a question, or null where it cannot. */
function aptPrefix(): string[] | null {
  if (spawnSync("apt-get", ["--version"]).status !== 0) return null;
  if (process.getuid?.() === 0) return [];
  return spawnSync("sudo", ["-n", "true"]).status === 0 ? ["sudo", "-n"] : null;
}

function install(prefix: readonly string[], missing: readonly ProgramName[]): void {
  apt(prefix, ["update", "-qq"]);
  for (const name of missing) {
    for (const packageName of PROGRAMS[name].packages) {
      process.stdout.write(`installing ${packageName}\n`);
      apt(prefix, ["install", "-y", "-qq", "--no-install-recommends", packageName]);
      if (findProgram(name) !== null) break;
    }
  }
}

/** Its chatter is shown only when it fails. */
function apt(prefix: readonly string[], args: readonly string[]): void {
  const [command = "apt-get", ...rest] = [...prefix, "env", "DEBIAN_FRONTEND=noninteractive"];
  const result = spawnSync(command, [...rest, "apt-get", ...args], {
    encoding: "utf8",
    timeout: 10 * 60_000,
  });
  if (result.status !== 0) process.stdout.write(`${result.stdout ?? ""}${result.stderr ?? ""}`);
}

if (import.meta.main) {
  const missing = setUp();
  if (missing.length > 0 && process.env["CI"] === "true") process.exitCode = 1;
}
