# A small internet in network namespaces. Source this file inside private.sh.
#
#   client ---------- nat ----------------- inet ------------- server
#   100.64.1.2   .1 lan   wan 198.51.100.10   .1    192.0.2.254   192.0.2.1, 192.0.2.2
#   2001:db8:1::2  ::1         2001:db8:8::10  ::1  2001:db8:2::fe  2001:db8:2::1, ::2
#
# IPv4 passes the NAT that lab_nat chose; IPv6 is never translated, but passes a stateful firewall
# (unless the kind is nonat).

lab_here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
lab_top=${lab_here%/tests/lab}
NATKIT_BUILD=${NATKIT_BUILD:-$lab_top/build}
# shellcheck source=tests/lab/nat.bash
. "$lab_here/nat.bash"

declare -gA lab_uplink # of each NAT: the namespace it hangs on, the interface there, and both networks
declare -gA lab_inside # and its IPv6 network inside, which the outside knows, since nothing translates it
lab_wires=()

# lab_link NS IF ADDRESS4 ADDRESS6 NS IF ADDRESS4 ADDRESS6; no IPv6 where that is empty
lab_link() {
  ip -n "$1" link add "$2" type veth peer name "$6" netns "$5"
  lab_end "$1" "$2" "$3" "$4"
  lab_end "$5" "$6" "$7" "$8"
}

lab_end() {
  ip -n "$1" addr add "$3" dev "$2"
  if [ -n "$4" ]; then
    ip -n "$1" addr add "$4" dev "$2" nodad
    # Solicitations are lost while a link comes up; do not wait 1 s for the next.
    ip -n "$1" ntable change name ndisc_cache dev "$2" retrans 100
  fi
  ip -n "$1" link set "$2" up
}

lab_space() {
  ip netns add "$1"
  ip -n "$1" link set lo up
  ip netns exec "$1" sysctl -qw net.ipv6.conf.default.accept_dad=0
}

# lab_internet: inet, and the server on it
lab_internet() {
  lab_space inet
  ip netns exec inet sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
  lab_space server
  lab_link server eth0 192.0.2.1/24 2001:db8:2::1/64 inet public 192.0.2.254/24 2001:db8:2::fe/64
  ip -n server addr add 192.0.2.2/24 dev eth0
  ip -n server addr add 2001:db8:2::2/64 dev eth0 nodad
  ip -n server route replace default via 192.0.2.254
  ip -n server -6 route replace default via 2001:db8:2::fe
}

# lab_router NAT UP IF NETWORK4 [NETWORK6]: a masquerading NAT whose provider is namespace UP, on a link that has the
# name IF there. Networks are without their last part: the NAT is .10 there, and UP is .1.
lab_router() {
  lab_space "$1"
  ip netns exec "$1" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
  lab_uplink[$1]="$2 $3 $4 ${5:-}"
  lab_link "$1" wan "$4.10/24" "${5:+${5:-}::10/64}" "$2" "$3" "$4.1/24" "${5:+${5:-}::1/64}"
  lab_route "$1" "$4.1" "${5:+${5:-}::1}"
  lab_nat_of "$1" masq
}

# lab_host HOST NAT IF NETWORK4 [NETWORK6]: a host behind a NAT that has the name IF (lan...) for the link to it
lab_host() {
  lab_space "$1"
  lab_link "$1" eth0 "$4.2/24" "${5:+${5:-}::2/64}" "$2" "$3" "$4.1/24" "${5:+${5:-}::1/64}"
  lab_route "$1" "$4.1" "${5:+${5:-}::1}"
  lab_inside[$2]=${5:-}
  lab_ways_in "$2"
}

lab_route() {
  ip -n "$1" route replace default via "$2"
  [ -z "$3" ] || ip -n "$1" -6 route replace default via "$3"
}

# The way to what is behind a NAT: in IPv6, and where it may be no NAT at all.
lab_ways_in() {
  local up net4 net6
  read -r up _ net4 net6 <<<"${lab_uplink[$1]}"
  [ -z "${lab_inside[$1]:-}" ] || ip -n "$up" -6 route replace "${lab_inside[$1]}::/64" via "$net6::10"
  [ "$1" != nat ] || ip -n "$up" route replace 100.64.0.0/10 via "$net4.10"
}

