#!/usr/bin/env bats
# The examples of natkeepalive(1), word for word.

# shellcheck source=tests/lab/natkeepalive.bash
. "$BATS_TEST_DIRNAME/natkeepalive.bash"

# All lines of the examples.
examples() {
  sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/{/^\.Bd/,/^\.Ed/{/^\.Bd/d;/^\.Ed/d;p}}' "$lab_top/man/natkeepalive.1"
}

# example <<TYPED: that line of the manual, in the home folder
example() {
  local line
  line=$(cat)
  examples | grep -qxF -- "$line" || fail "not in the manual: $line"
  at 120 env PATH="$NATKIT_BUILD/bin:$PATH" bash -c "$line" </dev/null
}

# leaves <<TYPED: running in the background, its words in said and heard
leaves() {
  example >"$room/heard" 2>"$room/said" 3>&- <&0 &
}

@test "the public address" {
  lab_broker
  run --separate-stderr example <<'TYPED'
natkeepalive --server broker.example --once --json | jq -r '.targets[].public'
TYPED
  assert_output --regexp '^198\.51\.100\.10:[0-9]+$'
}

@test "a name in the DNS" {
  lab_broker
  leaves <<'TYPED'
natkeepalive --server broker.example --max 5m --exec 'echo "$NATKIT_EVENT $NATKIT_PUBLIC_ADDRESS" >>changes'
TYPED
  lab_wait grep -qsx 'up 198.51.100.10' "$room/changes"
}

@test "WireGuard's port" {
  lab_other_users || skip 'needs root to become nobody'
  lab_broker
  ip netns exec client "$NATKIT_BUILD/tests/tools/load" serve 51820 >"$room/served" 2>&1 3>&- &
  lab_wait holds_51820
  leaves <<'TYPED'
natkeepalive --share 51820 --server broker.example --user nobody
TYPED
  lab_wait grep -q 'broker.example sees us at 198.51.100.10:51820' "$room/said"
}

holds_51820() {
  ip netns exec client ss -Hlun 'sport = :51820' | grep -q .
}

@test "thirty friends" {
  lab_broker
  for port in {1..30}; do
    echo "192.0.2.2:$((5000 + port))"
  done >"$room/friends"
  leaves <<'TYPED'
natkeepalive $(printf ' --peer %s' $(cat friends)) --duration 24h --report cost.json
TYPED
  lab_wait sends_to 5001
  ip netns pids client | xargs -r kill
  lab_wait test -s "$room/cost.json"
  run --separate-stderr example <<'TYPED'
jq .cost.bytes_per_hour cost.json
TYPED
  assert_success
  run jq '.targets | length' "$room/cost.json"
  assert_output 30
}

sends_to() {
  ip netns exec nat conntrack -L -p udp --dport "$1" 2>/dev/null | grep -q .
}

@test "what happens" {
  lab_broker
  leaves <<'TYPED'
natkeepalive --server broker.example --events | jq --unbuffered -r 'select(.public != null) | .public'
TYPED
  lab_wait grep -q '^198\.51\.100\.10:' "$room/heard"
}

# There is no systemd here, but its settings can be tried.
without_systemd() {
  grep -vxF "systemctl enable --now natkeepalive@home
mkdir -p /etc/natkit/keepalive
echo 'server = broker.example' >/etc/natkit/keepalive/home"
}

@test "a service" {
  lab_broker
  echo 'server = broker.example' >"$room/home"
  at 120 "$natkeepalive" --config home --events >"$room/events" 2>"$room/said" 3>&- &
  lab_wait grep -q '"up"' "$room/events"
}

@test "none is missing here" {
  while read -r line; do
    grep -qxF -- "$line" "$BATS_TEST_FILENAME" || fail "not tried: $line"
  done < <(examples | without_systemd)
}
