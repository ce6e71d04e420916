/** An option of one command that is called as a setting is and is none: `--port` of `step complete` is a step's. */
import { type Command, Option } from "commander";

export class OwnOption extends Option {}

/** The options that were given, also before the command's name, without the command's own. */
export function settingFlags(command: Command): Readonly<Record<string, unknown>> {
  const flags = { ...command.optsWithGlobals<Record<string, unknown>>() };
  for (const option of command.options)
    if (option instanceof OwnOption) delete flags[option.attributeName()];
  return flags;
}
