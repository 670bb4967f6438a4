#!/usr/bin/env bats
# The examples of natmap(1), word for word.

# shellcheck source=tests/lab/natmap_map.bash
. "$BATS_TEST_DIRNAME/natmap_map.bash"

# All lines of the examples.
examples() {
  sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/{/^\.Bd/,/^\.Ed/{/^\.Bd/d;/^\.Ed/d;p}}' "$lab_top/man/natmap.1"
}

# example <<TYPED: that line of the manual, in the home folder
example() {
  local line
  line=$(cat)
  examples | grep -qxF -- "$line" || fail "not in the manual: $line"
  at 120 env PATH="$NATKIT_BUILD/bin:$PATH" NATKIT_SERVER=broker.example bash -c "$line" </dev/null
}

@test "the map, quickly" {
  lab_broker
  run --separate-stderr example <<'TYPED'
natmap --quick
TYPED
  assert_success
  [ "$(jq -r .schema <<<"$output")" = natkit.natmap/1 ]
}

@test "a carrier's NAT" {
  lab_broker
  run --separate-stderr example <<'TYPED'
natmap --quick --json | jq -r .verdict
TYPED
  assert_output carrier-nat # the lab's home is in 100.64.0.0/10
}

@test "boxes that keep state" {
  may_try_again # as it measures time
  lab_broker
  lab_timers 6 6
  run --separate-stderr example <<'TYPED'
natmap --max 12s --json | jq -c '.path.hops[] | select(.state == "stateful") | [.hop, .address, .timeout.value]'
TYPED
  echo "$output"
  assert_output --regexp '^\[1,"100\.64\.1\.1",(5\.[89]|6\.)[0-9]*\]$'
}

@test "all of it, and a picture" {
  lab_broker
  lab_timers 6 6
  run --separate-stderr example <<'TYPED'
natmap --server broker.example --max 10s --svg nats.svg
TYPED
  assert_success
  grep -q '</svg>' "$room/nats.svg"
}

@test "protocols of the gateway" {
  lab_broker
  run --separate-stderr example <<'TYPED'
natmap -qj | jq -c '.gateways[] | {gateway} + (.protocols | map_values(.usable))'
TYPED
  assert_line '{"gateway":"100.64.1.1","pcp":false,"nat-pmp":false,"upnp":false}'
}

@test "follow a run" {
  lab_broker
  run --separate-stderr example <<'TYPED'
natmap --quick --events | jq --unbuffered -c 'select(.event == "hop") | [.hop, .address, .state]'
TYPED
  assert_line '[1,"100.64.1.1","unknown"]'
}

# Its settings are tried in natmap_port_examples.bats.
without_systemd() {
  grep -vxF "mkdir -p /etc/natkit/port
echo 'ARGS=tcp 8080 --server broker.example' >/etc/natkit/port/web
systemctl enable --now natmap-port@web"
}

@test "none is missing here" {
  while read -r line; do
    grep -qxF -- "$line" "$BATS_TEST_DIRNAME"/natmap_*examples.bats || fail "not tried: $line"
  done < <(examples | without_systemd)
}
