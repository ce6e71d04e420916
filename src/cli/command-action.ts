/**
 * What a command is given and gives back. Apart from the command tree (program.ts), so that the
 * commands need not import the tree that holds them.
 */
import type { Session } from "./session.ts";

/** What a command does: gets its arguments and options, answers the exit code. */
export type CommandBody<Args extends readonly unknown[], Options> = (
  session: Session,
  args: Args,
  options: Options,
) => Promise<number>;

/** Turns a body into what commander calls, with session, failure report and clean-up around it. */
export interface Cli {
  action<Args extends readonly unknown[], Options>(
    body: CommandBody<Args, Options>,
  ): (...given: unknown[]) => Promise<void>;
}
