/** Processor time of this thread, in milliseconds: what a piece of work costs, however busy the machine is. */
export function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
