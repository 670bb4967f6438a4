#!/usr/bin/env bats
# A NAT is rebooted: the call goes on, and nobody calls anew.

# shellcheck source=tests/lab/natpunch.bash
. "$BATS_TEST_DIRNAME/natpunch.bash"

@test "alice's NAT is rebooted, and she speaks" {
  talk masq masq
  pair_nat nata masq
  alice_says three
  bob_says four
  still_one_call
}

@test "alice's NAT is rebooted, and bob speaks" {
  talk masq masq
  pair_nat nata masq
  lab_patience=40
  bob_says three
  alice_says four
  still_one_call
}

@test "bob's NAT is rebooted, and alice speaks" {
  talk masq masq
  pair_nat natb masq
  lab_patience=40
  alice_says three
  bob_says four
  still_one_call
}

@test "both NATs are rebooted" {
  talk masq masq
  pair_nats masq masq
  lab_patience=40
  alice_says three
  bob_says four
  still_one_call
}

@test "a random NAT is rebooted: alice has another port, which bob's NAT lets in" {
  talk random eif:120
  pair_nat nata random
  lab_patience=40
  alice_says three
  bob_says four
  still_one_call
}

@test "bob has another port, which alice's NAT does not let in: they ring again by themselves" {
  talk masq eim-rand-eif:120
  pair_nat natb eim-rand-eif:120
  lab_patience=40
  alice_says three
  bob_says four
  assert_equal "$(times mended alice)" 1
  still_one_call
}
