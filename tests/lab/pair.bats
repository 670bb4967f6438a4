#!/usr/bin/env bats
# The lab of two homes is what it says, as plain tools and other people's programs see it.

# shellcheck source=tests/lab/helper.bash
. "$BATS_TEST_DIRNAME/helper.bash"
# shellcheck source=tests/lab/pair.bash
. "$BATS_TEST_DIRNAME/pair.bash"

setup() { :; }

# seen HOST ADDRESS: the server sees it there
seen() {
  run says 'UDP reflexive addr' pair_in "$1" 60 turnutils_stunclient 192.0.2.1
  assert_output --partial "UDP reflexive addr: $2:"
}

# hops HOST NUMBER: the server is so far
hops() {
  pair_in "$1" 30 ping -qn -c 1 -W 20 -t "$2" 192.0.2.1
  run ! pair_in "$1" 3 ping -qn -c 1 -W 0.2 -t "$(($2 - 1))" 192.0.2.1
}

# knock HOST NAT ADDRESS: a datagram to a port of the NAT; prints what flow the NAT has then
knock() {
  pair_in "$1" 30 bash -c "echo >/dev/udp/$3/7777"
  ip netns exec "$2" conntrack -L -p udp --orig-port-dst 7777 2>/dev/null
}

@test "each side is behind a NAT of its own" {
  pair_up masq masq
  lab_coturn
  seen alice 198.51.100.10
  seen bob 203.0.113.10
  hops alice 3
  hops bob 3
}

@test "a carrier's NAT is before alice's" {
  pair_up_behind_carrier masq masq masq
  lab_coturn
  seen alice 198.51.100.10
  hops alice 4
  hops bob 3
}

@test "two in one home reach each other" {
  pair_up_in_one_home masq
  lab_coturn
  seen bob 198.51.100.10
  pair_in alice 30 ping -qn -c 1 -W 20 100.64.3.2
}

@test "guests in one home do not" {
  pair_up_in_one_home guests
  lab_coturn
  seen bob 198.51.100.10
  run ! pair_in alice 3 ping -qn -c 1 -W 0.2 100.64.3.2
}

@test "a stranger's packet leaves a flow only in a NAT that takes it for its own" {
  pair_up masq clash
  run knock bob nata 198.51.100.10
  assert_output ''
  run knock alice natb 203.0.113.10
  assert_output --partial 'src=198.51.100.10'
}

@test "a delay is on both links" {
  pair_up masq masq
  lab_slow 20000 nata natb || skip 'no TUN device here'
  run pair_in alice 30 ping -qn -c 1 -W 20 203.0.113.10 # of several the last would not be waited for
  assert_output --partial ' 0% packet loss'
  [ "$(sed -n 's/^rtt[^=]*= \([0-9]*\).*/\1/p' <<<"$output")" -ge 80 ]
}

@test "programs of others meet across it" {
  pair_up masq masq
  lab_coturn
  run "$lab_top/tests/peers/ice_race.py" meet 1 libnice aioice
  assert_output "1 of 1"
}
