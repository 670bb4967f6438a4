#!/usr/bin/env bats
# Timeouts of the kernel's NAT, set short. "make accept" has the same with longer ones, many times.

# shellcheck source=tests/lab/helper.bash
. "$BATS_TEST_DIRNAME/helper.bash"

export BATS_TEST_RETRIES=1 # the machine may stall: a run then sees time go by in a jump

@test "three states, told apart" {
  lab_timers 5 9
  lab_broker
  probe 180 --max 12
  [ "$status" -eq 0 ]
  near .udp.timeouts.solitary 5
  near .udp.timeouts.replied 5
  near .udp.timeouts.stream 9
  is .udp.quota.value null
}

@test "7 and 19 seconds" {
  lab_timers 7 19
  lab_broker
  probe 180 --max 25
  [ "$status" -eq 0 ]
  near .udp.timeouts.solitary 7
  near .udp.timeouts.replied 7
  near .udp.timeouts.stream 19
  is .udp.refresh.inbound.value true
  is .udp.refresh.outbound.value true
}

@test "7 and 19 seconds, 5 % loss" {
  lab_timers 7 19
  lab_loss 5
  lab_broker
  probe 180 --max 25
  near .udp.timeouts.solitary 7 4
  near .udp.timeouts.replied 7 4
  near .udp.timeouts.stream 19 4
}

@test "refresh by outbound packets only" {
  lab_timers 60 60
  lab_nat outref 5
  lab_broker
  probe 180 --max 12
  near .udp.timeouts.replied 5
  is .udp.refresh.outbound.value true
  is .udp.refresh.inbound.value false
}

@test "longer than the longest silence tried" {
  lab_timers 60 60
  lab_broker
  probe 180 --max 6
  [ "$status" -eq 0 ]
  is .udp.timeouts.replied.value null
  jq -e '.udp.timeouts.replied.at_least | . >= 5 and . < 60' "$report"
}

@test "no NAT, no firewall: nothing expires" {
  lab_nat nonat
  lab_broker
  probe 180 --max 6
  [ "$status" -eq 0 ]
  is .nat false
  is .udp.timeouts.stream.value null
}

@test "a firewall without NAT has timeouts too" {
  lab_nat firewall
  lab_timers 5 9
  lab_broker
  probe 180 --max 12
  is .nat false
  near .udp.timeouts.replied 5
  near .udp.timeouts.stream 9
}

@test "the report goes through jq as it stands" {
  lab_timers 3 5
  lab_broker
  lab_client 180 "$natprobe" --server 192.0.2.1 --max 6 2>/dev/null | jq .udp.timeouts >/run/lab/timeouts
  jq -e '.solitary.value and .replied.value and .stream.value' /run/lab/timeouts
}

@test "an SVG is written" {
  lab_timers 3 5
  lab_broker
  probe 180 --max 6 --svg /run/lab/curve.svg
  /usr/bin/python3 -c 'import sys, xml.etree.ElementTree as e; assert e.parse(sys.argv[1]).getroot().tag.endswith("svg")' \
    /run/lab/curve.svg
}
