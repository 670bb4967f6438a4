# For the .bats files of this folder: a fresh lab for each test, and looks at natprobe's report.

bats_require_minimum_version 1.5.0
bats_load_library bats-support
bats_load_library bats-assert
# shellcheck source=tests/lab/lab.bash
. "$BATS_TEST_DIRNAME/lab.bash"

natprobe=$NATKIT_BUILD/bin/natprobe
schema=$lab_top/share/natprobe-1.schema.json
report=/run/lab/report.json
# shellcheck disable=SC2034
stderr="" stderr_lines=() # bats fills them

setup() {
  lab_up
}

teardown() {
  lab_down
}

# broker_by_name ADDRESS...: those of broker.example, as the manuals call it
broker_by_name() {
  printf '%s broker.example\n' "$@" >/run/lab/hosts
  mount --bind /run/lab/hosts /etc/hosts
}

# probe SECONDS OPTION...: natprobe behind the NAT, for at most that long. Its report is in $report
# (checked against the schema), its other words in $said, its exit status in $status. The server is
# 192.0.2.1 unless the options name another.
probe() {
  local limit=$1
  shift
  [[ $* = *--server* ]] || set -- --server 192.0.2.1 "$@"
  status=0
  lab_client "$limit" "$natprobe" --json "$@" >"$report" 2>/run/lab/said || status=$?
  said=$(cat /run/lab/said)
  echo "natprobe $*: exit status $status${said:+, said: $said}"
  valid_report
}

valid_report() {
  show
  /usr/bin/python3 "$lab_top/tests/tools/valid.py" "$schema" "$report"
}

# What a failing test shows of the report.
show() {
  jq -c '{elapsed_s, complete, nat, faults},
    (.udp // {} | {mapping, filtering, ports} | map_values(.class // .pattern)),
    (.udp // {} | {timeouts, quota, refresh})' "$report" || head -c 2000 "$report"
}

# may_try_again: this test may, once, since the machine may stall: a run then sees time go by in a jump
may_try_again() {
  export BATS_TEST_RETRIES=1
}

# says WORDS COMMAND...: what it prints until these words are among it; it may never end by itself
says() {
  local words=$1 client
  shift
  : >/run/lab/says # of an earlier one
  "$@" >/run/lab/says 2>&1 3>&- &
  client=$!
  lab_wait grep -qF -- "$words" /run/lab/says || true
  lab_stop $client
  cat /run/lab/says
}

# is PATH VALUE: the report's value there, as jq prints it
is() {
  local value
  value=$(jq -c "$1" "$report")
  [ "$value" = "$2" ] && return
  echo "$1 is $value, expected $2"
  return 1
}

# near PATH TRUTH [FACTOR]: .value within 1 % or 0.25 s, and ci95 no wider than FACTOR (2) times that
near() {
  jq -e --argjson truth "$2" --argjson factor "${3:-2}" "$1"' |
    ([$truth / 100, 0.25] | max) as $off |
    .value != null and (.value - $truth | fabs) <= $off and .ci95[1] - .ci95[0] <= $factor * $off
    ' "$report" >/dev/null && return
  echo "$1 is $(jq -c "$1" "$report"), the truth is $2 s"
  return 1
}

# unknown_or_near PATH TRUTH: nothing false is said, and a reason is given for silence
unknown_or_near() {
  jq -e "$1"' | .value == null and (.why | length) > 0' "$report" >/dev/null || near "$1" "$2" 4
}

# fault NAME: the report names this fault of the server
fault() {
  jq -e --arg name "$1" 'any(.faults[]; .fault == $name)' "$report" >/dev/null && return
  echo "faults are $(jq -c .faults "$report"), expected $1"
  return 1
}
