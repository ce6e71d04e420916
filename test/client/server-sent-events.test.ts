/** server-sent-events.ts: the same events however the bytes are cut, and long frames in linear time. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { readServerSentEvents, type ServerSentEvent } from "#client/server-sent-events.ts";

function streamOf(chunks: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
}

async function read(chunks: readonly Uint8Array[]): Promise<ServerSentEvent[]> {
  const events: ServerSentEvent[] = [];
  for await (const event of readServerSentEvents(streamOf(chunks))) events.push(event);
  return events;
}

const EXPECTED = [
  { event: "message", data: "one" },
  { event: "end", data: "two\nthree ü→😀" },
  { event: "message", data: " kept: as it is" },
  { event: "message", data: "" },
];

it.each(["\n", "\r\n", "\r"])(
  "gives the same events wherever the bytes are cut: %j",
  async (end) => {
    const lines = [
      ...[
        "data: one",
        "",
        ": a comment",
        "id: 7",
        "event: end",
        "data: two",
        "data:three ü→😀",
        "",
      ],
      ...["data:  kept: as it is", "", "event: nothing", "", "data", "", "data: cut short"],
    ];
    const bytes = new TextEncoder().encode(`${lines.join(end)}`);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length)), async (places) => {
        const cuts = [0, ...places, bytes.length].sort((a, b) => a - b);
        const chunks = cuts.slice(1).map((to, at) => bytes.subarray(cuts[at], to));
        expect(await read(chunks)).toEqual(EXPECTED);
      }),
      { numRuns: 200 },
    );
  },
);

// Where each chunk looks at all that came before it, this takes minutes.
it("reads a frame of 8 MiB that comes 1 KiB at a time", async () => {
  const chunk = new TextEncoder().encode("x".repeat(1024));
  const [head, tail] = ["data: ", "\n\n"].map((text) => new TextEncoder().encode(text));
  const chunks = Array.from({ length: 8 * 1024 }, () => chunk);
  const [event] = await read([...(head ? [head] : []), ...chunks, ...(tail ? [tail] : [])]);
  expect(event?.data).toHaveLength(8 * 1024 * 1024);
});
