#!/usr/bin/env bats
# The map, as a user meets it: behind several networks, without some of what it needs, and cut short.

# shellcheck source=tests/lab/natmap_map.bash
. "$BATS_TEST_DIRNAME/natmap_map.bash"
# shellcheck source=tests/lab/gateway.bash
. "$BATS_TEST_DIRNAME/gateway.bash"

@test "all but boxes that keep state is there within two seconds" {
  lab_broker
  maps_within 2 --quick
  [ "$status" -eq 0 ]
  is '.public[0]' '"198.51.100.10"'
  is '[.path.hops[].address]' '["100.64.1.1","198.51.100.1"]'
  is '.path.boxes' 2
  is '.gateways[0].gateway' '"100.64.1.1"'
  is '.path.enumerated' false
}

@test "a resolver that is silent holds nothing up" {
  lab_broker
  lab_silent_resolver
  maps_within 2.5 --quick --server elsewhere.example --server 192.0.2.1
  [ "$status" -eq 0 ]
  is '.public[0]' '"198.51.100.10"'
  maps_within 5 --quick --server elsewhere.example
  [ "$status" -eq 3 ]
  [[ $said = *'the resolver does not answer'* ]]
  is '.gateways[0].gateway' '"100.64.1.1"'
}

@test "without a NAT: a firewall alone, and nothing at all" {
  lab_broker
  lab_nat firewall
  maps 60 --quick
  is .verdict '"firewall"'
  is .nats 0
  lab_nat nonat
  maps 60 --quick
  is .verdict '"open"'
  is '.public[0]' '"100.64.1.2"'
}

@test "a carrier's NAT behind the one at home" {
  lab_down
  lab_carrier_up
  lab_broker
  maps 60 --quick
  is .verdict '"carrier-nat"'
  is .nats_at_least true
  is '.path.hops[1].address' '"100.64.7.1"'
}

@test "the last event of a verdict is that of the report, and about as sure" {
  lab_down
  lab_carrier_up
  lab_broker
  may_try_again # as it measures time
  lab_timers 5 7
  lab_timers 3 4 carrier
  at 60 "$natmap" --server 192.0.2.1 --max 8s --events >"$room/events" 2>"$room/said"
  jq -c 'select(.event == "verdict")' "$room/events"
  jq -se '(map(select(.event == "verdict")) | last) as $told | last.report as $r |
    ($r.p - $told.p | fabs < 0.05) and all(("verdict", "nats", "nats_at_least", "carrier_hop", "vpn", "nat64");
      $told[.] == $r[.])' "$room/events"
}

@test "a server of another make: all but boxes that keep state" {
  lab_coturn
  maps 60
  [ "$status" -eq 0 ]
  is .server.probe_service false
  is .path.enumerated false
  is '.path.why | length > 0' true
  is .path.boxes 2
}

@test "a silent server: what gateways say is told all the same" {
  maps 60 --server 192.0.2.77
  [ "$status" -eq 3 ]
  [[ $said = *"no answer from 192.0.2.77"* ]]
  is '.gateways[0].gateway' '"100.64.1.1"'
  is .path.boxes null
  is '.path.hops[0].address' '"100.64.1.1"'
}

@test "a server that has no name, and none at all: the same" {
  maps 60 --server nonesuch.example
  [ "$status" -eq 3 ]
  [[ $said = *"nonesuch.example"* ]]
  is '.gateways[0].gateway' '"100.64.1.1"'
  maps 60 --server 255.255.255.255
  [ "$status" -eq 3 ]
  [[ $said = *"'255.255.255.255': it is not the address of a host"* ]]
  status=0
  at 60 env NATKIT_SERVER=' ' "$natmap" --text >"$room/text" 2>"$room/said" || status=$?
  cat "$room/said" "$room/text"
  [ "$status" -eq 3 ]
  grep -q '^Gateway    100.64.1.1 on eth0$' "$room/text"
}

@test "no way out: one line, and nothing else" {
  ip -n client route flush default
  ip -n client -6 route flush default
  run --separate-stderr at 60 "$natmap" --server 192.0.2.1
  assert_equal "$status" 3
  assert_output ''
  assert_equal "${#stderr_lines[@]}" 1
}

@test "both families, and one alone" {
  lab_broker
  printf '2001:db8:2::1 broker.example\n' >>/run/lab/hosts
  lab_ipv6
  maps 60 --server broker.example --quick
  is '.public' '["198.51.100.10","2001:db8:1::2"]'
  is '.gateways | length' 2
  maps 60 --server broker.example --quick -6
  is '.public' '["2001:db8:1::2"]'
  is .verdict '"firewall"'
  is '[.gateways[].gateway]' '["2001:db8:1::1"]'
}

@test "a tunnel is named" {
  lab_broker
  ip -n client tuntap add dev tun7 mode tun 2>/dev/null || skip "no TUN devices here"
  ip -n client addr add 10.9.0.2/24 dev tun7
  ip -n client link set tun7 up
  ip -n client route replace default via 10.9.0.1 dev tun7
  maps 60 --quick
  [ "$status" -eq 3 ]
  is '.gateways[0] | [.gateway, .interface, .tunnel]' '["10.9.0.1","tun7",true]'
}

