/** The one global type of the host that the node contract names; pure code itself never uses it. */
interface AbortSignal {
  readonly aborted: boolean;
}
