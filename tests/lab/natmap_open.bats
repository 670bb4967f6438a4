#!/usr/bin/env bats
# natmap open and its kin against miniupnpd on the kernel's NAT: by each protocol, for TCP and UDP, side by side.

# shellcheck source=tests/lab/natmap.bash
. "$BATS_TEST_DIRNAME/natmap.bash"

ways=(pcp:tcp:4101 pcp:udp:4102 nat-pmp:tcp:4103 nat-pmp:udp:4104 upnp:tcp:4105 upnp:udp:4106)

before() {
  gateway_up nat
  gateway_state nat >"$room/before"
}

# same: what the gateway holds is what it held before
same() {
  gateway_state nat >"$room/after"
  diff "$room/before" "$room/after"
}

# each COMMAND [ARGUMENT...]: with the protocol, transport and port of each way added
each() {
  local way
  for way in "${ways[@]}"; do
    echo "$* $way"
    # shellcheck disable=SC2046 # words
    "$@" $(echo "$way" | tr : ' ')
  done
}

# all_held OPTION...: by each way, seen from outside; the port is the same inside and outside
all_held() {
  each hold_by "$*"
}

hold_by() {
  # shellcheck disable=SC2086 # words
  hold "$4" "$3" "$4" --protocol "$2" $1
  lab_wait told "$4" '.event == "open" and .port.verified.verdict == "seen" and .port.protocol == "'"$2"'" and
    .port.external_address == "198.51.100.10" and .port.external_port == '"$4"
}

names() {
  printf '%s\n' "${ways[@]##*:}"
}

all_let_go() {
  # shellcheck disable=SC2046 # words
  let_go "$1" "$2" $(names)
}

events_are_valid() {
  valid_events "$3"
}

is_listed() {
  jq -e "any(.gateways[].entries[]; .external_port == $3 and .transport == \"$2\")" "$report"
  jq -e "any(.held[]; .external_port == $3 and .transport == \"$2\" and .protocol == \"$1\")" "$report"
}

@test "a port is opened, seen from outside, listed and closed by each protocol" {
  before
  all_held
  ports 90 list
  ended 0
  each is_listed
  all_let_go TERM 143
  each events_are_valid
  same
}

detach_and_close() {
  ports 90 open "$2" "$3" --protocol "$1" --server 192.0.2.1 --detach
  ended 0
  is '.ports[0].state' '"open"'
  gateway_state nat | grep -q ":$3:"
  ports 90 close "$2" "$3"
  ended 0
  same
}

@test "a detached port stays, and is closed by another run" {
  before
  each detach_and_close
}

is_renewed() {
  lab_wait told "$3" '.event == "renewed" and .port.renewals >= 2'
  gateway_state nat | grep -q ":$3:"
}

@test "ports are renewed before their lifetime ends" {
  before
  all_held --lifetime 10s
  each is_renewed
  all_let_go TERM 143
  same
}

open_and_close() {
  ports 90 open "$2" "$3" --protocol "$1" --no-verify --detach
  ended 0
  ports 90 close "$2" "$3"
  ended 0
}

@test "what was killed is taken over by the next run, and closed by it" {
  before
  all_held
  all_let_go KILL 137
  each open_and_close
  same
}

close_one() {
  ports 90 close "$2" "$3"
  ended 0
}

@test "what was killed is closed by natmap close" {
  before
  all_held
  all_let_go KILL 137
  each close_one
  same
}

@test "what another program of this machine has opened by UPnP is left to it" {
  gateway_up nat
  at 90 upnpc -i -e another -a 100.64.1.2 4108 4108 tcp
  gateway_state nat >"$room/before"
  ports 90 open tcp 4108 --protocol upnp --no-verify --detach --strict
  ended 1
  is '.ports[0].tried.upnp.result' '"conflict"'
  same
  hold it tcp 4108 --protocol upnp
  lab_wait told it '.event == "open" and .port.external_port != 4108'
  let_go TERM 143 it
  same
}

@test "what another user of this machine has opened by UPnP is left to that one" {
  before
  hold it tcp 4105 --protocol upnp
  lab_wait told it '.event == "open"'
  home+=(XDG_STATE_HOME="$room/other") # who does not know of the first
  ports 90 open tcp 4105 --protocol upnp --no-verify --detach
  ended 0
  is '.ports[0].external_port == 4105' false
  ports 90 close tcp 4105
  ended 0
  gateway_state nat | grep -q ':4105:'
  let_go TERM 143 it
  same
}

# Its file is written before its first request leaves.
is_written() {
  test -s "$room"/state/natkit/mappings/udp-4107-*
}

kill_soon() {
  hold soon udp 4107 "$@"
  lab_wait is_written
  let_go KILL 137 soon
  ports 90 close --all
  ended 0
  ports 90 list
  is '.held | length' 0
  same
}

@test "what was killed before the gateway has answered is closed, too" {
  before
  kill_soon --protocol pcp
  kill_soon --protocol nat-pmp
  kill_soon --protocol upnp
  kill_soon
}

@test "what was held by UPnP goes by itself when natmap is killed" {
  ways=(upnp:tcp:4105 upnp:udp:4106)
  before
  all_held
  all_let_go KILL 137
  lab_wait same
}

