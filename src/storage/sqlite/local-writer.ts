/** The writer in the calling thread: least latency, but an fsync holds up everything else there. */
import { LockstitchError } from "#errors/errors.ts";
import { GroupWriter, type GroupWriterOptions } from "./group-writer.ts";
import { IdleTidying } from "./idle-tidying.ts";
import type { Writer, WriterCall, WriterCalls } from "./writer-calls.ts";

export class LocalWriter implements Writer {
  readonly #writer: GroupWriter;
  readonly #tidying: IdleTidying;
  #isClosed = false;

  constructor(path: string, epoch: number, options: GroupWriterOptions = {}) {
    this.#writer = new GroupWriter(path, epoch, options);
    this.#tidying = new IdleTidying(() => this.#writer.tidy());
  }

  async call<Kind extends WriterCall>(
    kind: Kind,
    input: WriterCalls[Kind]["input"],
  ): Promise<WriterCalls[Kind]["output"]> {
    if (this.#isClosed) throw new LockstitchError("store_unavailable", "the store is closed");
    const output = this.#writer.handle(kind, input);
    if (this.#writer.isWalLarge) this.#writer.tidy();
    this.#tidying.called();
    return output;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#tidying.stop();
    this.#writer.close();
  }
}
