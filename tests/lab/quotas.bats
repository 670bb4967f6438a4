#!/usr/bin/env bats
# Session limits of the NAT, and natprobe's own.

# shellcheck source=tests/lab/helper.bash
. "$BATS_TEST_DIRNAME/helper.bash"

export BATS_TEST_RETRIES=1 # the machine may stall: a run then sees time go by in a jump

# limited SESSIONS FIRST STREAM MAX: a NAT that refuses more is named, and no timeout is false
limited() {
  lab_nat quota "$1"
  lab_timers "$2" "$3"
  lab_broker
  probe 400 --max "$4"
  is .udp.quota.policy '"refuses"'
  jq -e --argjson n "$1" '.udp.quota.value | . >= $n - 3 and . <= $n + 3' "$report"
  unknown_or_near .udp.timeouts.solitary "$2"
  unknown_or_near .udp.timeouts.replied "$2"
  unknown_or_near .udp.timeouts.stream "$3"
}

@test "a NAT that allows 24 sessions" {
  limited 24 5 9 12
}

@test "a NAT that allows 64 sessions" {
  limited 64 5 9 12
}

@test "a NAT that allows 200 sessions" {
  limited 200 13 19 60 # long enough for a run to want that many
}

@test "--mappings 32 never holds more than 32" {
  lab_timers 5 9
  lab_broker
  probe 180 --max 12 --mappings 32 3>&- &
  local run=$! most=0 now
  while kill -0 $run 2>/dev/null; do
    now=$(lab_flows)
    [ "$now" -le "$most" ] || most=$now
    sleep 0.05
  done
  wait $run
  echo "at most $most flows at once"
  [ "$most" -le 32 ]
  [ "$most" -ge 8 ] # the count itself works
  unknown_or_near .udp.timeouts.replied 5
}
