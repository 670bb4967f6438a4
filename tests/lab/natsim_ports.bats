#!/usr/bin/env bats
# natsim's routers open ports for natmap and natpunch, as a user without a router tries it.

bats_require_minimum_version 1.5.0
bats_load_library bats-support
bats_load_library bats-assert
# shellcheck source=tests/lab/lab.bash
. "$BATS_TEST_DIRNAME/lab.bash"

PATH=$NATKIT_BUILD/bin:$PATH
holders=()
# shellcheck disable=SC2034
stderr="" stderr_lines=() # bats fills them

setup() {
  if ! { [ -r /dev/net/tun ] && [ -w /dev/net/tun ]; }; then
    skip 'no TUN device here'
  fi
  cd "$BATS_TEST_TMPDIR" || return
  export HOME=$PWD XDG_RUNTIME_DIR=$PWD XDG_CONFIG_HOME=$PWD XDG_STATE_HOME=$PWD/state
}

teardown() {
  tail -qn 5 ./*.events ./*.said 2>/dev/null || true
  natsim down --all
}

# home MAPPING: a host behind a router that lets only those in whom it has spoken to
home() {
  cat >world.json <<JSON
{
  "nodes": {"router": {"nat": "apd-apd-random", "set": {"port-mapping": "$1", "port-lease": "10 s"}}},
  "hosts": {"laptop": {"behind": "router"}, "stun": {"server": true}}
}
JSON
  natsim up world.json
}

# inside HOST: in $there how to run something there, with a home folder of its own
inside() {
  there=(timeout --foreground 120 natsim exec "$1" -- env HOME="$PWD/$1" XDG_CONFIG_HOME="$PWD/$1"
    XDG_STATE_HOME="$PWD/$1/state" NATKIT_SERVER=stun.natsim)
}

at() {
  inside "$1"
  "${there[@]}" "${@:2}"
}

# open_at NODE: the external ports that are open there
open_at() {
  natsim status --json | jq -c --arg node "$1" '[.nodes[] | select(.name == $node).mappings[] |
    select(.state == "open") | .external | sub(".*:"; "") | tonumber] | sort'
}

# opened NODE PORTS: exactly these are
opened() {
  [ "$(open_at "$1")" = "$2" ]
}

any_opened() {
  ! opened "$1" '[]'
}

# told PORT FILTER: an event of natmap's for which jq's filter holds
told() {
  jq -se "any(.[]; $2)" "$1.events" >/dev/null 2>&1
}

# hold PROTOCOL TRANSPORT PORT: natmap open holds it, and it is seen from outside
hold() {
  inside laptop
  "${there[@]}" natmap open "$2" "$3" --protocol "$1" --events >"$3.events" 2>"$3.said" 3>&- &
  holders+=($!)
  lab_wait told "$3" '.event == "open" and .port.verified.verdict == "seen" and .port.protocol == "'"$1"'" and
    .port.external_address == "198.51.100.1" and .port.external_port == '"$3"
}

# let_go: the holders end as they are told to
let_go() {
  local status pid
  kill "${holders[@]}"
  for pid in "${holders[@]}"; do
    status=0
    wait "$pid" || status=$?
    assert_equal "$status" 143
  done
}

@test "ports are opened by PCP and NAT-PMP, seen from outside, renewed and removed" {
  home both
  hold pcp udp 4001
  hold nat-pmp tcp 4002
  opened router '[4001,4002]'
  lab_wait told 4001 '.event == "renewed"'
  lab_wait told 4002 '.event == "renewed"'
  let_go
  opened router '[]'
}

@test "the map names what the router speaks, and the router" {
  timeout --foreground 120 natsim run --nat linux --set port-mapping=both -- natmap --quick --json >map.json
  jq -e '.verdict == "one-nat" and .path.hops[0].address == .gateways[0].gateway' map.json
  jq -c '.gateways[0] | [.tunnel, .protocols.pcp.usable, .protocols["nat-pmp"].usable, .protocols.upnp.usable]' map.json |
    grep -qx '\[false,true,true,false\]'
}

@test "a router that refuses, and one that is turned to it while a port is open" {
  home refused
  run -1 --separate-stderr at laptop natmap open udp 4001 --json
  assert_equal "$(jq -r '.ports[0].tried.pcp.result' <<<"$output")" not-authorized
  natsim set router port-mapping=both
  at laptop natmap open udp 4001 --json --detach
  natsim set router port-mapping=refused
  opened router '[]'
}

# old_enough: by more than an epoch may be wrong
old_enough() {
  natsim status --json | jq -e '.up_s >= 4'
}

@test "a router that reboots says so, and has the port again at once" {
  home pcp
  natsim set router port-lease=1h
  lab_wait old_enough
  hold pcp udp 4001
  natsim set router reboot
  lab_wait opened router '[4001]'
  let_go
  opened router '[]'
}

@test "the port of a home router does not reach through its carrier's" {
  cat >world.json <<'JSON'
{
  "nodes": {
    "router": {"nat": "linux", "behind": "carrier", "set": {"port-mapping": "both"}},
    "carrier": {"nat": "nokia-7750"}
  },
  "hosts": {"laptop": {"behind": "router"}, "stun": {"server": true}}
}
JSON
  natsim up world.json
  run -1 --separate-stderr at laptop natmap open udp 4001 --json
  assert_equal "$(jq -r '.ports[0].state' <<<"$output")" unreachable
  assert_regex "$stderr" 'seen at 198\.51\.100\.1: another NAT lies beyond the gateway'
  opened router '[]'
}

@test "two hard NATs: what one opens is enough for a call" {
  cat >world.json <<'JSON'
{
  "nodes": {
    "a": {"nat": "apd-apd-random"},
    "b": {"nat": "apd-apd-random", "set": {"port-mapping": "pcp"}}
  },
  "hosts": {"alice": {"behind": "a"}, "bob": {"behind": "b"}, "stun": {"server": true}}
}
JSON
  natsim up world.json
  at alice natpunch contact add bob "$(at bob natpunch id)"
  at bob natpunch contact add alice "$(at alice natpunch id)"
  at bob natpunch listen --allow alice --once --events bob.events >bob.heard 2>bob.said 3>&- </dev/null &
  lab_wait any_opened b
  lab_wait grep -qs '"registered"' bob.events
  at alice natpunch send bob --report alice.json <<<hello
  assert_equal "$(jq -r '.calls[0].by' alice.json)" mapped
  wait $!
  grep -qx hello bob.heard
  opened b '[]'
}
