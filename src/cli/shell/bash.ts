/** Writes a bash script that completes commands, options and values. */
import type { Command } from "../command.ts";
import { flagsOf, namesOf, optionsOf } from "./option-words.ts";

/** The script; where it offers no word, bash completes paths. */
export function bashCompletion(commands: readonly Command[]): string {
  return `# Completes the words of deblur. Made by: deblur completion bash
_deblur() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} command= words=
  case \${COMP_WORDS[1]} in
    ${namesOf(commands).join("|")}) (( COMP_CWORD > 1 )) && command=\${COMP_WORDS[1]} ;;
  esac
  COMPREPLY=()
  case $command,$before in
${commands.flatMap(valueCases).join("\n")}
  esac
  if [[ -n $words ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  elif [[ $current == -* ]]; then
    case $command in
${commands.map(optionCase).join("\n")}
    esac
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  elif (( COMP_CWORD == 1 )); then
    COMPREPLY=($(compgen -W "${namesOf(commands).join(" ")}" -- "$current"))
  fi
}
complete -o default -F _deblur deblur
`;
}

/** Cases for the word after an option with a value: one of the option's words, or a path. */
function valueCases(command: Command): readonly string[] {
  const { name = "" } = command;
  return optionsOf(command)
    .filter(({ value }) => value !== undefined)
    .map(({ key, short, words }) => {
      const flags = flagsOf({ key, short }).map((flag) => `${name},${flag}`);
      const then = words === undefined ? "return" : `words="${words.join(" ")}"`;
      return `    ${flags.join("|")}) ${then} ;;`;
    });
}

function optionCase(command: Command): string {
  const { name = '""' } = command;
  return `      ${name}) words="${optionsOf(command).flatMap(flagsOf).join(" ")}" ;;`;
}
