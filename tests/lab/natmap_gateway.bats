#!/usr/bin/env bats
# natmap open before gateways that are odd in one way: what it says, in what time, and what it leaves behind.

# shellcheck source=tests/lab/natmap.bash
. "$BATS_TEST_DIRNAME/natmap.bash"

# meets ODDITY STATUS RESULT WITHIN [OPTION...]: natmap open ends with this STATUS and, of the gateway's protocol, that
# RESULT (or one of several, A|B) within so many seconds, at least the second or third time, as the machine may stall; nobody
# else is spoken to, and what the gateway had is all that it has
meets() {
  local oddity=$1 expected=$2 result=$3 within=$4 protocol
  shift 4
  protocol=${oddity%%-*}
  [ "$protocol" != pmp ] || protocol='nat-pmp'
  for _ in 1 2 3; do
    odd "$oddity"
    ports 90 open tcp 4000 --protocol "$protocol" --server 192.0.2.1 "$@"
    odd_stop
    ! jq -e ".elapsed_s < $within" "$report" || break
  done
  ended "$expected"
  jq -e --arg protocol "$protocol" --arg result "$result" \
    '.ports[0].tried[$protocol].result | test("^(" + $result + ")$")' "$report"
  jq -e ".elapsed_s < $within" "$report"
  nothing_left "$oddity"
}

nothing_left() {
  jq -c . /run/lab/gateway.json
  jq -e '.asked.elsewhere == null and (.mappings | keys == ["tcp 5000"]) and
    .mappings["tcp 5000"].client == "100.64.1.9:5000"' /run/lab/gateway.json && return
  echo "after $1"
  return 1
}

# held ODDITY OPTION...: natmap open says that it is open, and when it ends it is not any more
held() {
  local oddity=$1
  shift
  odd "$oddity"
  hold it tcp 4000 "$@"
  lab_wait told it '.event == "open"'
  jq -e '.mappings | length == 2' /run/lab/gateway.json
  let_go TERM 143 it
  odd_stop
  nothing_left "$oddity"
}

@test "honest gateways of one protocol are used, and left as they were" {
  held upnp
  held pmp
  held pcp
}

@test "UPnP: only permanent leases: one is taken, and deleted" {
  held upnp-permanent
  told it '.event == "open" and .port.permanent'
}

@test "UPnP: refusals are told by name, and ports of others are left to them" {
  meets upnp-unauthorized 1 not-authorized 3
  is '.ports[0].tried.upnp.code' 606
  meets upnp-conflict 1 conflict 5
  is '.ports[0].tried.upnp.code' 718
  meets upnp-overwrites 1 conflict 3 --external 5000 --strict
  meets upnp 1 conflict 3 --external 5000 --strict
}

# unreachable ODDITY WORDS: it is mapped, nobody gets in, and so it is removed again
unreachable() {
  meets "$1" 1 ok 20
  is '.ports[0].state' '"unreachable"'
  jq -e --arg words "$2" '.ports[0].why | contains($words)' "$report"
}

@test "what a gateway claims without doing it is not believed" {
  meets upnp-agrees 1 lied 5
  unreachable upnp-closed 'does not arrive'
  unreachable pcp-private 'another NAT lies beyond the gateway'
}

@test "UPnP: no URL leads away from the gateway" {
  meets upnp-location 1 lied 4
  meets upnp-control 1 lied 4
  meets upnp-redirect 1 unsupported 4
}

@test "UPnP: what does not end is ended" {
  meets upnp-bomb 1 "malformed|timed-out" 8 # whichever bound is met first
  meets upnp-drip 1 timed-out 8
  meets upnp-mute 1 timed-out 8
}

@test "UPnP: what a gateway gives another name is removed by its run, and else not said to be closed" {
  held upnp-renames
  odd upnp-renames
  in_background it open tcp 4000 --protocol upnp --detach --server 192.0.2.77
  lab_wait told it '.event == "held"'
  let_go TERM 143 it
  nothing_left upnp-renames
  ports 90 open tcp 4000 --protocol upnp --detach --no-verify
  ended 0
  ports 90 close tcp 4000
  ended 1
  is '.ports[0].removed' false
  jq -e '.mappings | length == 2' /run/lab/gateway.json
}

@test "UPnP: what was left open is closed" {
  odd upnp
  ports 90 open tcp 4000 --protocol upnp --detach --no-verify
  ended 0
  ports 90 close tcp 4000
  ended 0
  nothing_left upnp
}

@test "NAT-PMP: refusals, lies and answers from elsewhere" {
  meets pmp-unauthorized 1 not-authorized 4
  meets pmp-other-port 1 lied 8
  meets pmp-port-0 1 lied 8
  meets pmp-lease-0 1 lied 8
}

@test "NAT-PMP: nobody else answers for the gateway" {
  meets pmp-elsewhere 1 silent 8
}

@test "PCP: refusals, lies and answers from elsewhere" {
  meets pcp-unauthorized 1 not-authorized 4
  meets pcp-mismatch 1 address-mismatch 4
  meets pcp-lease-0 1 lied 8
  meets pcp-next-port 1 not-as-asked 4 --strict
}

@test "PCP: nobody else answers for the gateway, nor to another question" {
  meets pcp-elsewhere 1 silent 8
  meets pcp-nonce 1 lied 13
}

@test "a gateway that seems to reboot all the time is not asked all the time" {
  local oddity
  for oddity in pmp-reboots pcp-reboots; do
    odd $oddity
    hold it tcp 4000
    lab_wait told it '.event == "open"'
    sleep 3 # what must not happen has no event
    let_go TERM 143 it
    odd_stop
    nothing_left $oddity
    jq -e '[.asked[]] | add < 20' /run/lab/gateway.json
  done
}

@test "rubbish is not believed, and between true answers does no harm" {
  meets pmp-garbage 1 malformed 8
  meets pcp-garbage 1 malformed 8
  held pmp-noisy
  held pcp-noisy
}
