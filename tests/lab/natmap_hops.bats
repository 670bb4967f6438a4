#!/usr/bin/env bats
# natmap finds each stateful hop of a chain of the kernel's NATs, and its timer; "make accept" has this ten times over.

# shellcheck source=tests/lab/helper.bash
. "$BATS_TEST_DIRNAME/helper.bash"

export BATS_TEST_RETRIES=1 # the machine may stall: a run then sees time go by in a jump

setup() { :; }

# finds TIMER...: of the NATs, the nearest first
finds() {
  run "$BATS_TEST_DIRNAME/hops" 1 "$@"
  assert_success
  assert_line --partial "with $* s\",\"figure\":\"1 of 1\""
}

@test "two NATs, the nearer one's state ends first" {
  finds 4 7
}

@test "three NATs, the one in the middle ends first" {
  finds 8 5 6
}
