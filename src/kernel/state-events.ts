/** Events about named values: the run's own, and those that it shares with others (state-step.ts). */

export type StateEvent =
  /** `path`: the step that set it; absent: the definition's `vars`. */
  | {
      readonly type: "variable.set";
      readonly name: string;
      readonly value: unknown;
      readonly path?: string;
      readonly deleted?: true;
    }
  /**
   * A step has worked on a value of its workflow or tenant, which changes in the transaction of
   * this turn. `revision`: the one it saw, 0: there was none. No `change`: it only looked.
   */
  | {
      readonly type: "state.applied";
      readonly path: string;
      readonly scope: "workflow" | "tenant";
      readonly name: string;
      readonly revision: number;
      readonly change?: "set" | "delete";
      /** set: the new revision, and the new value. */
      readonly to?: number;
      readonly value?: unknown;
    };
