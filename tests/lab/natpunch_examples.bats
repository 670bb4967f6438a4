#!/usr/bin/env bats
# The examples of natpunch(1), word for word.

# shellcheck source=tests/lab/natpunch.bash
. "$BATS_TEST_DIRNAME/natpunch.bash"

load=$NATKIT_BUILD/tests/tools/load

setup() {
  room=$BATS_TEST_TMPDIR
  mkdir "$room/alice" "$room/bob"
  broker_has_name
  pair_up masq masq
  lab_broker
}

# All lines of the examples.
examples() {
  sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/{/^\.Bd/,/^\.Ed/{/^\.Bd/d;/^\.Ed/d;p}}' "$lab_top/man/natpunch.1"
}

# example HOST <<TYPED: that line of the manual, in her home folder
example() {
  local line
  line=$(cat)
  examples | grep -qxF -- "$line" || fail "not in the manual: $line"
  at "$1" 120 env -C "$room/$1" PATH="$NATKIT_BUILD/bin:$PATH" bash -c "$line" </dev/null
}

# types HOST <<TYPED: what it prints is in $output
types() {
  run --separate-stderr example "$1"
  echo "$stderr"
  assert_success
}

# bob_leaves <<TYPED: running in the background, once the broker knows him
bob_leaves() {
  acquaint
  example bob >"$room/bob.heard" 2>"$room/bob.said" 3>&- <&0 &
  lab_wait grep -q registered "$room/bob.said"
}

@test "cards" {
  types bob <<'TYPED'
natpunch id --broker broker.example
TYPED
  assert_output --partial '@broker.example:3478'
  echo "$output" >"$room/alice/bob.card"
  types alice <<'TYPED'
natpunch contact add bob "$(cat bob.card)"
TYPED
  run as alice 30 contact list
  assert_output --regexp '^bob natkit:.*@broker.example:3478$'
}

@test "a line" {
  bob_leaves <<'TYPED'
natpunch listen --allow alice
TYPED
  types alice <<'TYPED'
echo hi | natpunch send bob
TYPED
  lab_wait grep -qx hi "$room/bob.heard"
}

@test "what a program prints" {
  bob_leaves <<'TYPED'
natpunch listen --allow alice >log
TYPED
  types alice <<'TYPED'
natpunch call bob --exec 'uptime; df -h /'
TYPED
  lab_wait grep -q '/$' "$room/bob/log"
  run cat "$room/bob/log"
  assert_line --index 0 --partial 'load average'
}

@test "how is it" {
  bob_leaves <<'TYPED'
natpunch listen --allow alice --exec 'uptime; echo "for $NATPUNCH_PEER"'
TYPED
  types alice <<'TYPED'
natpunch call bob </dev/null
TYPED
  assert_line --index 0 --partial 'load average'
  assert_line 'for alice'
}

@test "squares" {
  bob_leaves <<'TYPED'
natpunch listen --allow alice --exec 'while read -r n; do echo $((n * n)); done'
TYPED
  types alice <<'TYPED'
seq 3 | natpunch call bob
TYPED
  assert_output "$(printf '1\n4\n9')"
}

@test "a port" {
  bob_leaves <<'TYPED'
natpunch listen --allow alice --serve 51820
TYPED
  ip netns exec bob "$load" serve 51820 3>&- &
  example alice 2>"$room/alice.said" 3>&- <<'TYPED' &
natpunch call bob --udp-forward 51821:51820
TYPED
  lab_wait pair_in alice 5 "$load" ping 127.0.0.1 51821 1
}

@test "what it takes" {
  bob_leaves <<'TYPED'
natpunch listen --allow alice
TYPED
  types alice <<'TYPED'
natpunch test bob --json | jq -r '.calls[] | [.tested, .result] | @tsv'
TYPED
  assert_line --regexp '^plain[[:space:]]'
  types alice <<'TYPED'
natpunch send bob --report report.json </etc/hostname
TYPED
  types alice <<'TYPED'
jq .calls[0].times report.json
TYPED
  assert_line --regexp '"connected_ms": [0-9]'
}

# There is no systemd here, but its settings can be tried.
without_systemd() {
  grep -vxF "systemctl enable --now natpunch-listen@backup
mkdir -p /etc/natkit/listen
natpunch id --identity /var/lib/private/natpunch-backup/identity --broker broker.example
echo 'ARGS=--allow-any --broker broker.example --exec date' >/etc/natkit/listen/backup"
}

@test "a listener that is always there" {
  acquaint
  as bob 120 listen --allow-any --broker broker.example --exec date >"$room/bob.heard" 2>"$room/bob.said" 3>&- &
  lab_wait grep -q registered "$room/bob.said"
  run --separate-stderr as alice 120 call bob </dev/null
  assert_output --regexp '[0-9]:[0-9]'
}

@test "none is missing here" {
  while read -r line; do
    grep -qxF -- "$line" "$BATS_TEST_FILENAME" || fail "not tried: $line"
  done < <(examples | without_systemd)
}
