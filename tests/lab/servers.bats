#!/usr/bin/env bats
# Servers that are not natbroker, and servers that lie.

# shellcheck source=tests/lab/helper.bash
. "$BATS_TEST_DIRNAME/helper.bash"

export BATS_TEST_RETRIES=1 # the machine may stall: a run then sees time go by in a jump

@test "coturn alone: what it allows is right, the rest has its reason" {
  lab_timers 5 9
  lab_coturn
  probe 90 --max 12
  [ "$status" -eq 0 ]
  is .udp.mapping.class '"endpoint-independent"'
  is .udp.filtering.class '"address-and-port-dependent"'
  near .udp.timeouts.replied 5
  unknown_or_near .udp.timeouts.solitary 5
  unknown_or_near .udp.timeouts.stream 9
}

@test "coturn with one address: classes are unknown, and why" {
  lab_coturn 192.0.2.1
  probe 60 --quick
  [ "$status" -eq 0 ]
  is .nat true
  is .udp.mapping.class '"unknown"'
  jq -e '.udp.mapping.why | length > 0' "$report"
}

@test "natbroker with one address: timeouts are measured, classes are not" {
  lab_timers 3 5
  lab_broker_ready=192.0.2.1:3479 lab_broker --listen 192.0.2.1
  probe 60 --max 6
  near .udp.timeouts.replied 3
  is .udp.mapping.class '"unknown"'
}

@test "nobody answers: exit 3 and one clear line" {
  lab_liar silent
  run --separate-stderr lab_client 60 "$natprobe" --text --server 192.0.2.1
  assert_equal "$status" 3
  assert_equal "${#stderr_lines[@]}" 1
  assert_regex "$stderr" '192\.0\.2\.1'
}

@test "no server is there: exit 3" {
  run --separate-stderr lab_client 60 "$natprobe" --text --server 192.0.2.1
  assert_equal "$status" 3
}

@test "the second server is used when the first is silent" {
  lab_broker
  status=0
  lab_client 60 "$natprobe" --json --quick --server 192.0.2.77 --server 192.0.2.1 >"$report" || status=$?
  valid_report
  [ "$status" -eq 0 ]
  is .udp.mapping.class '"endpoint-independent"'
}

@test "an honest stranger is believed" {
  lab_nat adf
  lab_liar honest
  probe 60 --quick
  [ "$status" -eq 0 ]
  is .udp.mapping.class '"endpoint-independent"'
  is .udp.filtering.class '"address-dependent"'
  is .faults '[]'
}

@test "OTHER-ADDRESS is its own address" {
  lab_liar other-is-self
  probe 60 --quick
  fault other-address-is-its-own
  is .udp.mapping.class '"unknown"'
}

@test "OTHER-ADDRESS does not answer" {
  lab_liar other-silent
  probe 60 --quick
  fault other-address-silent
  is .udp.mapping.class '"unknown"'
}

@test "CHANGE-REQUEST is ignored: never full cone" {
  lab_liar ignores-change
  probe 60 --quick
  fault change-request-ignored
  is .udp.filtering.class '"unknown"'
}

@test "answers from a wrong address are not believed" {
  lab_nat eif # lets them in
  lab_liar wrong-source
  probe 60 --quick
  [ "$status" -eq 3 ]
  fault answer-from-wrong-address
  is .nat null
}

@test "a wrong transaction id is not believed" {
  lab_liar wrong-tid
  probe 60 --quick
  [ "$status" -eq 3 ]
  fault wrong-transaction-id
  is .nat null
}

@test "garbage is not believed" {
  lab_liar garbage
  probe 60 --quick
  [ "$status" -eq 3 ]
  fault garbage
  is .nat null
}

@test "garbage and forgeries beside true answers change nothing" {
  lab_liar noisy
  probe 60 --quick
  fault garbage
  fault wrong-transaction-id
  is .public '["198.51.100.10"]'
  is .udp.mapping.class '"endpoint-independent"'
  is .udp.filtering.class '"address-and-port-dependent"'
}
