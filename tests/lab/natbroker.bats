#!/usr/bin/env bats
# natbroker as a STUN server, seen by other people's clients.

# shellcheck source=tests/lab/helper.bash
. "$BATS_TEST_DIRNAME/helper.bash"

# answer COMMAND...: what a client of coturn prints, its public address at last; it never ends by itself
answer() {
  says 'UDP reflexive addr' lab_client 60 "$@"
}

@test "coturn's client is told its public address" {
  lab_broker
  run answer turnutils_stunclient 192.0.2.1
  assert_output --partial 'UDP reflexive addr: 198.51.100.10:'
  assert_output --partial 'Response origin: : 192.0.2.1:3478'
  assert_output --partial 'Other addr: : 192.0.2.2:3479'
}

@test "the alternate address names the primary as the other" {
  lab_broker
  run answer turnutils_stunclient -p 3479 192.0.2.2
  assert_output --partial 'Response origin: : 192.0.2.2:3479'
  assert_output --partial 'Other addr: : 192.0.2.1:3478'
}

@test "IPv6" {
  lab_broker
  lab_ipv6
  run answer turnutils_stunclient 2001:db8:2::1
  assert_output --partial '2001:db8:1::2'
}

@test "one address: no OTHER-ADDRESS" {
  lab_broker_ready=192.0.2.1:3478 lab_broker --listen 192.0.2.1
  run answer turnutils_stunclient 192.0.2.1
  assert_output --partial 'UDP reflexive addr: 198.51.100.10:'
  refute_output --partial 'Other addr'
}

@test "no options: answers from the address that was asked" {
  lab_broker_ready=:3478 lab_serve natbroker :3478 "$NATKIT_BUILD/bin/natbroker"
  run answer turnutils_stunclient 192.0.2.2
  assert_output --partial 'UDP reflexive addr: 198.51.100.10:'
}

@test "coturn's NAT discovery classifies a full cone with it" {
  lab_nat eif
  lab_broker
  run lab_client 90 turnutils_natdiscovery -m -f 192.0.2.1
  assert_output --partial 'NAT with Endpoint Independent Mapping!'
  assert_output --partial 'NAT with Endpoint Independent Filtering!'
}

@test "coturn's NAT discovery classifies a symmetric NAT with it" {
  lab_nat random
  lab_broker
  run lab_client 90 turnutils_natdiscovery -m -f 192.0.2.1
  assert_output --partial 'NAT with Address and Port Dependent Mapping!'
  assert_output --partial 'NAT with Address and Port Dependent Filtering!'
}

@test "an agent of libnice, which asks without the magic cookie, learns its public address" {
  lab_broker
  run says 'typ srflx' lab_client 60 /usr/bin/python3 "$BATS_TEST_DIRNAME/../peers/ice_nice.py" controlling 192.0.2.1
  assert_output --regexp '198\.51\.100\.10 [0-9]+ typ srflx'
}

@test "SIGTERM ends it cleanly" {
  lab_broker
  kill -TERM "$lab_server"
  status=0
  wait "$lab_server" || status=$?
  [ "$status" -eq 0 ]
  # shellcheck disable=SC2034  # for lab_down
  lab_server=''
}

@test "an address that is not ours is refused in one line" {
  run -5 --separate-stderr timeout 30 ip netns exec server "$NATKIT_BUILD/bin/natbroker" --listen 203.0.113.9
  assert_regex "$stderr" '203\.0\.113\.9'
}

@test "bad input is quoted and refused" {
  run -2 --separate-stderr timeout 30 "$NATKIT_BUILD/bin/natbroker" --listen 192.0.2.300
  assert_regex "$stderr" '192\.0\.2\.300'
  assert_output ''
}
