/** What callers may send to a run that is open: signals, decisions about its steps, labels. */

export interface SignalRequest {
  readonly name: string;
  readonly key?: string | null | undefined;
  readonly payload?: unknown;
  /** Applied once per run and id. Made up when missing. */
  readonly id?: string | undefined;
}

/** What somebody says to a wait.approval. */
export interface ApprovalDecision {
  readonly approved: boolean;
  readonly comment?: string | undefined;
  /** Checked against the form of the step. */
  readonly form?: unknown;
}

/** What a new run has that the old one has not. */
export interface RerunChange {
  /** Without it: the old run's. */
  readonly input?: unknown;
  /** Journaled with the principal. */
  readonly reason?: string | undefined;
  /** Of the new run. Made up when missing. */
  readonly id?: string | undefined;
}

/** What an operator decides about one step. */
export interface StepResolution {
  readonly action: "retry" | "skip" | "complete" | "fail";
  /** Journaled with the principal. */
  readonly reason?: string | undefined;
  /** Applied once per run and id. */
  readonly id?: string | undefined;
  /** complete: the step's output, and the port of a step that has ports. */
  readonly output?: unknown;
  readonly port?: string | undefined;
  /** fail: the error's message. */
  readonly message?: string | undefined;
}

/** Labels to set and to take away, both at once. */
export interface LabelChange {
  readonly set?: Readonly<Record<string, string>> | undefined;
  readonly remove?: readonly string[] | undefined;
  /** Journaled with the principal. */
  readonly reason?: string | undefined;
}

export interface PriorityChange {
  /** 0 to 10, higher first. */
  readonly priority: number;
  /** Journaled with the principal. */
  readonly reason?: string | undefined;
}

export interface CheckpointRequest {
  /** It stays until the run is deleted, whatever newer ones come. */
  readonly pin?: boolean | undefined;
  /** Journaled with the principal. */
  readonly reason?: string | undefined;
}
