#!/usr/bin/env bats
# natprobe names what the gateway offers, and leaves it as it was.

# shellcheck source=tests/lab/helper.bash
. "$BATS_TEST_DIRNAME/helper.bash"
# shellcheck source=tests/lab/gateway.bash
. "$BATS_TEST_DIRNAME/gateway.bash"

teardown() {
  gateway_stop nat
  lab_down
}

@test "each protocol of a gateway is named, and nothing is mapped" {
  local before
  may_try_again # as a gateway is given a second to answer
  lab_nat masq
  lab_broker
  gateway_up nat
  before=$(gateway_state nat)
  probe 180 --max 5s
  jq -e '.gateways | length == 1 and all(.gateway and .local)' "$report"
  jq -e '.gateways[0].protocols | (.pcp, ."nat-pmp", .upnp) | .answers and .usable' "$report"
  is '.gateways[0].protocols."nat-pmp".external' '"198.51.100.10"'
  is .gateways[0].protocols.upnp.external '"198.51.100.10"'
  [ "$(gateway_state nat)" = "$before" ]
}

@test "a gateway that says nothing is silent" {
  lab_nat masq
  lab_broker
  probe 180 --max 5s
  is '[.gateways[0].protocols[].why] | unique' '["silent"]'
}

# hurried: a run, which ended before it was known that no gateway answers
hurried() {
  probe 60 --quick
  is .gateways[0].protocols.upnp.why '"unheard"'
}

@test "a quick run does not wait for a gateway" {
  lab_nat masq
  lab_broker
  lab_wait hurried # by a machine that does not stall
}
