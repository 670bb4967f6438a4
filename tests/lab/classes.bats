#!/usr/bin/env bats
# Each behaviour that the kernel's NAT can be given, classified by --quick.

# shellcheck source=tests/lab/helper.bash
. "$BATS_TEST_DIRNAME/helper.bash"

export BATS_TEST_RETRIES=1 # the machine may stall: control answers then come too late, and a class is unknown

independent='"endpoint-independent"'
address='"address-dependent"'
address_port='"address-and-port-dependent"'

# expect NAT MAPPING FILTERING PORTS: what a quick run against natbroker finds
expect() {
  probe 60 --quick
  [ "$status" -eq 0 ]
  is .nat "$1"
  is .udp.mapping.class "$2"
  is .udp.filtering.class "$3"
  is .udp.ports.pattern "$4"
}

@test "masquerade: endpoint-independent mapping, port-dependent filtering" {
  lab_broker
  expect true "$independent" "$address_port" '"preserved"'
}

@test "masquerade, 5 % loss" {
  lab_broker
  lab_loss 5
  expect true "$independent" "$address_port" '"preserved"'
}

@test "restricted cone: address-dependent filtering" {
  lab_nat adf
  lab_broker
  expect true "$independent" "$address" '"preserved"'
}

@test "full cone: endpoint-independent filtering" {
  lab_nat eif
  lab_broker
  expect true "$independent" "$independent" '"preserved"'
}

@test "full cone with random ports" {
  lab_nat eim-rand-eif
  lab_broker
  expect true "$independent" "$independent" '"random"'
}

@test "ports from a range" {
  lab_nat ports
  lab_broker
  probe 60 --quick
  is .udp.mapping.class "$independent"
  is .udp.filtering.class "$address_port"
  jq -e '.udp.ports.pattern | IN("range", "random")' "$report"
}

@test "address-dependent mapping" {
  lab_nat adm
  lab_broker
  expect true "$address" "$address_port" '"random"'
}

@test "symmetric, random ports" {
  lab_nat random
  lab_broker
  expect true "$address_port" "$address_port" '"random"'
}

@test "symmetric, sequential ports" {
  lab_nat seq
  lab_broker
  expect true "$address_port" "$address_port" '"sequential"'
  is '.udp.ports.step' 1
}

@test "no NAT" {
  lab_nat nonat
  lab_broker
  probe 60 --quick
  [ "$status" -eq 0 ]
  is .nat false
  is .udp.filtering.class "$independent"
  is .udp.firewall.value false
}

@test "firewall without NAT" {
  lab_nat firewall
  lab_broker
  probe 60 --quick
  [ "$status" -eq 0 ]
  is .nat false
  is .udp.filtering.class "$address_port"
  is .udp.firewall.value true
}

@test "IPv6: a firewall and no NAT" {
  lab_broker
  lab_ipv6
  probe 60 --quick -6 --server '[2001:db8:2::1]'
  [ "$status" -eq 0 ]
  is .nat false
  is .udp.firewall.value true
}

@test "external addresses: one for each host" {
  lab_nat rangepers
  lab_broker
  probe 60 --quick
  is .udp.pooling.class '"paired"'
}

@test "external addresses: any for any flow" {
  lab_nat range
  lab_broker
  probe 60 --quick
  is .udp.pooling.class '"arbitrary"'
}

@test "hairpin, when asked for" {
  lab_nat hairpin
  lab_broker
  probe 60 --quick --hairpin
  is .udp.hairpin.value true
}

@test "no hairpin, when asked for" {
  lab_broker
  probe 60 --quick --hairpin
  is .udp.hairpin.value false
}

@test "hairpin is not tested unasked" {
  lab_nat hairpin
  lab_broker
  probe 60 --quick
  is .udp.hairpin.value null
}
