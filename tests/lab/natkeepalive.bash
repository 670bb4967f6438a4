# For natkeepalive*.bats: it runs behind the NAT, with a home folder of its own in $room.

# shellcheck source=tests/lab/helper.bash
. "$BATS_TEST_DIRNAME/helper.bash"

natkeepalive=$NATKIT_BUILD/bin/natkeepalive
schema=$lab_top/share/natkeepalive-1.schema.json

setup() {
  room=$BATS_TEST_TMPDIR
  lab_up
  broker_by_name 192.0.2.1
}

teardown() {
  ip netns pids client | xargs -r kill
  tail -n 20 "$room"/said 2>/dev/null || true # bats shows it if the test fails
  lab_down
}

# at SECONDS COMMAND...: behind the NAT, in that folder, for at most that long
at() {
  local limit=$1
  shift
  lab_client "$limit" env -C "$room" HOME="$room" XDG_CONFIG_HOME="$room/config" XDG_STATE_HOME="$room/state" "$@"
}

# keeps SECONDS OPTION...: its report is in $report, checked; its other words in $said, its exit status in $status
keeps() {
  local limit=$1
  shift
  status=0
  at "$limit" "$natkeepalive" --json "$@" >"$report" 2>"$room/said" || status=$?
  said=$(cat "$room/said")
  echo "natkeepalive $*: exit status $status${said:+, said: $said}"
  valid
}

valid() {
  jq -c '{complete, targets, timeout}' "$report"
  /usr/bin/python3 "$lab_top/tests/tools/valid.py" "$schema" "$report"
}

# refuses STATUS WORDS OPTION...: nothing is printed, and one line says why
refuses() {
  local expected=$1 words=$2
  shift 2
  run --separate-stderr at 60 "$natkeepalive" "$@"
  echo "$stderr"
  assert_equal "$status" "$expected"
  assert_equal "${#stderr_lines[@]}" 1
  [[ $stderr = *"$words"* ]]
  assert_output ''
}