@test "what hops quote, with the privilege" {
  lab_broker
  maps 60 --quick
  is '[.path.hops[].quote | .id_differs, (.source | startswith("100.64.1.2:"))]' '[false,true,false,true]'
  is '.path.hops[0].quote.checksum_differs' false
}

@test "a box that rewrites the identification shows in what is quoted beyond it" {
  lab_broker
  ip netns exec nat nft 'add chain ip lab rewrite { type filter hook postrouting priority 200 ; }'
  ip netns exec nat nft add rule ip lab rewrite oifname wan meta l4proto udp ip id set 4711
  maps 60 --quick
  is '[.path.hops[].quote.id_differs]' '[false,true]'
}

@test "without the privilege nothing is quoted, and all else is there" {
  lab_broker
  chmod go+rx "$room"
  at 60 setpriv --bounding-set=-all --inh-caps=-all "$natmap" --server 192.0.2.1 --quick --json >"$report"
  valid_map "$report"
  is '[.path.hops[].quote]' '[null,null]'
  is '[.path.hops[].address]' '["100.64.1.1","198.51.100.1"]'
}

@test "events, the last of which holds the report" {
  may_try_again # as it measures time
  lab_broker
  lab_timers 3 3
  gateway_up nat
  at 60 "$natmap" --server 192.0.2.1 --max 6s --events >"$room/events" 2>"$room/said"
  gateway_stop nat
  jq -c . "$room/events"
  jq -r .event "$room/events" | sort -u >"$room/kinds"
  for kind in start gateway public hop verdict 'done'; do
    grep -qx "$kind" "$room/kinds" || fail "no event $kind"
  done
  jq -se 'any(.[]; .event == "hop" and .state == "stateful")' "$room/events"
  # Each event of a hop tells something new, and the last one what the report has.
  jq -se 'map(select(.event == "hop") | [.hop, .address, .by_route, .state, .timeout.value]) |
    length == (unique | length)' "$room/events"
  jq -se 'def known: {hop, address, by_route, state, value: .timeout.value};
    (map(select(.event == "hop")) | group_by(.hop) | map(last | known)) ==
    (last.report.path.hops | map(known))' "$room/events"
  mkdir "$room/lines"
  split -l 1 "$room/events" "$room/lines/"
  /usr/bin/python3 "$lab_top/tests/tools/valid.py" "$lab_top/share/natmap-event-1.schema.json" "$room"/lines/*
  tail -n 1 "$room/events" | jq .report >"$report"
  valid_map "$report"
}

@test "a picture" {
  lab_broker
  at 60 "$natmap" --server 192.0.2.1 --quick --svg map.svg >/dev/null
  /usr/bin/python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' "$room/map.svg"
  grep -q '100\.64\.1\.1' "$room/map.svg"
}

# On a terminal as wide as that of script(1) is by default.
@test "on a terminal the quick part comes first, and then the drawing again" {
  may_try_again # as it measures time
  lab_broker
  lab_timers 4 4
  at 90 script -qec "$natmap --server 192.0.2.1 --max 6" /dev/null </dev/null | tr -d '\r' >"$room/shown"
  cat "$room/shown"
  run grep -c 'this machine, eth0' "$room/shown"
  assert_output 2
  run grep -c '^.*Gateway ' "$room/shown"
  assert_output 2 # of both families, once each
  grep 'hops are known, .* left at most' "$room/shown" >/dev/null
  grep '100\.64\.1\.1 .*keeps a UDP flow for [34]\.' "$room/shown"
}

@test "interrupted while it looks for boxes that keep state: what is known by then" {
  lab_broker
  lab_timers 30 30
  ip netns exec client env --default-signal=INT "$natmap" --json --server 192.0.2.1 --max 60 >"$report" \
    2>"$room/said" 3>&- &
  lab_wait held 30
  kill -INT $!
  status=0
  wait $! || status=$?
  [ "$status" -eq 130 ]
  valid_map "$report"
  is .complete false
  is '.path.boxes' 2
}

held() {
  [ "$(lab_flows)" -ge "$1" ]
}

@test "what cannot be written is said" {
  lab_broker
  run --separate-stderr bash -c "ip netns exec client '$natmap' --server 192.0.2.1 --quick >/dev/full"
  assert_equal "$status" 5
  [[ $stderr = *"cannot write the report"* ]]
}

@test "options that cannot be used: one line each, and nothing is done" {
  local line
  for line in "--max 0" "--max 3h" "--mappings 4" "--interface nope" "--svg /nonexistent/x" "--svg -" "nonesuch" "-q extra" "--text open tcp 8080"; do
    # shellcheck disable=SC2086  # words
    run --separate-stderr at 60 "$natmap" $line
    echo "$line: $stderr"
    assert_equal "$status" 2
    assert_equal "${#stderr_lines[@]}" 1
    assert_output ''
  done
}
