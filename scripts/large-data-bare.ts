/**
 * `node scripts/large-data-bare.ts IN OUT`: what scripts/large-data.ts has a workflow do, as a program that
 * somebody would write for it with the streams of Node and the same library. Nothing is durable.
 */
import { createReadStream, writeFileSync } from "node:fs";
import { parse } from "csv-parse";
import { stringify } from "csv-stringify/sync";

const [source = "", target = ""] = process.argv.slice(2);

interface Group {
  readonly customer: string;
  readonly count: number;
  readonly revenue: number;
}

const groups = new Map<string, Group>();
const rows = createReadStream(source).pipe(parse({ columns: true }));
for await (const row of rows as AsyncIterable<Readonly<Record<string, string>>>) {
  const amount = Number(row["amount"]);
  if (row["status"] !== "paid" || amount < 100) continue;
  const customer = row["customer"] ?? "";
  const known = groups.get(customer) ?? { customer, count: 0, revenue: 0 };
  groups.set(customer, { customer, count: known.count + 1, revenue: known.revenue + amount });
}
writeFileSync(target, stringify([...groups.values()], { header: true }));
const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
const cpuSeconds = (userCPUTime + systemCPUTime) / 1_000_000;
process.stdout.write(`${JSON.stringify({ peakMib: maxRSS / 1_024, cpuSeconds })}\n`);
