# For natmap's map: it runs behind the NAT, with a home folder of its own in $room.

# shellcheck source=tests/lab/helper.bash
. "$BATS_TEST_DIRNAME/helper.bash"

natmap=$NATKIT_BUILD/bin/natmap
schema=$lab_top/share/natmap-1.schema.json

setup() {
  room=$BATS_TEST_TMPDIR
  lab_up
  broker_by_name 192.0.2.1
}

teardown() {
  ip netns pids client 2>/dev/null | xargs -r kill
  tail -n 20 "$room"/said 2>/dev/null || true # bats shows it if the test fails
  lab_down
}

# at SECONDS COMMAND...: behind the NAT, in that folder, for at most that long
at() {
  local limit=$1
  shift
  lab_client "$limit" env -C "$room" HOME="$room" XDG_CONFIG_HOME="$room/config" XDG_STATE_HOME="$room/state" "$@"
}

# maps SECONDS OPTION...: its report is in $report, checked; its other words in $said, its exit status in $status.
# The server is 192.0.2.1 unless the options name another.
maps() {
  local limit=$1
  shift
  [[ $* = *--server* ]] || set -- --server 192.0.2.1 "$@"
  status=0
  at "$limit" "$natmap" --json "$@" >"$report" 2>"$room/said" || status=$?
  said=$(cat "$room/said")
  echo "natmap $*: exit status $status${said:+, said: $said}"
  valid_map "$report"
}

# maps_within SECONDS OPTION...: the same, within that time at least when the machine does not stall
maps_within() {
  lab_wait soon "$@"
}

soon() {
  maps 60 "${@:2}"
  is ".elapsed_s < $1" true
}

valid_map() {
  jq -c '{elapsed_s, complete, verdict, nats, carrier_hop, public}, .evidence[].text, .path' "$1"
  /usr/bin/python3 "$lab_top/tests/tools/valid.py" "$schema" "$1"
}
