/** Pacing of the torture, which happens in real time because its victims are real processes. */

export function pause(delayMs: number): Promise<void> {
  return new Promise((wake) => setTimeout(wake, delayMs));
}
