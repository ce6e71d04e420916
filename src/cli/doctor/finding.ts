/** One thing that was looked at: how it is, and what to do about it. */
export interface Finding {
  readonly check: string;
  readonly status: "ok" | "warn" | "fail";
  readonly text: string;
  /** null: nothing is to be done. */
  readonly fix: string | null;
}

export function ok(check: string, text: string): Finding {
  return { check, status: "ok", text, fix: null };
}

export function warn(check: string, text: string, fix: string): Finding {
  return { check, status: "warn", text, fix };
}

export function fail(check: string, text: string, fix: string): Finding {
  return { check, status: "fail", text, fix };
}
