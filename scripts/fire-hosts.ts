/**
 * `node scripts/fire-hosts.ts --seconds 40 --hosts 3 --schedules 20 --kills 10 --restarts 2`: real hosts
 * on a PostgreSQL of their own fire schedules every second, while hosts are killed (kill -9) and the
 * database is stopped and started. Exit code 1: an instant has no run, or two.
 */
import { parseArgs } from "node:util";
import { databaseAddress } from "#storage/postgres/database-address.ts";
import { migrate } from "#storage/postgres/migrate.ts";
import { MIGRATIONS } from "#storage/postgres/migrations/all.ts";
import { fireOnHosts } from "../test/engine/triggers/firing-hosts.ts";
import { programOrSkip, startPostgres } from "../test/support/real-server.ts";

const text = (value: string) => ({ type: "string", default: value }) as const;
const { values } = parseArgs({
  options: {
    ...{ seconds: text("40"), hosts: text("3"), schedules: text("20") },
    ...{ kills: text("10"), restarts: text("2") },
  },
});
const program = programOrSkip("postgres");
if (program === null) process.exit(1);
await using server = await startPostgres(program);
const url = server.url("postgres");
await migrate(databaseAddress(url), MIGRATIONS);
const outcome = await fireOnHosts({
  ...{ url, seconds: Number(values.seconds), hosts: Number(values.hosts) },
  ...{ schedules: Number(values.schedules), kills: Number(values.kills) },
  restarts: Number(values.restarts),
  async restart() {
    process.stdout.write("the database is stopped and started\n");
    await server.stop();
    await server.start();
  },
});
process.stdout.write(`${JSON.stringify(outcome, null, 1)}\n`);
process.exitCode = outcome.lost.length + outcome.doubled.length > 0 ? 1 : 0;
