#!/usr/bin/env bats
# A broker dies, and comes back or does not: those who know each other go on.

# shellcheck source=tests/lab/natpunch.bash
. "$BATS_TEST_DIRNAME/natpunch.bash"

@test "a broker that dies while alice rings, and comes back" {
  across pair_up masq masq
  bob_listens
  lab_server_stop
  alice_calls bob
  lab_wait happened calling alice
  lab_broker
  echo hello >&"$alice"
  lab_wait grep -qx hello "$room"/bob.heard
}

@test "a listener is back after its broker's restart" {
  across pair_up masq masq
  bob_listens
  lab_server_stop
  lab_broker
  alice_sends hi
}

@test "a listener whose broker is silent over IPv4 is registered over IPv6" {
  broker_has_name
  printf '%s broker.example\n' 192.0.2.99 2001:db8:2::1 >/run/lab/hosts # nobody is at the first
  across pair_up random random ipv6
  bob_listens
  lab_wait grep -q 'seen as \[\?2001:' "$room"/bob.said
  alice_sends hi
}

@test "a conversation needs no broker" {
  talk masq masq
  lab_server_stop
  alice_says three
  bob_says four
  still_one_call
}
