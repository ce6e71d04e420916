/** Whether the file system says that there is no such file; any other failure is not that answer. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
