#!/usr/bin/env bats
# natmap where there is IPv6 alone and a NAT64 in the way, in the world of natsim.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/lab/lab.bash
. "$BATS_TEST_DIRNAME/lab.bash"

PATH=$NATKIT_BUILD/bin:$PATH

@test "a NAT64 is seen, and its prefix is known by the resolver" {
  [ -w /dev/net/tun ] || skip 'no TUN device here'
  report=$BATS_TEST_TMPDIR/report
  timeout --foreground 120 natsim run --nat nat64 -- natmap --quick --json --server stun.natsim >"$report"
  /usr/bin/python3 "$lab_top/tests/tools/valid.py" "$lab_top/share/natmap-1.schema.json" "$report"
  jq -e '.verdict == "nat64" and .p > 0.9' "$report"
  jq -e '.nat64 == "64:ff9b::/96" and .public == ["198.51.100.1"]' "$report"
}
