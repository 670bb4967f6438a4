#!/bin/bash
# Compares, option by option, what each command takes with what its --help, its manual page
# and its completions for bash, zsh and fish say. TAP on standard output.
#
# The truth is the command's own table of options, as its unlisted --help-options prints it. Of a
# program that is several commands it is the union of theirs, and their names, written @name.
set -u
cd "$(dirname "$0")/.." || exit 1
bin=$(cd "${NATKIT_BUILD:-build}/bin" && pwd)
export LC_ALL=C
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
number=0 failed=0

# Reads names of options and @commands, one or several a line; prints each once, sorted.
tidy() {
  tr -s ' \t' '\n' | grep -E '^(--[a-z0-9-]+|-[A-Za-z0-9]|@[a-z]+)$' | sort -u
}

# The names of its subcommands, if it has any.
subcommands() {
  "$bin/$1" --help-commands 2>/dev/null | cut -f 1
}

# each COMMAND OPTION: what it prints, and what each of its subcommands does
each() {
  local s
  "$bin/$1" "$2"
  for s in $(subcommands "$1"); do
    "$bin/$1" "$s" "$2"
  done
}

from_command() {
  {
    subcommands "$1" | sed 's/^/@/'
    each "$1" --help-options | cut -f 1,2
  } | tidy
}

from_help() {
  {
    "$bin/$1" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/@\1/p'
    each "$1" --help | grep -oE '^  +(-., )? *--[a-z0-9-]+' | tr ',' ' '
  } | tidy
}

# ".It Fl s , Fl -server Ar HOST" lines, and ".Ss natsim up".
from_manual() {
  local page
  page=$(ls "man/$1".[1-8]) || return
  {
    sed -n "/^\.Ss $1/s/$1 /@/gp" "$page" | tr -d ,
    grep -E '^\.It Fl ' "$page" | grep -oE 'Fl -?[A-Za-z0-9-]+' | sed 's/^Fl /-/'
  } | tidy
}

# complete COMMAND WORD...: what its completion says to the last of these words
complete_bash() {
  # shellcheck disable=SC2016  # expanded by the inner shell
  PATH=$bin:$PATH bash --norc -c '
    source "$1"
    shift
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=$((${#COMP_LINE}))
    spec=$(complete -p "$1")
    function=${spec#*-F }
    "${function%% *}" "$1" "${!#}" "${COMP_WORDS[COMP_CWORD - 1]}" 2>/dev/null
    printf "%s\n" "${COMPREPLY[@]}"' - "completions/bash/$1" "$@"
}

from_bash() {
  local s
  [ -r "completions/bash/$1" ] || return
  {
    complete_bash "$1" -
    for s in $(subcommands "$1"); do
      complete_bash "$1" "$s" | sed 's/^/@/'
      complete_bash "$1" "$s" -
    done
  } | tidy
}

# The specifications of _arguments: what precedes a "[", with {-s,--server} spread out; and of
# _describe: 'up:make a world'.
from_zsh() {
  local file=completions/zsh/_$1
  [ -r "$file" ] || return
  {
    sed -nE "s/^[[:space:]]*'([a-z]+):.*/@\1/p" "$file"
    grep -oE "('[^' ]*'|)(\{[^}]*\}|'(\*|\([^)]*\))*(-[A-Za-z0-9-]+))'?\[" "$file" |
      sed -E "s/^'[^']*'\{/{/" | tr "{},'*[" '      ' | sed -E 's/\([^)]*\)//g'
  } | tidy
}

from_fish() {
  local file=completions/fish/$1.fish
  [ -r "$file" ] || return
  {
    sed -n 's/.*__fish_use_subcommand -a \([a-z]*\) .*/@\1/p' "$file"
    grep -oE ' -(s|l) [A-Za-z0-9-]+' "$file" | sed -E 's/^ -s /-/; s/^ -l /--/'
  } | tidy
}

options_of() {
  case $1 in
  help) from_help "$2" ;;
  manual) from_manual "$2" ;;
  bash) from_bash "$2" ;;
  zsh) from_zsh "$2" ;;
  fish) from_fish "$2" ;;
  esac
}

# check COMMAND PLACE: the options that PLACE knows are those that COMMAND takes.
check() {
  local command=$1 place=$2
  number=$((number + 1))
  options_of "$place" "$command" >"$work/$place" 2>"$work/err"
  if diff "$work/command" "$work/$place" >"$work/diff"; then
    echo "ok $number - $command: $place agrees"
  else
    failed=1
    echo "not ok $number - $command: $place agrees"
    sed -n 's/^</# not there: /p; s/^>/# only there: /p' "$work/diff"
    sed 's/^/# /' "$work/err"
  fi
}

# Nothing is compared if a command says nothing, or if --help is too wide.
check_help() {
  local command=$1
  number=$((number + 1))
  if [ -s "$work/command" ] && [ -z "$(each "$command" --help | awk 'length > 80')" ]; then
    echo "ok $number - $command: --help lists options and fits 80 columns"
  else
    failed=1
    echo "not ok $number - $command: --help lists options and fits 80 columns"
  fi
}

set -- "$bin"/*
[ -x "$1" ] || {
  echo "1..1"
  echo "not ok 1 - there are commands in $bin"
  exit 1
}
echo "1..$(($# * 6))"
for path; do
  command=${path##*/}
  from_command "$command" >"$work/command"
  check_help "$command"
  for place in help manual bash zsh fish; do
    check "$command" "$place"
  done
done
exit $failed