# lab_up: builds the whole topology, with a masquerading NAT
lab_up() {
  lab_internet
  lab_router nat inet home 198.51.100 2001:db8:8
  lab_host client nat lan 100.64.1 2001:db8:1
}

# lab_carrier_up: the same for a home without IPv6 whose provider has no address for it: its NAT is 100.64.7.10 outside,
# behind another one, "carrier", and the client is 192.168.1.2
lab_carrier_up() {
  lab_internet
  lab_router carrier inet home 198.51.100
  lab_router nat carrier lan 100.64.7
  lab_host client nat lan 192.168.1
}

# lab_ipv6: until IPv6 works all the way, a second after lab_up; IPv4 works at once
lab_ipv6() {
  lab_wait lab_reaches 2001:db8:2::1
}

lab_reaches() {
  ip netns exec client ping -qn -c 1 -W 0.2 "$1" >/dev/null 2>&1
}

# lab_down: ends the servers and removes the namespaces
lab_down() {
  lab_server_stop
  lab_fast
  ip -all netns delete
}

# lab_nat KIND [ARGUMENT]: what the NAT is from now on; nat.bash has the kinds
lab_nat() {
  lab_nat_of nat "$@"
}

# lab_nat_of NAT KIND [ARGUMENT]: the same for a NAT of another name
lab_nat_of() {
  local nat_ns=$1 nat_wan up
  read -ra up <<<"${lab_uplink[$1]}"
  nat_wan=${up[2]}.10
  shift
  nat_ruleset "$@" | ip netns exec "$nat_ns" nft -f -
  lab_forget "$nat_ns"
}

# lab_forget [NAT]: the NAT loses all its flows. A new socket that gets an old one's port would
# otherwise inherit its timer.
lab_forget() {
  ip netns exec "${1:-nat}" conntrack -F >/dev/null 2>&1
}

# lab_timers FIRST STREAM [NAT]: seconds that the NAT keeps a flow, before and after it is a stream
lab_timers() {
  ip netns exec "${3:-nat}" sysctl -qw net.netfilter.nf_conntrack_udp_timeout="$1" \
    net.netfilter.nf_conntrack_udp_timeout_stream="$2"
}

# lab_loss PERCENT: random loss in each direction, on the far side of each NAT; 0 ends it
lab_loss() {
  ip netns exec inet nft -f - <<RULES
table inet loss {
}
delete table inet loss
table inet loss {
  chain through {
    type filter hook forward priority filter; policy accept;
    iifname "home*" meta l4proto udp numgen random mod 100 lt $1 drop
    oifname "home*" meta l4proto udp numgen random mod 100 lt $1 drop
  }
}
RULES
}

# lab_slow MICROSECONDS [NAT...]: delay each way between the NAT and its provider. Returns 77 where
# that cannot be had: it takes a TUN device, and the right to open it.
lab_slow() {
  local delay=$1 wire=$NATKIT_BUILD/tests/tools/wire nat
  shift
  [ -r /dev/net/tun ] && [ -w /dev/net/tun ] && [ -x "$wire" ] || return 77
  for nat in "${@:-nat}"; do
    lab_slow_one "$wire" "$nat" "$delay" || return
  done
}

lab_slow_one() {
  local out=/run/lab/wire-$2.out up if net4 net6
  read -r up if net4 net6 <<<"${lab_uplink[$2]}"
  ip -n "$2" link del wan
  : >"$out" # of an earlier one
  "$1" "$2" wan "$up" "$if" "$3" >"$out" 2>&1 3>&- &
  lab_wires+=($!)
  if ! lab_wait grep -qs ready "$out"; then
    cat "$out" >&2
    return 1
  fi
  lab_end "$2" wan "$net4.10/24" "${net6:+$net6::10/64}"
  lab_end "$up" "$if" "$net4.1/24" "${net6:+$net6::1/64}"
  lab_route "$2" "$net4.1" "${net6:+$net6::1}"
  lab_ways_in "$2"
}

