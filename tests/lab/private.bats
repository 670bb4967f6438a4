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
  lab_client 60 stun 192.0.2.1 2>&1 | sed -n 's/^Primary: *//p'
}

# stun_agrees KIND WORDS: it asks each thing for a short time only, and is asked again where the machine took longer
stun_agrees() {
  local said
  lab_nat "$1"
  said=$(stun_says)
  echo "$1: $said"
  [[ $said = *"$2"* ]]
}

@test "stun(1) agrees on what the NATs are" {
  lab_coturn
  while IFS='|' read -r kind words; do
    lab_wait stun_agrees "$kind" "$words"
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
  lab_client 30 bash -c 'for i in 1 2 3 4 5 6; do echo >/dev/udp/192.0.2.1/9; done' || true
  run lab_flows
  assert_output 4
}

# send COUNT: so many datagrams to a closed port of the server, which had got $before
send() {
  before=$(strays)
  lab_client 30 bash -c "exec 9>/dev/udp/192.0.2.1/9; for i in {1..$1}; do echo >&9 || true; done" 2>/dev/null
}

arrived() {
  echo $(($(strays) - before))
}

more_than() {
  [ "$(arrived)" -gt "$1" ]
}

strays() {
  ip netns exec server sed -n 's|^Udp: [0-9]* \([0-9]*\) .*|\1|p' /proc/net/snmp
}

@test "loss is loss, and ends" {
  lab_loss 50
  send 200
  lab_wait more_than 50
  echo "$(arrived) of 200 arrived"
  [ "$(arrived)" -lt 150 ]
  lab_loss 0
  send 200
  lab_wait more_than 199
  [ "$(arrived)" -eq 200 ]
}

@test "a slow wire is slow" {
  lab_slow 20000 || skip 'no TUN device here'
  run lab_client 30 ping -qn -c 1 -W 20 192.0.2.1 # of several the last would not be waited for
  assert_output --partial ' 0% packet loss'
  [ "$(sed -n 's/^rtt[^=]*= \([0-9]*\).*/\1/p' <<<"$output")" -ge 40 ]
}
