#!/bin/bash
# Compares, option by option, what each command takes with what its --help, its manual page
# and its completions for bash, zsh and fish say. TAP on standard output.
#
# The truth is the command's own table of options, as its unlisted --help-options prints it.
set -u
cd "$(dirname "$0")/.." || exit 1
bin=${NATKIT_BUILD:-build}/bin
export LC_ALL=C
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
number=0 failed=0

# Reads option names, one or several a line; prints each once, sorted.
tidy() {
  tr -s ' \t' '\n' | grep -E '^(--[a-z0-9-]+|-[A-Za-z0-9])$' | sort -u
}

from_command() {
  "$bin/$1" --help-options | cut -f 1,2 | tidy
}

from_help() {
  "$bin/$1" --help | grep -oE '^  +(-., )? *--[a-z0-9-]+' | tr ',' ' ' | tidy
}

# ".It Fl s , Fl -server Ar HOST" lines.
from_manual() {
  local page
  page=$(ls "man/$1".[1-8]) || return
  grep -E '^\.It Fl ' "$page" | grep -oE 'Fl -?[A-Za-z0-9-]+' | sed 's/^Fl /-/' | tidy
}

from_bash() {
  [ -r "completions/bash/$1" ] || return
  # Runs the completion itself, for the word "-".
  bash --norc -c '
    source "$1"
    COMP_WORDS=("$2" -) COMP_CWORD=1 COMP_LINE="$2 -" COMP_POINT=$((${#2} + 2))
    spec=$(complete -p "$2")
    function=${spec#*-F }
    "${function%% *}" "$2" - "$2" 2>/dev/null
    printf "%s\n" "${COMPREPLY[@]}"' - "completions/bash/$1" "$1" | tidy
}

# The specifications of _arguments: what precedes a "[", with {-s,--server} spread out.
from_zsh() {
  [ -r "completions/zsh/_$1" ] || return
  sed -nE "s/^[[:space:]]*('[^']*'|)(\{[^}]*\}|'(\*|\([^)]*\))*(-[A-Za-z0-9-]+)).*/\2/p" \
    "completions/zsh/_$1" | tr "{},'*" '     ' | tidy
}

from_fish() {
  [ -r "completions/fish/$1.fish" ] || return
  grep -oE ' -(s|l) [A-Za-z0-9-]+' "completions/fish/$1.fish" |
    sed -E 's/^ -s /-/; s/^ -l /--/' | tidy
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
  if [ -s "$work/command" ] && [ -z "$("$bin/$command" --help | awk 'length > 80')" ]; then
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
