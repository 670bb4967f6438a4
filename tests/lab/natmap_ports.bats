#!/usr/bin/env bats
# natmap open, close, list and watch as people use them: programs that have the port, other runs, other networks.

# shellcheck source=tests/lab/natmap.bash
. "$BATS_TEST_DIRNAME/natmap.bash"

# listen PROGRAM...: in the background, behind the NAT, until the test ends
listen() {
  ip netns exec client "$@" >/dev/null 2>&1 3>&- </dev/null &
}

listens() {
  [ "$(ip netns exec client ss -Hlnut | grep -c ":$1 ")" = 2 ]
}

both_ports='
import socket
tcp = socket.create_server(("", 4000))
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("", 4000))
while True:
    tcp.accept()[0].close()
'

# opens OPTION...: natmap open, looked at by the lab's broker
opens() {
  ports 90 open "$@" --server 192.0.2.1
}

@test "a program that has the port: TCP is accepted by it, UDP cannot be looked at, and is said to be so" {
  gateway_up nat
  listen /usr/bin/python3 -c "$both_ports"
  lab_wait listens 4000
  opens tcp 4000 --detach
  ended 0
  is '.ports[0].state' '"accepted"'
  is '.ports[0].verified.verdict' '"accepted"'
  opens udp 4000 --detach
  ended 0
  is '.ports[0].state' '"unverified"'
  is '.ports[0].verified.verdict' '"unknown"'
  jq -e '.ports[0].verified.why | contains("program has the port")' "$report"
  ports 90 close --all
  ended 0
  is '.ports | length' 2
}

@test "what cannot be looked at is held, and why is said" {
  gateway_up nat
  ports 90 open tcp 4000 --server 192.0.2.77 --detach
  ended 0
  is '.ports[0].state' '"unverified"'
  jq -e '.ports[0].verified.why | contains("does not answer")' "$report"
  ports 90 open tcp 4001 --no-verify --detach
  ended 0
  is '.ports[0].verified' null
  is '[.ports[0].tried[].result]' '["ok",null,null]' # the others were not asked
  ports 90 close --all
  ended 0
}

@test "nothing answers, and there is no way out: one line each" {
  opens tcp 4000 --protocol nat-pmp
  ended 1
  [[ $said = *"does not answer by NAT-PMP"* ]]
  lab_ipv6
  ports 90 open tcp 4000 -6 --no-verify
  ended 1
  [[ $said = *"does not answer by PCP or UPnP"* ]]
  ip -n client route del default
  status=0
  at 90 "$natmap" open tcp 4000 2>"$room/said" || status=$?
  ended 3
  grep -q 'there is no gateway' "$room/said"
  [ "$(wc -l <"$room/said")" = 1 ]
}

# ends STATUS WORDS COMMAND OPTION...: natmap ends with that, and nothing but one line, in which these are
ends() {
  status=0
  at 90 "$natmap" "${@:3}" >"$room/out" 2>"$room/said" || status=$?
  ended "$1"
  grep -qF "$2" "$room/said"
  [ "$(cat "$room/said" "$room/out" | wc -l)" = 1 ]
}

@test "who may come in is of the port's family, and is not looked for" {
  gateway_up nat
  ends 2 'IPv6 address' open tcp 4000 --no-verify --remote 2001:db8::1
  ends 3 'no way to the gateway 100.64.1.1 by IPv6' open tcp 4000 --no-verify --ipv6 --gateway 100.64.1.1
  ports 90 open tcp 4000 --remote 203.0.113.7 --detach
  ended 0
  is '.ports[0].state' '"unverified"'
  [ -z "$said" ]
  ports 90 close --all
  ended 0
  at 90 "$natmap" list --protocol pcp --text >"$room/out"
  grep -q '^PCP ' "$room/out"
  run ! grep -q '^NAT-PMP ' "$room/out" # nor asked
}

@test "a resolver that is silent does not keep a port closed" {
  gateway_up nat
  lab_silent_resolver
  ports 90 open tcp 4000 --server elsewhere.example --server 192.0.2.1 --detach
  ended 0
  is '.ports[0].state' '"open"'
  [[ $said = *"cannot ask 'elsewhere.example'"*'the resolver does not answer'* ]]
  ports 90 close --all
  ended 0
}

