/** What ties a run to others: its parent, the run that it goes on for, and the versions they share. */

export interface ParentLink {
  readonly runId: string;
  readonly path: string;
  /** 1 for a child of a run that has no parent. */
  readonly depth: number;
  readonly wait: boolean;
}

/** Version by name of a workflow. */
export type Pins = Readonly<Record<string, number>>;

/** Where a run goes on. */
export interface Continued {
  readonly fromRunId: string;
  readonly chainId: string;
  /** Ids of the last signals that the chain has received: none of them counts again. */
  readonly signalIds: readonly string[];
}
