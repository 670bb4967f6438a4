#!/bin/sh
# Keeps the layers apart: base <- wire <- core <- (io | sim) <- cmd, where face
# sees base and core's result structs, and each outside library has one home.
# Speaks TAP.
set -u
cd "$(dirname "$0")/.." || exit 1

number=0
# check NAME OFFENDERS: passes if there are none
check() {
  number=$((number + 1))
  if [ -z "$2" ]; then
    echo "ok $number - layers: $1"
  else
    echo "not ok $number - layers: $1"
    echo "$2" | sed 's/^/# /'
  fi
}

includes() { # DIRECTORY: each #include line of its files
  grep -rnE '^[[:space:]]*#[[:space:]]*include' --include='*.[ch]' "$@"
}

# may_include DIRECTORY LAYER...: the project's own headers that its files may see
may_include() {
  dir=$1
  shift
  allowed=$(echo "$*" | tr ' ' '|')
  check "$dir sees only: $*" "$(includes "$dir" | grep '"' | grep -vE "\"($allowed)/")"
}

# one_home HEADER HOME COUNT: included below HOME only, in at most COUNT files
one_home() {
  found=$(includes lib cmd | grep -E "<$1" | cut -d: -f1 | sort -u)
  outside=$(echo "$found" | grep -v "^$2" | grep .)
  many=$(echo "$found" | grep . | awk -v most="$3" 'END { if (NR > most) print NR " files include it" }')
  check "<$1> stays in $2" "$outside$many"
}

echo 1..19
may_include lib/base base
may_include lib/wire base wire
may_include lib/core base wire core
may_include lib/io base wire core io
may_include lib/sim base wire core sim
may_include lib/desk base desk face io
check "face sees results, not protocols" \
  "$(includes lib/face | grep '"' | grep -vE '"(base|face)/|"core/[a-z]+/(options|result)\.h"')"
check "of the commands natsim alone sees sim" "$(includes cmd | grep '"sim/' | grep -v '^cmd/natsim/')"
check "cores see no operating system" \
  "$(includes lib/base lib/wire lib/core |
    grep -E '<(sys/|net/|netinet/|linux/|unistd|fcntl|poll|time|signal|pthread)')"
check "cores neither print, exit nor read a clock" \
  "$(grep -rnE '\b(v?f?printf|f?puts|exit|abort|clock_gettime|gettimeofday|time) ?\(|\b(stderr|stdout)\b' \
    --include='*.[ch]' lib/base lib/wire lib/core | grep -vE '^[^:]*:[0-9]+:[[:space:]]*(\*|/\*)')"
one_home uv.h lib/io/ 99
one_home miniupnpc/ lib/io/ 1
one_home jansson.h lib/face/ 1
one_home nettle/ lib/wire/ 1
one_home sodium lib/base/crypto.c 1
one_home qrencode.h cmd/natpunch/ 1
one_home libnet.h cmd/natkeepalive/ 1
one_home pcap 'cmd/nat[km]' 2
one_home microhttpd.h cmd/natbroker/ 1
