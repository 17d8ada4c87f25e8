/** Writes a zsh script that completes commands, options and values, with descriptions. */
import type { Command } from "../command.ts";
import { flagsOf, type OptionWords, optionsOf } from "./option-words.ts";

/** The script, for `_arguments` of zsh's completion system (zshcompsys(1)). */
export function zshCompletion(commands: readonly Command[]): string {
  const named = commands.filter(({ name }) => name !== undefined);
  const unnamed = commands.filter(({ name }) => name === undefined);
  return `#compdef deblur
# Completes the words of deblur. Made by: deblur completion zsh
_deblur() {
  local -a commands=(
${named.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`).join("\n")}
  )
  case \${words[2]} in
${named.map(commandCase).join("\n")}
    *)
      (( CURRENT == 2 )) && _describe command commands
${unnamed.map(argumentsOf).join("\n")}
      ;;
  esac
}
if [[ $funcstack[1] == _deblur ]]; then _deblur "$@"; else compdef _deblur deblur; fi
`;
}

function commandCase(command: Command): string {
  const { name } = command;
  return `    ${name})
      (( CURRENT > 2 )) && shift words && (( CURRENT-- ))
${argumentsOf(command)}
      ;;`;
}

function argumentsOf(command: Command): string {
  const { operand } = command;
  const specs = optionsOf(command).flatMap(specsOf);
  const paths = operand === undefined ? [] : [`*:${escaped(operand)}:_files`];
  const all = [...specs, ...paths].map((spec) => `        ${quoted(spec)}`);
  return `      _arguments -s \\\n${all.join(" \\\n")}`;
}

/** "(-o --output)-o[where it goes]:OUT:_files", once for each form of the option. */
function specsOf({ key, short, value, words, isPath, help }: OptionWords): readonly string[] {
  const flags = flagsOf({ key, short });
  const others = flags.length === 1 ? "" : `(${flags.join(" ")})`;
  const choices = words === undefined ? (isPath ? "_files" : " ") : `(${words.join(" ")})`;
  const values = value === undefined ? "" : `:${escaped(value)}:${choices}`;
  return flags.map((flag) => {
    const joined = value !== undefined && flag.startsWith("--") ? "=" : "";
    return `${others}${flag}${joined}[${escaped(help)}]${values}`;
  });
}

function escaped(text: string): string {
  return text.replace(/[\\:[\]]/g, "\\$&");
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
