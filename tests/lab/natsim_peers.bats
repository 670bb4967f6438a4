#!/usr/bin/env bats
# Programs that we did not write, in natsim's worlds. "make accept" has all of it, and the figures of speed.

bats_require_minimum_version 1.5.0
bats_load_library bats-support
bats_load_library bats-assert
# shellcheck source=tests/lab/lab.bash
. "$BATS_TEST_DIRNAME/lab.bash"

peers=$lab_top/tests/peers

setup() {
  if ! { [ -r /dev/net/tun ] && [ -w /dev/net/tun ]; }; then
    skip 'no TUN device here'
  fi
  export TMPDIR=$BATS_TEST_TMPDIR XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR
}

teardown() {
  "$NATKIT_BUILD/bin/natsim" down --all
}

# true_of ROWS PROGRAM ARGUMENT...: it prints so many rows, and all of them are true
true_of() {
  local rows=$1 program=$2
  shift 2
  timeout --foreground 150 "$peers/$program" "$@" >"$BATS_TEST_TMPDIR/rows" 3>&-
  cat "$BATS_TEST_TMPDIR/rows"
  assert_equal "$(jq -s 'map(select(.pass)) | length' "$BATS_TEST_TMPDIR/rows")" "$rows"
}

@test "natdiscovery and stun find the class of each preset" {
  true_of 2 classes.py
}

@test "curl and ssh work through each preset" {
  true_of 2 tcp.py
}

@test "agents of libnice, of aioice and our own connect where they can, and only there" {
  true_of 10 ice.py 1
}

@test "a mapping ends when the preset says, as seen from outside" {
  true_of 1 expiry.py mikrotik
}
