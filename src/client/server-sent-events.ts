/** Server-sent events (WHATWG HTML 9.2) read from a byte stream. */

export interface ServerSentEvent {
  /** `message` unless the frame names another. */
  readonly event: string;
  readonly data: string;
}

/** The events of a stream; a frame that the end cuts short is dropped. */
export async function* readServerSentEvents(
  stream: ReadableStream<Uint8Array>,
): AsyncIterable<ServerSentEvent> {
  // What came since the last end of a line: looked at again only when there is another end.
  let rest: string[] = [];
  let isHalfEnd = false;
  let event = "";
  let data: string[] = [];
  const decoder = new TextDecoder();
  for await (const bytes of stream) {
    const text = decoder.decode(bytes, { stream: true });
    if (text === "") continue;
    rest.push(text);
    if (!isHalfEnd && !/[\r\n]/.test(text)) continue;
    isHalfEnd = text.endsWith("\r");
    const lines = rest.join("").split(/\r\n|\n|\r(?!$)/);
    rest = [lines.pop() ?? ""];
    for (const line of lines) {
      if (line !== "") {
        const [, field, value] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
        if (field === "event") event = value ?? "";
        if (field === "data") data.push(value ?? "");
        continue;
      }
      if (data.length > 0) yield { event: event || "message", data: data.join("\n") };
      event = "";
      data = [];
    }
  }
}