@test "a run that cannot begin leaves word of what an earlier one has left, as it was" {
  gateway_up nat
  ports 90 open tcp 4000 --protocol pcp --no-verify --detach
  ended 0
  NATKIT_SERVER=no:server:at:all ends 2 'NATKIT_SERVER' open tcp 4000
  ports 90 list
  is '[.held[] | .protocol, .external_port, .detached]' '["pcp",4000,true]'
  NATKIT_SERVER=no:server:at:all ends 2 'NATKIT_SERVER' open tcp 4000 --external 4001 # what is there is in its way, and removed
  ports 90 list
  is .held '[]'
}

@test "why a port is not open is told once: on standard output to people, else on standard error" {
  status=0
  at 90 "$natmap" open tcp 4000 --protocol nat-pmp --no-verify --text >"$room/out" 2>"$room/said" || status=$?
  ended 1
  grep -q 'not open: .*does not answer' "$room/out"
  grep -q 'tcp 4000 on 100.64.1.1 is not open$' "$room/said"
}

@test "two runs do not disturb each other, and close spares what is held" {
  gateway_up nat
  hold 4000 tcp 4000
  hold 4001 tcp 4001
  lab_wait told 4000 '.event == "open"'
  lab_wait told 4001 '.event == "open"'
  ends 1 'another natmap holds tcp 4000' open tcp 4000 --no-verify
  ports 90 close --all
  ended 1
  is .busy 2
  ports 90 list
  is '[.held[].process | numbers] | length' 2
  let_go TERM 143 4000
  gateway_state nat | grep -q ':4001:'
  let_go INT 130 4001
  ports 90 close tcp 4000
  ended 1
  [[ $said = *"no run of natmap is known to have left tcp 4000 open"* ]]
}

@test "what is left open is over with its lifetime, and so it is told" {
  gateway_up nat
  ports 90 open udp 4000 --no-verify --detach --lifetime 5s
  ended 0
  sleep 7
  ports 90 list
  is '[.held[].left_s]' '[0]'
  ports 90 close --all
  ended 0
  is '[.ports[].removed]' '[true]'
}

@test "the user's command hears of each change" {
  gateway_up nat
  # shellcheck disable=SC2016 # expanded by the command
  hold 4000 udp 4000 --exec 'echo $NATKIT_EVENT $NATKIT_TRANSPORT "$NATKIT_PUBLIC_ADDRESS:$NATKIT_PUBLIC_PORT" was \
    "$NATKIT_BEFORE_ADDRESS:$NATKIT_BEFORE_PORT" on "$NATKIT_GATEWAY" >>'"$room/log"
  lab_wait grep -qs open "$room/log"
  let_go TERM 143 4000
  diff - "$room/log" <<LOG
open udp 198.51.100.10:4000 was : on 100.64.1.1
removed udp : was 198.51.100.10:4000 on 100.64.1.1
LOG
}

@test "another address of this machine: the port leads there from then on" {
  gateway_up nat
  hold 4000 tcp 4000
  lab_wait told 4000 '.event == "open" and .port.internal == "100.64.1.2:4000"'
  ip -n client addr add 100.64.1.3/24 dev eth0
  ip -n client addr del 100.64.1.2/24 dev eth0
  ip -n client addr replace 100.64.1.3/24 dev eth0
  ip -n client route replace default via 100.64.1.1
  lab_wait told 4000 '.event == "open" and .port.internal == "100.64.1.3:4000"'
  let_go TERM 143 4000
  run ! gateway_listed 100.64.1.3
  ports 90 list # what could not be removed from there any more, and nothing else
  is '[.held[].internal]' '["100.64.1.2:4000"]'
}

