#!/usr/bin/env bats
# The examples of natmap(1) that open ports, word for word, before a gateway with miniupnpd.

# shellcheck source=tests/lab/natmap.bash
. "$BATS_TEST_DIRNAME/natmap.bash"

# example <<TYPED: that line of the manual, in the home folder; natmap_examples.bats sees that none is missing
example() {
  local line
  line=$(cat)
  grep -qxF -- "$line" "$lab_top/man/natmap.1" || fail "not in the manual: $line"
  at 90 env PATH="$NATKIT_BUILD/bin:$PATH" NATKIT_SERVER=192.0.2.1 bash -c "$line" </dev/null
}

# leaves <<TYPED: running in the background, its words in said and heard
leaves() {
  example >"$room/heard" 2>"$room/said" 3>&- <&0 &
}

@test "open, and say where" {
  gateway_up nat
  leaves <<'TYPED'
natmap open tcp 8080 --events | jq --unbuffered -r 'select(.event == "open") | .port.external_address'
TYPED
  lab_wait grep -qx 198.51.100.10 "$room/heard"
  end_clients
}

@test "open and go, and close" {
  gateway_up nat
  gateway_state nat >"$room/before"
  run --separate-stderr example <<'TYPED'
natmap open udp 5000 --detach --lifetime 1h
TYPED
  assert_success
  [ "$(jq -r '.ports[0].state' <<<"$output")" = open ]
  run --separate-stderr example <<'TYPED'
natmap list
TYPED
  assert_success
  jq -e 'any(.held[]; .external_port == 5000 and .detached)' <<<"$output"
  run --separate-stderr example <<'TYPED'
natmap close udp 5000
TYPED
  assert_success
  gateway_state nat | diff "$room/before" -
}

@test "watch" {
  gateway_up nat
  leaves <<'TYPED'
natmap watch --exec 'echo "$NATKIT_EVENT $NATKIT_PUBLIC_ADDRESS" >>changes'
TYPED
  lab_wait grep -qx 'there 198.51.100.10' "$room/changes"
  end_clients
}

# There is no systemd here, but its settings can be tried.
@test "a service" {
  local settings
  settings=$(sed -n "s|^echo 'ARGS=\(.*\)' >/etc/natkit/port/web$|\1|p" "$lab_top/man/natmap.1")
  gateway_up nat
  broker_by_name 192.0.2.1
  # shellcheck disable=SC2086  # these are words, as systemd takes them
  in_background web open $settings
  lab_wait told web '.event == "open"'
  let_go TERM 143 web
}
