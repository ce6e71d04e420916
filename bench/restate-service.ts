/** The peer's side of the workflows: a service whose handlers run n durable steps (`ctx.run`), one after another. */
import { type Context, serve, service } from "@restatedev/restate-sdk";

const chain = (steps: number) => async (context: Context) => {
  for (let index = 0; index < steps; index += 1) await context.run(`step${index + 1}`, () => null);
  return null;
};

await serve({
  services: [
    service({
      name: "bench",
      handlers: { run1: chain(1), run5: chain(5), run1000: chain(1_000) },
    }),
  ],
  port: Number(process.env["BENCH_PORT"]),
});
process.stdout.write("ready\n");
