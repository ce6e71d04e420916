/**
 * A process for handed-on.test.ts: five steps make 10 MB each, a hundred hand them on. Prints how much
 * resident memory the hundred took, and what arrived.
 */
import { z } from "zod";
import { defineNode, openLockstitch } from "../../src/lockstitch.ts";

const VALUES = 5;
const STEPS = 100;
const ROWS = 99_000;
const MIB = 1_048_576;

let atMarkMib = 0;

function residentMib(): number {
  return process.memoryUsage().rss / MIB;
}

const make = defineNode({
  type: "test.make",
  title: "Make",
  description: "Makes 10 MB.",
  category: "user",
  icon: "box",
  pure: false,
  config: z.strictObject({ seed: z.int() }),
  output: z.array(z.string()),
  run: ({ seed }) =>
    Promise.resolve(Array.from({ length: ROWS }, (_, n) => `${seed} ${n} `.padEnd(100, "-"))),
});

const mark = defineNode({
  type: "test.mark",
  title: "Mark",
  description: "Looks at the memory.",
  category: "user",
  icon: "eye",
  pure: false,
  config: z.strictObject({ isStart: z.boolean() }),
  output: z.number(),
  run: ({ isStart }) => {
    if (isStart) atMarkMib = residentMib();
    return Promise.resolve(Math.max(residentMib(), process.resourceUsage().maxRSS / 1_024));
  },
});

const handOn = (id: string, from: string, needs: readonly string[] = []) => ({
  ...{ id, uses: "data.set", with: { value: `\${{ steps.${from}.output }}` } },
  ...(needs.length > 0 ? { needs: [...needs] } : {}),
});
const chains = Array.from({ length: VALUES }, (_, n) => n);
const firsts = chains.map((n) => `first${n}`);
const lasts = chains.map((n) => `s${STEPS - VALUES + n}`);

const [data = ""] = process.argv.slice(2);
const l = await openLockstitch({ data, log: "error", nodes: [make, mark] });
await l.save({
  language: 1,
  name: "hand-on",
  steps: [
    ...chains.map((n) => ({ id: `make${n}`, uses: "test.make", with: { seed: n } })),
    // The first of each chain makes bytes of what is objects yet.
    ...chains.map((n) => handOn(`first${n}`, `make${n}`)),
    { id: "start", uses: "test.mark", with: { isStart: true }, needs: firsts },
    ...Array.from({ length: STEPS }, (_, n) =>
      n < VALUES ? handOn(`s${n}`, `first${n}`, ["start"]) : handOn(`s${n}`, `s${n - VALUES}`),
    ),
    { id: "end", uses: "test.mark", with: { isStart: false }, needs: lasts },
  ],
  output: { peakMib: "${{ steps.end.output }}", last: `\${{ steps.${lasts[0]}.output[7] }}` },
});
const run = await l.start("hand-on", {});
const { status, output } = await run.result();
await l.close({ graceMs: 0 });
const { peakMib, last } = output as { readonly peakMib: number; readonly last: string };
process.stdout.write(`${JSON.stringify({ status, growthMib: peakMib - atMarkMib, last })}\n`);
