#!/usr/bin/env bats
# natmap where there are several ways out: which gateway is spoken with, what is said of each, and what is left on them.
#
#              eth0 100.64.1.2 --- .1 nat  198.51.100.10
#   client                                                --- inet --- server
#              eth1 100.64.2.2 --- .1 nat2 203.0.113.10

# shellcheck source=tests/lab/natmap.bash
. "$BATS_TEST_DIRNAME/natmap.bash"

map_schema=$lab_top/share/natmap-1.schema.json

# second_way: eth1, and nat2 behind it; no route leads there yet
second_way() {
  lab_router nat2 inet home2 203.0.113
  second_link
}

second_link() {
  lab_link client eth1 100.64.2.2/24 '' nat2 lan 100.64.2.1/24 ''
}

# by_source: what has the address of eth1 leaves there, as does nothing else
by_source() {
  ip -n client route replace default via 100.64.2.1 table 9
  ip -n client rule add from 100.64.2.2 table 9
}

# one_link: both NATs on the link of eth0, the second one at 100.64.1.254
one_link() {
  local space name address
  lab_router nat2 inet home2 203.0.113
  ip -n client link del eth0
  lab_space switch
  ip -n switch link add name bridge type bridge
  ip -n switch link set bridge up
  while read -r space name address; do
    ip -n "$space" link add "$name" type veth peer name "$space" netns switch
    lab_end "$space" "$name" "$address" ''
    ip -n switch link set "$space" master bridge up
  done <<'ENDS'
client eth0 100.64.1.2/24
nat lan 100.64.1.1/24
nat2 lan 100.64.1.254/24
ENDS
  ip -n client route add default via 100.64.1.1 metric 100
  ip -n client route add default via 100.64.1.254 metric 200
  lab_wait lab_reaches 192.0.2.1
}

# tunnel: the default route leads into one, as with a VPN, and that by eth0 is there for whoever asks for it
tunnel() {
  ip -n client link add tun7 type ipip local 100.64.1.2 remote 192.0.2.1 2>/dev/null ||
    ip -n client tuntap add dev tun7 mode tun 2>/dev/null || skip "no tunnels here"
  ip -n client addr add 10.9.0.2/24 dev tun7
  ip -n client link set tun7 up
  ip -n client route replace default via 100.64.1.1 metric 600
  ip -n client route del default metric 0
  ip -n client route add default dev tun7 metric 50
}

# gateways: both open ports; what they hold now is to be all that they hold in the end
gateways() {
  local nat
  for nat in nat nat2; do
    gateway_up $nat
    gateway_state $nat >"$room/$nat.before"
  done
}

nothing_left() {
  local nat
  for nat in nat nat2; do
    gateway_state $nat | diff "$room/$nat.before" -
  done
  ports 90 list "$@"
  is '.held' '[]'
}

