# What zsh's own completion offers, a candidate a line: zsh -f capture.zsh SCRIPT LINE. A second zsh, in a
# pseudo-terminal, is given the line and a tab; what completers add to the list is printed between two marks.
if [[ $1 == inside ]]; then
  PROMPT= RPROMPT=
  autoload -U compinit && compinit -D -u
  source $2
  compadd() {
    # These three only sort out; nothing is offered.
    if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then
      builtin compadd "$@"
      return
    fi
    local -a hits
    builtin compadd -A hits "$@"
    (( $#hits )) && print -rl -- $hits
    builtin compadd "$@"
  }
  begin() { print -r -- $'\x02' }
  finish() { print -r -- $'\x03' }
  compprefuncs=(begin)
  comppostfuncs=(finish)
  bindkey '^I' complete-word
  print -r -- $'\x01'
  return
fi

zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "source ${(q)0:A} inside ${(q)1}"
zpty -r shell seen $'*\x01*'
zpty -w -n shell "$2"$'\t'
zpty -r shell seen $'*\x02*\x03*'
zpty -d shell
print -r -- ${${${seen#*$'\x02'}%$'\x03'*}//$'\r'/}
