/** Defines `deblur completion`: prints a shell script that completes commands, options and values. */
import { oneOf } from "../../check.ts";
import { type Command, helpRow } from "../command.ts";
import { bashCompletion } from "../shell/bash.ts";
import { fishCompletion } from "../shell/fish.ts";
import { zshCompletion } from "../shell/zsh.ts";

interface CompletionFlags {
  readonly help: boolean;
}

const shells = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };

/** Completes `commands`, with this command among them. */
export function completionCommand(commands: () => readonly Command[]): Command<CompletionFlags> {
  return {
    name: "completion",
    operand: "shell",
    usage: "deblur completion bash|zsh|fish [options]",
    summary: "prints a script that completes words in a shell",
    about: `Prints a script that completes commands, options and their values:
  bash: source <(deblur completion bash)                             in ~/.bashrc
  zsh:  deblur completion zsh > _deblur                              in a folder of $fpath
  fish: deblur completion fish > ~/.config/fish/completions/deblur.fish`,
    options: { help: helpRow },
    async run({ operand }, { stdout }) {
      const names = Object.keys(shells) as (keyof typeof shells)[];
      const shell = oneOf("shell", operand, names);
      stdout.write(shells[shell](commands()));
    },
  };
}
