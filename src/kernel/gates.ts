/** What admission is asked for, as it is journaled: limits with their keys evaluated. */
export interface SlotRequest {
  readonly key: string;
  readonly limit: number;
}

export interface RateRequest extends SlotRequest {
  readonly perMs: number;
}

export interface BreakerRequest {
  readonly key: string;
  readonly failureThreshold: number;
  readonly resetAfterMs: number;
}

/** What the workflow itself asks of admission for a step's attempts: its policies, keys evaluated. */
export interface StepGates {
  readonly concurrency?: SlotRequest;
  readonly rateLimit?: RateRequest;
  readonly circuitBreaker?: BreakerRequest;
}

/** A gate that an attempt passed, as people call it. */
export interface PassedGate {
  readonly gate:
    | "concurrency"
    | "bulkhead"
    | "quota"
    | "quarantine"
    | "rate_limit"
    | "circuit_breaker";
  readonly key: string;
}
