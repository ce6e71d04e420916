/** How an attempt is told to stop: once, whoever listens, and whenever the signal is first asked for. */
import { expect, it } from "vitest";
import { AttemptAbort } from "#nodes/attempt-abort.ts";

it("gives an aborted signal to whoever asks late", () => {
  const abort = new AttemptAbort();
  abort.abort();
  expect(abort.signal.aborted).toBe(true);
});

it("tells its listener and its signal once", () => {
  const told: string[] = [];
  const abort = new AttemptAbort();
  abort.signal.addEventListener("abort", () => told.push("signal"));
  abort.listen(() => told.push("listener"));
  abort.abort();
  abort.abort();
  expect(told).toEqual(["signal", "listener"]);
  expect(abort.isAborted).toBe(true);
});

it("tells nobody who has stopped listening", () => {
  const abort = new AttemptAbort();
  abort.listen(() => expect.unreachable());
  abort.listen(null);
  abort.abort();
});

it("follows another signal, also one that has aborted before", () => {
  const controller = new AbortController();
  const abort = AttemptAbort.following(controller.signal);
  expect(abort.signal).toBe(controller.signal);
  let isTold = false;
  abort.listen(() => {
    isTold = true;
  });
  controller.abort();
  expect([abort.isAborted, isTold]).toEqual([true, true]);
  expect(AttemptAbort.following(AbortSignal.abort()).isAborted).toBe(true);
});
