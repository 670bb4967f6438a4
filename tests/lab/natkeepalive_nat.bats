#!/usr/bin/env bats
# natkeepalive behind the kernel's NAT: what --exec is told of what happens there.

# shellcheck source=tests/lab/helper.bash
. "$BATS_TEST_DIRNAME/helper.bash"

setup() { :; } # it builds a lab of its own
teardown() {
  lab_down
}

@test "the command is run once for each real change" {
  run --separate-stderr "$BATS_TEST_DIRNAME/keeps" 60
  echo "$output$stderr"
  assert_success
  [ "$(jq -s 'length == 1 and all(.pass)' <<<"$output")" = true ]
}