# open_at ADDRESS: the last that was told of that address of ours is that one gets in
open_at() {
  [ "$(jq -r "select(.port.internal == \"$1\").event" "$room/4000.events" | tail -n 1)" = open ]
}

@test "two families: on the way to another network neither takes the way of the other" {
  gateway_up nat
  lab_ipv6
  hold 4000 tcp 4000 -4 -6 --server '[2001:db8:2::1]'
  lab_wait open_at 100.64.1.2:4000
  lab_wait open_at '[2001:db8:1::2]:4000'
  ip -n client route del default
  ip -n client -6 addr add 2001:db8:1::3/64 dev eth0 nodad
  ip -n client -6 addr del 2001:db8:1::2/64 dev eth0
  ip -n client -6 route replace default via 2001:db8:1::1
  lab_wait open_at '[2001:db8:1::3]:4000'
  ip -n client route replace default via 100.64.1.1
  let_go TERM 143 4000
  jq -se '.[-1].report.ports | map(.internal) == ["100.64.1.2:4000", "[2001:db8:1::3]:4000"]' "$room/4000.events"
}

gateway_listed() {
  gateway_list nat | grep -q "$1"
}

# seen FILTER: watch has told an event for which it holds
seen() {
  jq -se "any(.[]; $1)" "$room/watch.events" >/dev/null 2>&1
}

@test "watch tells of a gateway that goes, comes back, and has lost what it had" {
  gateway_up nat
  ip netns exec client env "${home[@]}" "$natmap" watch --interval 2s --events --exec "echo \$NATKIT_EVENT >>$room/log" \
    >"$room/watch.events" 2>"$room/said" 3>&- </dev/null &
  watcher=$!
  lab_wait seen '.event == "there" and .protocol == "upnp" and .external_address == "198.51.100.10"'
  lab_wait seen '.event == "there" and .protocol == "pcp"'
  gateway_crash nat
  lab_wait seen '.event == "gone" and .protocol == "pcp"'
  gateway_start nat
  lab_wait seen '.event == "lost"'
  lab_wait grep -qx lost "$room/log"
  kill -INT "$watcher"
  status=0
  wait "$watcher" || status=$?
  ended 130
  seen '.event == "done" and .report.command == "watch"'
  valid_events watch
}

@test "IPv6: the gateway's firewall lets in what comes to the port" {
  gateway_up nat
  lab_ipv6
  ip -n nat addr add fe80::1/64 dev lan nodad
  ip -n client -6 route replace default via fe80::1 dev eth0 # as routers advertise it
  for protocol in pcp upnp; do
    ports 90 open tcp 4000 -6 --protocol "$protocol" --server '[2001:db8:2::1]' --detach
    ended 0
    is '.ports[0].state' '"open"'
    is '.ports[0].external_address' '"2001:db8:1::2"'
    ports 90 close tcp 4000
    ended 0
  done
}

# unprivileged SECONDS COMMAND...: by somebody who may not listen at low ports
unprivileged() {
  natmap=$room/unprivileged ports "$@"
}

@test "a low port at which natmap may not listen is held, and open once a program has it" {
  gateway_up nat
  printf '#!/bin/sh\nexec setpriv --bounding-set=-net_bind_service %s "$@"\n' "$natmap" >"$room/unprivileged"
  chmod +x "$room/unprivileged"
  unprivileged 30 open tcp 80 --server 192.0.2.1 --detach
  ended 0
  is '.ports[0].state' '"unverified"'
  jq -e '.ports[0].verified.why | contains("CAP_NET_BIND_SERVICE")' "$report"
  gateway_state nat | grep -q ':80:'
  unprivileged 30 open udp 80 --server 192.0.2.1 --detach
  ended 0
  jq -e '.ports[0].verified.why | contains("CAP_NET_BIND_SERVICE")' "$report"
  listen /usr/bin/python3 -c "${both_ports//4000/80}"
  lab_wait listens 80
  unprivileged 30 open tcp 80 --server 192.0.2.1 --detach
  ended 0
  is '.ports[0].verified.verdict' '"accepted"'
  unprivileged 10 close --all
  ended 0
}

@test "what cannot be read of what is open is not said to be closed" {
  gateway_up nat
  ports 90 open tcp 4000 --no-verify --detach
  ended 0
  truncate -s 60 "$room"/state/natkit/mappings/tcp-4000-*.json
  ports 90 close --all
  ended 1
  is .complete false
  grep -qF "$(echo "$room"/state/natkit/mappings/tcp-4000-*.json)" "$room/said"
  ports 90 list
  is .complete false
  rm "$room"/state/natkit/mappings/tcp-4000-*.json
  at 90 "$natmap" close --all --text >"$room/out"
  [ "$(cat "$room/out")" = 'nothing is left open' ]
  mv "$room/state" "$room/kept"
  touch "$room/state"
  status=0
  at 90 "$natmap" close --all 2>"$room/said" || status=$?
  ended 5
  grep -qF 'XDG_STATE_HOME' "$room/said"
  ports 90 list
  is .complete false
  status=0
  lab_client 90 env -u HOME -u XDG_STATE_HOME "$natmap" close --all 2>"$room/said" || status=$?
  ended 2
  grep -qF 'neither XDG_STATE_HOME nor HOME' "$room/said"
}
