#!/usr/bin/env bats
# The NAT's timer for pings, where ping sockets are permitted.

# shellcheck source=tests/lab/helper.bash
. "$BATS_TEST_DIRNAME/helper.bash"

export BATS_TEST_RETRIES=1 # the machine may stall: a run then sees time go by in a jump

# permit: ping sockets for our group on the client's machine, the only one that an ordinary user's private world has; a
# new namespace permits nobody
permit() {
  ip netns exec client sysctl -qw net.ipv4.ping_group_range="0 0"
}

# icmp_timer SECONDS: how long the NAT keeps a ping's flow
icmp_timer() {
  ip netns exec nat sysctl -qw net.netfilter.nf_conntrack_icmp_timeout="$1" \
    net.netfilter.nf_conntrack_icmpv6_timeout="$1"
}

# within PATH TRUTH: the interval holds the truth, and is no wider than half of it
within() {
  jq -e --argjson truth "$2" "$1"' | .value != null and .ci95[0] <= $truth and
    .ci95[1] >= $truth and .ci95[1] - .ci95[0] <= $truth / 2' "$report" >/dev/null && return
  echo "$1 is $(jq -c "$1" "$report"), the truth is $2 s"
  return 1
}

@test "5 s for pings, beside other timers for UDP" {
  permit
  lab_timers 7 10
  icmp_timer 5
  lab_broker
  probe 180 --max 13
  [ "$status" -eq 0 ]
  within .icmp.query_timeout 5
  near .udp.timeouts.replied 7
  near .udp.timeouts.stream 10
  jq -e 'any(.evidence[]; .kind == "icmp" and .verdict == "alive")' "$report"
}

@test "a firewall's timer for IPv6 pings" {
  permit
  lab_timers 7 10
  icmp_timer 5
  lab_broker
  lab_ipv6
  probe 180 --max 13 --server 2001:db8:2::1
  within .icmp.query_timeout 5
}

@test "longer than the run" {
  permit
  lab_timers 5 9
  icmp_timer 60
  lab_broker
  probe 180 --max 12
  [ "$status" -eq 0 ]
  is .icmp.query_timeout.value null
  jq -e '.icmp.query_timeout.at_least | . >= 4 and . < 60' "$report"
}

@test "not permitted: that is said, and the run is none the worse" {
  lab_timers 5 9
  lab_broker
  probe 180 --max 12
  [ "$status" -eq 0 ]
  is .icmp.query_timeout.value null
  jq -e '.icmp.query_timeout.why | test("ping_group_range")' "$report"
  near .udp.timeouts.replied 5
}

@test "a server that answers no pings" {
  permit
  ip netns exec server sysctl -qw net.ipv4.icmp_echo_ignore_all=1
  lab_timers 5 9
  lab_broker
  probe 180 --max 12
  [ "$status" -eq 0 ]
  jq -e '.icmp.query_timeout.why | test("no ping was answered")' "$report"
}

@test "a broker without privilege takes no pings" {
  permit
  lab_timers 3 5
  lab_serve natbroker 192.0.2.1:3479 setpriv --bounding-set=-net_raw --inh-caps=-net_raw \
    "$NATKIT_BUILD/bin/natbroker" --listen 192.0.2.1
  probe 180 --max 6
  jq -e '.icmp.query_timeout.why | test("takes no trials by ICMP")' "$report"
  grep -q 'no ICMP timers can be measured with 192.0.2.1' /run/lab/natbroker.log
}

@test "the broker keeps no privilege while it serves pings" {
  lab_broker
  lab_wait grep -q 'serving pings to 192.0.2.1$' /run/lab/natbroker.log
  lab_wait grep -qx 'CapPrm:[[:space:]]*0*' "/proc/$lab_server/status"
  grep -qx 'CapEff:[[:space:]]*0*' "/proc/$lab_server/status"
}
