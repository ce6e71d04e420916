/**
 * Where a step instance stands in a run: an array of segments, and its text form, which is the
 * key in journals, APIs and messages.
 *
 *   lines[3].price        item 3 of for_each `lines`, its step `price`
 *   m["eu.west"].fetch    item with a key of an object
 *   loop@3.x              pass 3 of while `loop`
 *   block#2.charge        second attempt of a block that is retried
 *   p.left.b              branch `left` of parallel `p`
 *   t.catch.b             a slot of a step: catch, finally, then, else, a case
 *   ["node-1"].x          ids that are no identifiers are JSON strings in brackets
 *
 * I1. Text and segments determine each other: parsePath(formatPath(s)) equals s.
 * I2. Within a segment the order is: id, `#attempt`, `[item]`, `@pass`.
 * I3. Step ids `catch` and `finally` are reserved, so a slot never looks like a step beside it.
 */
export interface PathSegment {
  readonly id: string;
  /** Index of an array's item, or key of an object's. */
  readonly item?: number | string;
  /** Pass of a while loop. */
  readonly pass?: number;
  /** Attempt of a block, from 2; the first has none. */
  readonly attempt?: number;
}

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The text form of `segments`; the empty array gives "". */
export function formatPath(segments: readonly PathSegment[]): string {
  let path = "";
  for (const segment of segments) {
    path = childPath(path, segment.id);
    if (segment.attempt !== undefined) path = attemptPath(path, segment.attempt);
    if (segment.item !== undefined) path = itemPath(path, segment.item);
    if (segment.pass !== undefined) path = passPath(path, segment.pass);
  }
  return path;
}

/** The path of step `id` in the scope at `scopePath` (`` is the root scope). */
export function childPath(scopePath: string, id: string): string {
  const name = IDENTIFIER.test(id) ? id : `[${JSON.stringify(id)}]`;
  return scopePath === "" ? name : `${scopePath}.${name}`;
}

/** The scope of one item of the for_each at `stepPath`. */
export function itemPath(stepPath: string, key: number | string): string {
  return typeof key === "number" ? `${stepPath}[${key}]` : `${stepPath}[${JSON.stringify(key)}]`;
}

/** The scope of one pass of the while at `stepPath`. */
export function passPath(stepPath: string, pass: number): string {
  return `${stepPath}@${pass}`;
}

/** The block at `stepPath` in its `attempt`th attempt; the first adds nothing. */
export function attemptPath(stepPath: string, attempt: number): string {
  return attempt >= 2 ? `${stepPath}#${attempt}` : stepPath;
}

/** The scope that `segment` (PlanScope.pathSegment) names below the step at `stepPath`; `` adds nothing. */
export function slotPath(stepPath: string, segment: string): string {
  return segment === "" ? stepPath : childPath(stepPath, segment);
}

/** The segments of `text`, or null where it is no path. Ids may be quoted without need. */
export function parsePath(text: string): PathSegment[] | null {
  const segments: PathSegment[] = [];
  if (text === "") return segments;
  const reader = new PathReader(text);
  while (true) {
    const segment = reader.segment();
    if (segment === null) return null;
    segments.push(segment);
    if (reader.atEnd) return segments;
    if (!reader.skip(".")) return null;
  }
}

/** A cursor over the text of one path. Every method answers null where its piece is malformed. */
class PathReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get atEnd(): boolean {
    return this.#at === this.#text.length;
  }

  skip(mark: string): boolean {
    if (this.#text[this.#at] !== mark) return false;
    this.#at += 1;
    return true;
  }

  segment(): PathSegment | null {
    const id = this.skip("[") ? this.#quoted() : this.#take(/[A-Za-z_][A-Za-z0-9_]*/y);
    if (id === null) return null;
    const segment: { -readonly [K in keyof PathSegment]: PathSegment[K] } = { id };
    if (this.skip("#")) {
      const attempt = this.#integer();
      if (attempt === null || attempt < 2) return null;
      segment.attempt = attempt;
    }
    if (this.skip("[")) {
      const item = this.#text[this.#at] === '"' ? this.#quoted() : this.#index();
      if (item === null) return null;
      segment.item = item;
    }
    if (this.skip("@")) {
      const pass = this.#integer();
      if (pass === null) return null;
      segment.pass = pass;
    }
    return segment;
  }

  /** A JSON string and the bracket that closes it. */
  #quoted(): string | null {
    const literal = this.#take(/"(?:[^"\\]|\\.)*"/y);
    if (literal === null || !this.skip("]")) return null;
    try {
      return JSON.parse(literal) as string;
    } catch {
      // No JSON string, so no path.
      return null;
    }
  }

  #index(): number | null {
    const index = this.#integer();
    return index !== null && this.skip("]") ? index : null;
  }

  #integer(): number | null {
    const digits = this.#take(/0|[1-9]\d{0,15}/y);
    const value = digits === null ? Number.NaN : Number(digits);
    return Number.isSafeInteger(value) ? value : null;
  }

  #take(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? null;
    if (found !== null) this.#at += found.length;
    return found;
  }
}
