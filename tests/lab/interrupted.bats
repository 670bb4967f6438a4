#!/usr/bin/env bats
# Runs that are cut short still report, and say so.

# shellcheck source=tests/lab/helper.bash
. "$BATS_TEST_DIRNAME/helper.bash"

# measuring: a long run in the background, past its classification
measuring() {
  lab_timers 60 60
  lab_broker
  # No wrapper: signals are for natprobe itself.
  ip netns exec client env --default-signal=INT,HUP "$natprobe" --json --events --server 192.0.2.1 --max 300 \
    >"$report" 2>/run/lab/said 3>&- &
  run=$!
  lab_wait held_flows 20
}

held_flows() {
  [ "$(lab_flows)" -ge "$1" ]
}

ended() {
  ! kill -0 "$run" 2>/dev/null
}

# The report is in the last of the events.
partial() {
  lab_wait ended || kill -KILL "$run"
  status=0
  wait "$run" || status=$?
  cat /run/lab/said
  tail -n 1 "$report" | jq .report >"$report.last"
  report=$report.last
  valid_report
  is .complete false
}

@test "SIGINT: a partial report, exit 130" {
  measuring
  kill -INT "$run"
  partial
  [ "$status" -eq 130 ]
}

@test "SIGTERM: a partial report, exit 143" {
  measuring
  kill -TERM "$run"
  partial
  [ "$status" -eq 143 ]
}

@test "SIGHUP: a partial report, exit 129" {
  measuring
  kill -HUP "$run"
  partial
  [ "$status" -eq 129 ]
}

@test "the interface is deleted: a partial report, exit 3" {
  measuring
  ip -n client link del eth0
  partial
  [ "$status" -eq 3 ]
}

@test "the interface goes down: a partial report, exit 3" {
  measuring
  ip -n client link set eth0 down
  partial
  [ "$status" -eq 3 ]
}
