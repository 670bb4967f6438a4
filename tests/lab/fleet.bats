#!/usr/bin/env bats
# natbroker before some hundred clients at once, as "make accept" has it before millions.

# shellcheck source=tests/lab/helper.bash
. "$BATS_TEST_DIRNAME/helper.bash"

fleet=$NATKIT_BUILD/tests/speed/fleet
ledger=/run/lab/ledger
counts=/run/lab/counts.json

setup() {
  [ -w /dev/net/tun ] || skip "no TUN device"
  lab_space server
  ip -n server tuntap add dev fleet mode tun
  ip -n server link set fleet txqueuelen 5000 up
  ip -n server addr add 192.0.2.1/32 dev lo
  ip -n server route add 100.64.0.0/10 dev fleet
}

broker() {
  lab_broker_ready=192.0.2.1:3479 lab_broker --listen 192.0.2.1 --verbose --state "$ledger"
}

# play OPTION...: 300 registered hosts, each of which says something once a second
play() {
  local turns=()
  [[ $* != *--turns* ]] || turns=(--turns)
  "$fleet" roll "${turns[@]}" --hosts 300 --interval 1 --state "$ledger"
  broker
  timeout 120 ip netns exec server "$fleet" hold --hosts 300 --interval 1 "$@" >"$counts" 2>/run/lab/said 3>&- &
  playing=$!
}

# counted FILTER...: what fleet has counted, at its end
counted() {
  wait "$playing" || cat /run/lab/said
  cat "$counts"
  local filter
  for filter; do
    jq -e "$filter" "$counts"
  done
}

joined() {
  [ "$(grep -c 'registration of' /run/lab/natbroker.log)" -ge 40 ]
}

@test "who is registered is answered, and rung" {
  play --time 12 --joins 40 --join-rate 100 --rings 100 --ring-at 2
  counted '.joined == 40' '.rang == 140' '.lost == 0' '.forgotten == 0' '.answered == .sent' '.sent >= 300 * 3'
}

@test "by turns" {
  play --turns --time 12 --rings 100 --ring-at 2
  counted '.rang == 100' '.lost == 0' '.forgotten == 0' '.answered >= 300 * 2'
}

@test "a broker that was killed knows them, and those that joined since come back by their tickets" {
  play --time 20 --joins 40 --join-rate 100 --rings 100 --ring-at 17
  lab_wait joined
  kill -KILL "$lab_server"
  wait "$lab_server" || true
  broker
  counted '.joined == 40' '.rang == 140' '.lost == 0'
}
