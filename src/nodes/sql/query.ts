/** One statement and its answer, whatever the database. */

/** What both databases are asked. */
export interface Query {
  readonly sql: string;
  readonly parameters: readonly unknown[] | Readonly<Record<string, unknown>>;
  readonly isReadOnly: boolean;
  readonly rowsMax: number;
  readonly sizeMax: number;
  /** At a limit: give what there is instead of failing. */
  readonly isCutting: boolean;
}

/** What both answer. */
export interface QueryAnswer {
  readonly rows: Record<string, unknown>[];
  readonly columns: string[];
  readonly rowCount: number;
  readonly isCut: boolean;
}
