/** How a caller of the engine would like values to come. */
export interface ReadOptions {
  /**
   * A run's input and output come as PackedJson where they are large: the bytes of their JSON as
   * the store has them, for who only passes them on. Default: false, values are values.
   */
  readonly packed?: boolean;
}

/** A start that answers at the run's end, as wait() would, for one view of the run instead of two. */
export interface StartWait {
  readonly wait?: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined };
}