@test "IPv6 ports are opened in the firewall, and closed" {
  local protocol
  before
  lab_ipv6
  for protocol in pcp upnp; do
    server='[2001:db8:2::1]' hold $protocol tcp 4000 -6 --protocol $protocol
    lab_wait told $protocol '.event == "open" and .port.verified.verdict == "seen" and
      .port.external_address == "2001:db8:1::2" and .port.external_port == 4000'
    let_go TERM 143 $protocol
    same
  done
}

@test "natmap watch tells of a gateway that comes, reboots and goes" {
  gateway_up nat
  in_background it watch --interval 2s
  lab_wait told it '.event == "there" and .protocol == "pcp"'
  lab_wait told it '.event == "there" and .protocol == "upnp" and .external_address == "198.51.100.10"'
  sleep 4 # it must be older than what an epoch may be wrong by
  gateway_crash nat
  gateway_start nat
  lab_wait told it '.event == "lost" and .protocol == "nat-pmp"'
  gateway_crash nat
  lab_wait told it '.event == "gone" and .protocol == "pcp"'
  let_go TERM 143 it
}

is_back() {
  gateway_state nat | grep -q ":$3:"
}

@test "a gateway that has crashed and come back has the ports again by half their lifetime" {
  gateway_up nat
  all_held --lifetime 40s
  gateway_crash nat
  run ! is_back : : 4101
  gateway_start nat
  lab_patience=35 # renewals come after 20 to 25 s
  each lab_wait is_back
  all_let_go TERM 143
  run ! is_back : : 4101
}

answers_at_once() {
  jq -e ".gateways[0].protocols.\"$1\" | .answers and .usable and .rtt_ms < 1000" "$report"
}

all_answer_at_once() {
  local way
  ports 90 list && ended 0 || return
  for way in pcp nat-pmp upnp; do
    answers_at_once $way || return
  done
}

@test "all three protocols are found within a second" {
  before
  lab_wait all_answer_at_once # on a machine that does not stall
  same
}

# behind_two [OPTION=VALUE...]: the gateway has another NAT before it
behind_two() {
  lab_down
  lab_internet
  lab_router carrier inet home 198.51.100
  lab_router nat carrier lan 100.64.2
  lab_host client nat lan 100.64.1
  lab_broker
  gateway_up nat "$@"
  gateway_state nat >"$room/before"
}

# nobody_gets_in WORDS: natmap open says so, and why
nobody_gets_in() {
  ports 90 open tcp 4000 --server 192.0.2.1
  ended 1
  [[ $said = *"the gateway 100.64.1.1"*"$1"* ]]
  jq -e '.ports | all(.state == "failed" or .state == "unreachable")' "$report"
  same
}

@test "behind two NATs: the gateway knows that it has no public address" {
  behind_two
  nobody_gets_in 'no public address itself: another NAT lies beyond it'
}

@test "behind two NATs: the gateway believes that its address is public" {
  behind_two ext_ip=203.0.113.77
  nobody_gets_in 'maps at 203.0.113.77, but this machine is seen at 198.51.100.10: another NAT lies beyond'
}

moves_outside() {
  ports 90 open "$2" "$3" --protocol "$1" --no-verify --detach --external 4201
  ended 0
  ports 90 open "$2" "$3" --protocol "$1" --no-verify --detach --external 4202
  ended 0
  [ -z "$said" ]
  ports 90 close "$2" "$3"
  ended 0
  same
}

@test "what an earlier run has left at another port outside does not stay" {
  before
  each moves_outside
}

# deaf NS MATCH: it does not hear that any more, until hears NS
deaf() {
  ip netns exec "$1" nft -f - <<RULES
table ip deaf {
  chain in {
    type filter hook input priority -10; policy accept;
    $2 drop
  }
}
RULES
}

hears() {
  ip netns exec "$1" nft delete table ip deaf
}

# A later run has begun, and its file says so.
is_begun() {
  jq -e '.detached | not' "$room"/state/natkit/mappings/*.json >/dev/null
}

# later_in_vain PROTOCOL TRANSPORT PORT SIGNAL STATUS: runs to which the gateway does not answer, the last ended so
later_in_vain() {
  ports 90 open "$2" "$3" --protocol "$1" --no-verify --detach
  ended 0
  deaf nat 'iifname lan'
  ports 90 open "$2" "$3" --protocol "$1" --no-verify
  ended 1
  [[ $said = *'could not be removed'* ]]
  in_background later open "$2" "$3" --protocol "$1" --no-verify --lifetime 5s
  lab_wait is_begun
  let_go "$4" "$5" later
  hears nat
  ports 90 list
  jq -e '.held[0].left_s > 7000' "$report"
  ports 90 close "$2" "$3"
  ended 0
  same
}

@test "what an earlier run has left is not forgotten by one that comes to nothing" {
  before
  later_in_vain pcp udp 4102 INT 130
  later_in_vain nat-pmp tcp 4103 TERM 143
  later_in_vain pcp tcp 4101 KILL 137
}

@test "what NAT-PMP has never answered is known to be of NAT-PMP" {
  before
  deaf client 'udp sport 5351 udp length 24'
  ports 90 open tcp 4103 --protocol nat-pmp --no-verify
  ended 1
  ports 90 list
  is '.held[0].protocol' '"nat-pmp"'
  hears client
  ports 90 close tcp 4103
  ended 0
  same
}
