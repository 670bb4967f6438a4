#!/usr/bin/env bats
# natpunch across the kernel's NATs. The broker relays nothing: what arrives came straight.

# shellcheck source=tests/lab/natpunch.bash
. "$BATS_TEST_DIRNAME/natpunch.bash"

@test "two masquerading NATs" {
  across pair_up masq masq
  bob_listens
  alice_sends hi
}

@test "a random NAT calls a full cone" {
  across pair_up random eif:120
  bob_listens
  alice_sends hi
}

@test "a full cone calls a random NAT" {
  across pair_up eif:120 random
  bob_listens
  alice_sends hi
}

@test "a NAT behind another" {
  across pair_up_behind_carrier masq masq masq
  bob_listens
  alice_sends hi
}

@test "two in one home" {
  across pair_up_in_one_home masq
  bob_listens
  alice_sends hi
}

@test "two guests in one home, who meet at its outside" {
  across pair_up_in_one_home guests:120
  bob_listens
  alice_sends hi
}

@test "NATs that take strangers' packets for their own" {
  across pair_up clash clash
  bob_listens
  alice_sends hi
}

@test "such NATs, far from each other" {
  across pair_up clash clash
  lab_slow 20000 nata natb || skip 'no TUN device here'
  bob_listens
  alice_sends hi
}

@test "two firewalls, over IPv6" {
  broker_has_name
  across pair_up random random ipv6
  bob_listens
  alice_sends hi
}

@test "what is lost on the way comes again: each line once, and in order" {
  across pair_up masq masq
  lab_loss 10
  bob_listens
  alice_calls bob
  seq 1 100 >&"$alice"
  lab_patience=60 lab_wait grep -qx 100 "$room"/bob.heard
  assert_equal "$(cat "$room"/bob.heard)" "$(seq 1 100)"
}