# lab_fast: ends lab_slow's wires; the namespaces are not usable after it
lab_fast() {
  local wire
  for wire in "${lab_wires[@]}"; do
    lab_stop "$wire"
  done
  lab_wires=()
}

# lab_wait COMMAND...: until it succeeds, for at most half a minute (or $lab_patience)
lab_wait() {
  local end=$((SECONDS + ${lab_patience:-30}))
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.02
  done
}

# lab_other_users: whether there are any that one can become; there are none in an ordinary user's private world
lab_other_users() {
  setpriv --reuid nobody true 2>/dev/null
}

# lab_stop PID: ends a process and waits for it
lab_stop() {
  kill "$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || true
}

lab_bound() {
  ip netns exec server ss -Hlun "sport = :$1" | grep -qF "$2"
}

# lab_serve LOGNAME ADDRESS:PORT COMMAND...: a server in its namespace, until it has bound that
lab_serve() {
  local log=/run/lab/$1.log at=$2
  shift 2
  ip netns exec server "$@" >"$log" 2>&1 3>&- </dev/null &
  lab_server=$!
  lab_wait lab_bound "${at##*:}" "$at" && return
  cat "$log" >&2
  return 1
}

# lab_broker [OPTION...]: natbroker on both addresses of both families, unless told otherwise
lab_broker() {
  [ $# -gt 0 ] ||
    set -- --listen 192.0.2.1 --listen 192.0.2.2 --listen 2001:db8:2::1 --listen 2001:db8:2::2
  lab_serve natbroker "${lab_broker_ready:-192.0.2.2:3479}" "$NATKIT_BUILD/bin/natbroker" "$@"
}

# lab_coturn [ADDRESS...]: a third-party server, on both IPv4 addresses unless told otherwise
lab_coturn() {
  local a last
  [ $# -gt 0 ] || set -- 192.0.2.1 192.0.2.2
  for a in "$@"; do
    echo "listening-ip=$a"
    last=$a
  done >/run/lab/coturn.conf
  cat >>/run/lab/coturn.conf <<'CONF'
listening-port=3478
alt-listening-port=3479
stun-only
no-auth
no-tls
no-dtls
no-cli
log-file=stdout
simple-log
pidfile=/run/lab/coturn.pid
userdb=/run/lab/coturn.sqlite
CONF
  # With one address, coturn binds the first port only.
  [ $# -gt 1 ] && last=$last:3479 || last=$last:3478
  lab_serve coturn "$last" turnserver -c /run/lab/coturn.conf
}

# lab_liar LIE: tests/tools/liar.py, a server that breaks one rule
lab_liar() {
  lab_serve liar 192.0.2.2:3479 /usr/bin/python3 "$lab_top/tests/tools/liar.py" "$1"
}

lab_server_stop() {
  [ -z "${lab_server:-}" ] || lab_stop "$lab_server"
  lab_server=''
}

# lab_client SECONDS COMMAND...: runs it as the host behind the NAT, for at most that long
lab_client() {
  local limit=$1
  shift
  timeout --foreground --kill-after=5 "$limit" ip netns exec client "$@" 3>&-
}

# lab_silent_resolver: the client has one that takes questions and never answers, and waits for it longer than any test
lab_silent_resolver() {
  printf '%s\n' 'nameserver 100.64.1.2' 'options timeout:30 attempts:5' >/run/lab/resolv.conf
  mount --bind /run/lab/resolv.conf /etc/resolv.conf
  ip netns exec client /usr/bin/python3 -c 'import signal, socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.bind(("100.64.1.2", 53))
    signal.pause()' >/dev/null 2>&1 3>&- </dev/null &
  lab_wait lab_takes_questions
}

lab_takes_questions() {
  [ -n "$(ip netns exec client ss -Hlun 'sport = :53')" ]
}

# lab_flows: UDP flows that the NAT holds now (expired ones are not listed)
lab_flows() {
  ip netns exec nat conntrack -L -p udp 2>/dev/null | wc -l
}
