#!/usr/bin/env bats
# The lab's own promises: nothing leaks out of it, and its NATs do what they are called.

# shellcheck source=tests/lab/helper.bash
. "$BATS_TEST_DIRNAME/helper.bash"

private=$BATS_TEST_DIRNAME/private.sh

@test "a private run has names of its own, and gives back the exit status" {
  run "$private" bash -c 'ip netns add client && ip netns list && exit 7'
  assert_equal "$status" 7
  assert_output client
}

@test "nothing outlives a run that is killed" {
  local mark=987654321
  "$private" bash -c "sleep $mark & sleep $mark" 3>&- &
  local run=$!
  lab_wait pgrep -f "^sleep $mark"
  kill -KILL $run
  wait $run || true
  lab_wait none_left "^sleep $mark"
}

@test "nothing outlives a run that is terminated" {
  local mark=987654322
  "$private" bash -c "sleep $mark & sleep $mark" 3>&- &
  local run=$!
  lab_wait pgrep -f "^sleep $mark"
  kill -TERM $run
  wait $run || true
  lab_wait none_left "^sleep $mark"
}

none_left() {
  ! pgrep -f "$1"
}

# stun(1) is 20 years old and knows nothing of ours.
stun_says() {
  lab_client 10 stun 192.0.2.1 2>&1 | sed -n 's/^Primary: *//p'
}

@test "stun(1) agrees on what the NATs are" {
  lab_coturn
  while IFS='|' read -r kind words; do
    lab_nat "$kind"
    run stun_says
    echo "$kind: $output"
    assert_output --partial "$words"
  done <<'KINDS'
masq|Independent Mapping, Port Dependent Filter, preserves ports
eif|Independent Mapping, Independent Filter
adf|Independent Mapping, Address Dependent Filter
random|Dependent Mapping
adm|Dependent Mapping
seq|Dependent Mapping
nonat|Open
firewall|Firewall
KINDS
}

@test "timers are what they were set to" {
  lab_timers 7 19
  run ip netns exec nat sysctl -n net.netfilter.nf_conntrack_udp_timeout
  assert_output 7
}

@test "a quota refuses the flow beyond it" {
  lab_nat quota 4
  lab_client 10 bash -c 'for i in 1 2 3 4 5 6; do echo >/dev/udp/192.0.2.1/9; done' || true
  run lab_flows
  assert_output 4
}

# arrived COUNT: of so many datagrams, those that come to a closed port of the server
arrived() {
  local before
  before=$(strays)
  lab_client 10 bash -c "exec 9>/dev/udp/192.0.2.1/9; for i in {1..$1}; do echo >&9 || true; done" 2>/dev/null
  echo $(($(strays) - before))
}

strays() {
  ip netns exec server sed -n 's|^Udp: [0-9]* \([0-9]*\) .*|\1|p' /proc/net/snmp
}

@test "loss is loss, and ends" {
  lab_loss 50
  run arrived 200
  echo "$output of 200 arrived"
  [ "$output" -gt 50 ] && [ "$output" -lt 150 ]
  lab_loss 0
  run arrived 200
  assert_output 200
}

@test "a slow wire is slow" {
  lab_slow 20000 || skip 'no TUN device here'
  run lab_client 10 ping -qn -c 3 -i 0.1 192.0.2.1
  assert_output --partial ' 0% packet loss'
  [ "$(sed -n 's/^rtt[^=]*= \([0-9]*\).*/\1/p' <<<"$output")" -ge 40 ]
}