teardown() {
  end_clients
  tail -qn 3 "$room"/*said "$room"/*.events 2>/dev/null || true # bats shows it if the test fails
  gateway_stop nat2
  gateway_stop nat
  lab_down
}

# opens OPTION...: natmap open, looked at by the lab's broker
opens() {
  ports 90 open --server 192.0.2.1 --detach "$@"
}

closes() {
  ports 90 close --all
  ended 0
}

# maps OPTION...: natmap's map, in short
maps() {
  at 90 "$natmap" --quick --json --server 192.0.2.1 "$@" >"$report"
  /usr/bin/python3 "$lab_top/tests/tools/valid.py" "$map_schema" "$report"
}

probes() {
  at 90 "$natprobe" --quick --json --server 192.0.2.1 "$@" >"$report"
}

@test "a table for each address: the main one's gateway, or the interface's own, and both" {
  second_way
  by_source
  gateways
  opens tcp 4000
  is '[.ports[] | .gateway, .state]' '["100.64.1.1","open"]'
  closes
  opens tcp 4000 -i eth1
  is '[.ports[] | .gateway, .state]' '["100.64.2.1","open"]'
  is '.ports[0].verified.seen_at' '"203.0.113.10"'
  closes
  opens tcp 4000 -i eth0 -i eth1
  is '[.ports[] | .state, .external_address, .verified.seen_at]' \
    '["open","198.51.100.10","198.51.100.10","open","203.0.113.10","203.0.113.10"]'
  closes
  [ -z "$said" ]
  opens udp 4000 -g 100.64.2.1 -g 100.64.1.1 -i eth0 -i eth1 --protocol upnp
  is '[.ports[] | .state, .external_address, .internal]' \
    '["open","203.0.113.10","100.64.2.2:4000","open","198.51.100.10","100.64.1.2:4000"]'
  closes
  nothing_left -i eth0 -i eth1
  is '[.gateways[] | .gateway, .interface, .protocols.upnp.external]' \
    '["100.64.1.1","eth0","198.51.100.10","100.64.2.1","eth1","203.0.113.10"]'
}

@test "a table for each address: the map and natprobe name each interface's gateway" {
  second_way
  by_source
  maps
  is '[.gateways[] | select(.local | startswith("100.")) | .gateway]' '["100.64.1.1","100.64.2.1"]'
  maps -i eth1
  is '[.gateways[].gateway]' '["100.64.2.1"]'
  is .public '["203.0.113.10"]'
  probes -i eth1
  is '[.gateways[] | .gateway, .local]' '["100.64.2.1","100.64.2.2"]'
  probes
  is '[.gateways[].gateway]' '["100.64.1.1"]'
}

@test "two default routes: by the second nobody gets an answer, which is told, and so is why" {
  second_way
  ip -n client route add default via 100.64.2.1 dev eth1 metric 900
  gateways
  opens tcp 4000 -i eth1
  ended 1
  is '.ports[0].state' '"unreachable"'
  [[ $said = *'from 100.64.2.2 leaves by eth0, not by eth1'*'ip rule'* ]]
  opens tcp 4000
  is '[.ports[] | .gateway, .state]' '["100.64.1.1","open"]'
  [ -z "$said" ]
  closes
  nothing_left
}

@test "what is named and has no gateway is told, and the rest is used" {
  second_way
  gateways
  opens tcp 4000 -i eth1 -i eth0
  ended 0
  is '[.ports[].gateway]' '["100.64.1.1"]'
  [[ $said = *'through eth1'* ]]
  ip -n client -6 route flush default
  opens tcp 4000 -4 -6
  ended 0
  [[ $said = *'by IPv6'* ]]
  closes
  nothing_left
}

@test "IPv4 by one interface, IPv6 by the other: a port for each" {
  second_way
  ip -n client -6 route flush default
  ip -n inet -6 addr add 2001:db8:9::1/64 dev home2 nodad
  ip -n nat2 -6 addr add 2001:db8:9::10/64 dev wan nodad
  ip -n nat2 -6 route add default via 2001:db8:9::1
  ip -n nat2 -6 addr add 2001:db8:3::1/64 dev lan nodad
  ip -n inet -6 route add 2001:db8:3::/64 via 2001:db8:9::10
  ip -n client -6 addr add 2001:db8:3::2/64 dev eth1 nodad
  ip -n client -6 route add default via 2001:db8:3::1
  lab_ipv6
  gateways
  opens tcp 4000 -4 -6 --server '[2001:db8:2::1]'
  is '[.ports[] | .state, .gateway, .external_address]' \
    '["open","100.64.1.1","198.51.100.10","open","2001:db8:3::1","2001:db8:3::2"]'
  closes
  maps --server '[2001:db8:2::1]'
  is '[.gateways[] | .gateway, .interface]' '["100.64.1.1","eth0","2001:db8:3::1","eth1"]'
  nothing_left
}

# leaves_by GATEWAY: the default route leads there from now on
leaves_by() {
  ip -n client route replace default via "$1"
}

is_at() {
  gateway_state "$1" | grep -q ":$2:"
}

is_not_at() {
  ! is_at "$@"
}

@test "the default route leads elsewhere, and back: the port goes with it, and so does who watches" {
  second_way
  by_source
  gateways
  hold it udp 4000
  in_background watch watch --interval 1h
  lab_wait told it '.event == "open" and .port.external_address == "198.51.100.10"'
  lab_wait told watch '.event == "there" and .protocol == "upnp" and .gateway == "100.64.1.1"'
  leaves_by 100.64.2.1
  lab_wait told it '.event == "open" and .port.external_address == "203.0.113.10"'
  lab_wait told watch '.event == "gone" and .protocol == "upnp" and .gateway == "100.64.1.1"'
  lab_wait told watch '.event == "there" and .protocol == "upnp" and .gateway == "100.64.2.1"'
  lab_wait is_not_at nat 4000
  leaves_by 100.64.1.1
  lab_wait is_at nat 4000
  lab_wait is_not_at nat2 4000
  let_go TERM 143 it watch
  nothing_left
}

# The kernel's notices of routes and interfaces have been read by whoever wanted them.
all_is_heard() {
  # shellcheck disable=SC2016 # awk's
  ip netns exec client awk '$2 == 0 && $5 > 0 { exit 1 }' /proc/net/netlink
}

is_renewed() {
  told it '.event == "renewed" and .port.gateway == "100.64.2.1"'
}

@test "an interface is unplugged and back: what is held by it is asked for again, and removed in the end" {
  second_way
  by_source
  gateways
  hold it udp 4000 -i eth0 -i eth1 --protocol nat-pmp
  lab_wait told it '.event == "open" and .port.gateway == "100.64.2.1"'
  ip -n client link del eth1
  lab_wait all_is_heard
  second_link
  ip -n client route replace default via 100.64.2.1 table 9
  lab_wait is_renewed
  let_go TERM 143 it
  nothing_left
}

@test "a tunnel has the default route: ports are opened on the gateway beside it, and that answers leave by it is told" {
  second_way
  gateways
  tunnel
  opens udp 4000
  is '[.ports[].gateway]' '["100.64.1.1"]'
  [[ $said = *'leaves by tun7, not by eth0'* ]]
  at 90 "$natmap" --quick --json --server 192.0.2.77 >"$report" || true
  is '[.gateways[:2][] | .gateway, .interface, .tunnel]' '[null,"tun7",true,"100.64.1.1","eth0",false]'
  ip -n client rule add from 100.64.1.2 table 9
  ip -n client route add default via 100.64.1.1 table 9
  opens udp 4000
  is '[.ports[] | .gateway, .state]' '["100.64.1.1","open"]'
  [ -z "$said" ]
  closes
  nothing_left
}

@test "two gateways on one link: what is seen of one is not said of the other" {
  one_link
  gateways
  maps
  is .verdict '"one-nat"'
  is '[.gateways[].gateway]' '["100.64.1.1","100.64.1.254"]'
  opens udp 4000 -g 100.64.1.254 -g 100.64.1.1
  is '[.ports[] | .gateway, .state, .external_address]' \
    '["100.64.1.254","unverified","203.0.113.10","100.64.1.1","open","198.51.100.10"]'
  jq -e '.ports[0].verified.why | contains("another gateway")' "$report"
  closes
  hold it udp 4000 -g 100.64.1.254
  lab_wait told it '.event == "unverified"'
  ip -n client route add default via 100.64.1.254 metric 50
  lab_wait told it '.event == "open" and .port.external_address == "203.0.113.10"'
  ip -n client route del default via 100.64.1.254 metric 50
  lab_wait told it '.event == "renewed" and .port.state == "unverified"'
  let_go TERM 143 it
  nothing_left
}

@test "the way to one of two servers becomes another gateway's: the other one is asked" {
  one_link
  gateways
  hold it udp 4000 -g 100.64.1.1 --server 192.0.2.77
  lab_wait told it '.event == "open"'
  ip -n client route add 192.0.2.1 via 100.64.1.254
  lab_wait told it '.event == "unverified"'
  let_go TERM 143 it
  nothing_left
}
