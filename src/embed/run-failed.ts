/** What an embedding program catches when a run did not succeed: the run's own error, and the run. */
import type { RunView } from "#engine/engine.ts";

export class RunFailed extends Error {
  override readonly name = "RunFailed";
  /** The step error's code (`http.500`, `timeout`, ...); `cancelled` for a run that was cancelled. */
  readonly code: string;
  readonly run: RunView;

  constructor(run: RunView) {
    const { id, workflow, status, error } = run;
    const where = error?.path === undefined ? "" : ` at ${error.path}`;
    super(
      `Run ${id} of ${workflow} ${status}${error === null ? "" : `${where}: ${error.message}`}`,
    );
    this.code = error?.code ?? status;
    this.run = run;
  }
}
