/** How much room there is where the store lies. */
export interface Disk {
  room(): Promise<{ readonly freeBytes: number; readonly totalBytes: number }>;
}
