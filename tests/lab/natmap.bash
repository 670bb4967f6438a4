# For natmap_open.bats and natmap_gateway.bats: ports are opened behind the NAT, with a home folder in $room.

# shellcheck source=tests/lab/helper.bash
. "$BATS_TEST_DIRNAME/helper.bash"
# shellcheck source=tests/lab/gateway.bash
. "$BATS_TEST_DIRNAME/gateway.bash"

natmap=$NATKIT_BUILD/bin/natmap
port_schema=$lab_top/share/natmap-port-1.schema.json
event_schema=$lab_top/share/natmap-port-event-1.schema.json
declare -gA holders # processes of natmap open, by name

setup() {
  room=$BATS_TEST_TMPDIR
  home=(-C "$room" HOME="$room" XDG_CONFIG_HOME="$room/config" XDG_STATE_HOME="$room/state")
  lab_up
  lab_broker
}

teardown() {
  end_clients
  tail -qn 3 "$room"/*said "$room"/*.events /run/lab/odd.out 2>/dev/null || true # bats shows it if the test fails
  odd_stop
  gateway_stop nat
  lab_down
}

# end_clients: whoever runs behind the NAT; some, such as a hook, may have ended since they were counted
end_clients() {
  ip netns pids client | xargs -r kill 2>/dev/null || true
}

# at SECONDS COMMAND...: behind the NAT, with that home, for at most that long
at() {
  local limit=$1
  shift
  lab_client "$limit" env "${home[@]}" "$@"
}

# ports SECONDS COMMAND OPTION...: natmap's report is in $report, checked; its other words in $said, its status in $status
ports() {
  local limit=$1
  shift
  status=0
  at "$limit" "$natmap" "$@" --json >"$report" 2>"$room/said" || status=$?
  said=$(cat "$room/said")
  echo "natmap $*: exit status $status${said:+, said: $said}"
  valid_ports
}

valid_ports() {
  jq -c . "$report"
  /usr/bin/python3 "$lab_top/tests/tools/valid.py" "$port_schema" "$report"
}

# hold NAME OPTION...: natmap open, until let_go; its events are in $room/NAME.events
hold() {
  local name=$1
  shift
  in_background "$name" open --server "${server:-192.0.2.1}" "$@"
}

# in_background NAME COMMAND OPTION...: the same for any of natmap's commands
in_background() {
  local name=$1
  shift
  ip netns exec client env "${home[@]}" "$natmap" "$@" --events >"$room/$name.events" 2>"$room/$name.said" 3>&- </dev/null &
  holders[$name]=$!
}

# let_go SIGNAL STATUS NAME...: those end so
let_go() {
  local signal=$1 expected=$2 name got
  shift 2
  for name; do
    kill "-$signal" "${holders[$name]}"
  done
  for name; do
    got=0
    wait "${holders[$name]}" || got=$?
    [ "$got" = "$expected" ] || echo "$name: exit status $got, expected $expected"
    [ "$got" = "$expected" ] || return
  done
}

# told NAME FILTER: an event for which jq's filter holds
told() {
  jq -se "any(.[]; $2)" "$room/$1.events" >/dev/null 2>&1
}

# ended STATUS: so did the last command of ports
ended() {
  [ "$status" = "$1" ] && return
  echo "exit status $status, expected $1"
  return 1
}

# valid_events NAME: each is as the schema says
valid_events() {
  split -l 1 "$room/$1.events" "$room/event."
  /usr/bin/python3 "$lab_top/tests/tools/valid.py" "$event_schema" "$room"/event.*
  rm "$room"/event.*
}

# gets_in PORT: whoever comes to that TCP port from outside
gets_in() {
  timeout 5 ip netns exec server bash -c "exec 3<>/dev/tcp/198.51.100.10/$1" 2>/dev/null
}

# odd ODDITY: tests/tools/gateway.py in the gateway's place
odd() {
  : >/run/lab/odd.out
  ip -n nat addr replace 100.64.1.7/24 dev lan
  ip netns exec nat "$lab_top/tests/tools/gateway.py" "$1" >/run/lab/odd.out 2>&1 3>&- </dev/null &
  odd_pid=$!
  lab_wait grep -qs ready /run/lab/odd.out
}

odd_stop() {
  [ -n "${odd_pid:-}" ] || return 0
  lab_stop "$odd_pid"
  odd_pid=''
  ip netns exec nat nft delete table ip odd
}
