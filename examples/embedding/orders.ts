/**
 * Lockstitch inside a program: node types as plain functions, a typed workflow, a run that waits
 * for a signal, and the same run found again after a restart. Run it twice, or kill it in between:
 *   node orders.ts
 */
import { node, openLockstitch, RunFailed, workflow } from "lockstitch";
import { z } from "zod";

// A plain function is a node type. It runs at least once; `idempotencyKey` tells repeats apart.
const charge = node(
  "shop.charge",
  async (order: { customer: string; amount: number }, { idempotencyKey, log }) => {
    log.info(`charging ${order.customer}`, { idempotencyKey });
    if (order.amount > 10_000) throw new Error(`${order.amount} is more than the card allows`);
    return { receipt: `${order.customer}-${order.amount}` };
  },
);

const Order = z.object({ customer: z.string(), amount: z.number().positive() });

// What the builder returns is the output; its type is known where the run ends.
const orders = workflow("orders", { input: Order }, (w) => {
  const paid = w.step("charge", charge, {
    customer: w.input.customer,
    amount: w.input.amount,
  });
  w.step("packed", "wait.signal", { name: "packed", expires: "7d" });
  return { receipt: paid.output.receipt, customer: w.input.customer };
});

await using lockstitch = await openLockstitch({ data: "./data", nodes: [charge] });

// Durable once this resolves. Starting the same id again gives the same run.
const order = await lockstitch.start(orders, { customer: "Ada", amount: 120 }, { id: "order-1" });
console.log(order.created ? "started" : "found again", order.id);

// Counts once, however often it is sent: its id is remembered with the run. So it is sent at every
// start, as a kill may have come before it; only a run that has ended takes none.
const packed = lockstitch.signal(order.id, "packed", { by: "Bob" }, { id: "packed-1" });
await packed.catch((error) => {
  if (error.code !== "run_terminal") throw error;
});
const { output } = await order.result();
console.log("receipt", output.receipt);

try {
  await lockstitch.run(orders, { customer: "Bob", amount: 20_000 });
} catch (error) {
  if (!(error instanceof RunFailed)) throw error;
  console.log("failed", error.code, error.run.error?.message);
}

for await (const run of lockstitch.runs({ workflow: "orders", limit: 5 }))
  console.log(run.status.padEnd(9), run.id);
