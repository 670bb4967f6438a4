#!/usr/bin/env bats
# Two NATs that give each destination a random port: one of their routers opens a port, and that is enough.

# shellcheck source=tests/lab/natpunch.bash
. "$BATS_TEST_DIRNAME/natpunch.bash"
# shellcheck source=tests/lab/gateway.bash
. "$BATS_TEST_DIRNAME/gateway.bash"

teardown() {
  stop alice
  stop bob
  tail -n 20 "$room"/*.said 2>/dev/null || true
  gateway_stop nata
  gateway_stop natb
  lab_down
}

# homes_with NAT...: a gateway on each of these; their ways out take so many microseconds if $slow is set
homes_with() {
  local nat
  across pair_up random random
  for nat; do
    [ -z "${slow:-}" ] || lab_slow "$slow" "$nat" || skip "no delays here"
    gateway_up "$nat"
    gateway_state "$nat" >"$room/$nat.before"
  done
}

# open_ports NAT NUMBER: so many are open there
open_ports() {
  local rules
  rules=$(ip netns exec "$1" nft list chain inet filter prerouting_miniupnpd)
  [ "$(grep -c dnat <<<"$rules")" -eq "$2" ]
}

# as_before NAT: it holds what it held when the test began
as_before() {
  gateway_state "$1" | diff "$room/$1.before" -
}

# only_upnp NAT: the ports of PCP and NAT-PMP are closed there
only_upnp() {
  ip netns exec "$1" nft -f - <<'RULES'
table inet only {
  chain in {
    type filter hook input priority -10;
    udp dport 5351 drop
  }
}
RULES
}

# mapping NAME JQ: of the first call in that report
mapping() {
  jq -r ".calls[0].mapping.$2" "$room/$1.json"
}

# believed: how often PCP did not work for alice, as she remembers it
believed() {
  jq '.protocols.pcp.no | round' "$room"/alice/state/natkit/routers/*
}

@test "without an open port there is no way, and what a router does not speak is not asked for often" {
  across pair_up random random
  bob_listens
  for trial in 1 2 3; do
    run as alice 120 send bob --timeout 2s --report "$room/alice.json" <<<hello
    assert_failure 1
    assert_equal "$(mapping alice offered)" false
    assert_equal "$(believed)" $((trial < 3 ? trial : 2))
  done
}

@test "bob's router has opened a port before alice rings, and has none in the end" {
  homes_with natb
  bob_listens --allow alice --once --report "$room"/bob.json
  lab_wait open_ports natb 1
  alice_sends hello --report "$room"/alice.json
  exec {bob}>&-
  lab_wait test -s "$room"/bob.json
  assert_equal "$(jq -r '.calls[0].by' "$room"/alice.json)" mapped
  assert_equal "$(mapping bob protocol)" pcp
  assert_equal "$(mapping bob offered)" true
  assert_equal "$(jq -c '.calls[0].mapping' "$room"/alice.json)" null || assert_equal "$(mapping alice offered)" false
  lab_wait as_before natb
}

@test "bob's router speaks UPnP alone" {
  homes_with natb
  only_upnp natb
  bob_listens --allow alice --once --report "$room"/bob.json
  lab_wait open_ports natb 1
  alice_sends hello
  exec {bob}>&-
  lab_wait test -s "$room"/bob.json
  assert_equal "$(mapping bob protocol)" upnp
  lab_wait as_before natb
}

# Her broker is as far away as brokers are: what it answers is no sooner there than what the router does.
@test "alice's router opens a port as she calls" {
  slow=200000 homes_with nata
  bob_listens
  alice_sends hello --report "$room"/alice.json
  assert_equal "$(mapping alice protocol)" pcp
  assert_equal "$(mapping alice offered)" true
  /usr/bin/python3 "$lab_top/tests/tools/valid.py" "$lab_top/share/natpunch-1.schema.json" "$room"/alice.json
  lab_wait as_before nata
}

@test "who does not want it asks for nothing" {
  homes_with nata natb
  bob_listens --allow alice --no-mapping
  run as alice 120 send bob --timeout 5s --no-mapping <<<hello
  assert_failure 1
  as_before nata
  as_before natb
}

@test "a listener that is killed leaves nothing that was opened by UPnP" {
  homes_with natb
  only_upnp natb
  bob_listens
  lab_wait open_ports natb 1
  kill -KILL "$(ip netns pids bob | sort -n | head -n 1)" # not its worker
  lab_wait as_before natb
}
