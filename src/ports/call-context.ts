/** Who calls, for whom, and in which trace: travels with every port call from the first day. */
export interface CallContext {
  readonly tenant: string;
  /** Who acts, for the journal: `local`, a key's name, a user. */
  readonly principal: string;
  /** W3C traceparent of the caller, or null. */
  readonly trace: string | null;
}

/** A laptop's own user. */
export const LOCAL_CONTEXT: CallContext = { tenant: "default", principal: "local", trace: null };
