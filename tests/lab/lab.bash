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

# lab_link NS IF ADDRESS4 ADDRESS6 NS IF ADDRESS4 ADDRESS6
lab_link() {
  ip -n "$1" link add "$2" type veth peer name "$6" netns "$5"
  lab_end "$1" "$2" "$3" "$4"
  lab_end "$5" "$6" "$7" "$8"
}

lab_end() {
  ip -n "$1" addr add "$3" dev "$2"
  ip -n "$1" addr add "$4" dev "$2" nodad
  # Solicitations are lost while a link comes up; do not wait 1 s for the next.
  ip -n "$1" ntable change name ndisc_cache dev "$2" retrans 100
  ip -n "$1" link set "$2" up
}

# lab_up: builds the whole topology, with a masquerading NAT
lab_up() {
  local ns
  for ns in client nat inet server; do
    ip netns add "$ns"
    ip -n "$ns" link set lo up
    ip netns exec "$ns" sysctl -qw net.ipv6.conf.default.accept_dad=0
  done
  lab_link client eth0 100.64.1.2/24 2001:db8:1::2/64 nat lan 100.64.1.1/24 2001:db8:1::1/64
  lab_link nat wan 198.51.100.10/24 2001:db8:8::10/64 inet home 198.51.100.1/24 2001:db8:8::1/64
  lab_link server eth0 192.0.2.1/24 2001:db8:2::1/64 inet public 192.0.2.254/24 2001:db8:2::fe/64
  ip -n server addr add 192.0.2.2/24 dev eth0
  ip -n server addr add 2001:db8:2::2/64 dev eth0 nodad
  for ns in nat inet; do
    ip netns exec "$ns" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
  done
  lab_routes
  lab_nat masq
}

# lab_ipv6: until IPv6 works all the way, a second after lab_up; IPv4 works at once
lab_ipv6() {
  lab_wait lab_reaches 2001:db8:2::1
}

lab_reaches() {
  ip netns exec client ping -qn -c 1 -W 0.2 "$1" >/dev/null 2>&1
}

lab_routes() {
  ip -n client route replace default via 100.64.1.1
  ip -n client -6 route replace default via 2001:db8:1::1
  ip -n nat route replace default via 198.51.100.1
  ip -n nat -6 route replace default via 2001:db8:8::1
  ip -n inet route replace 100.64.0.0/10 via 198.51.100.10 # for a network without NAT
  ip -n inet -6 route replace 2001:db8:1::/64 via 2001:db8:8::10
  ip -n server route replace default via 192.0.2.254
  ip -n server -6 route replace default via 2001:db8:2::fe
}

# lab_down: ends the servers and removes the namespaces
lab_down() {
  local ns
  lab_server_stop
  lab_fast
  for ns in client nat inet server; do
    ip netns del "$ns"
  done
}

# lab_nat KIND [ARGUMENT]: what the NAT is from now on; nat.bash has the kinds
lab_nat() {
  nat_ruleset "$@" | ip netns exec nat nft -f -
  lab_forget
}

# lab_forget: the NAT loses all its state. A new socket that gets an old one's port would
# otherwise inherit its timer.
lab_forget() {
  ip netns exec nat conntrack -F >/dev/null 2>&1
}

# lab_timers FIRST STREAM: seconds that the NAT keeps a flow, before and after it is a stream
lab_timers() {
  ip netns exec nat sysctl -qw net.netfilter.nf_conntrack_udp_timeout="$1" \
    net.netfilter.nf_conntrack_udp_timeout_stream="$2"
}

# lab_loss PERCENT: random loss in each direction, on the far side of the NAT; 0 ends it
lab_loss() {
  ip netns exec inet nft -f - <<RULES
table inet loss {
}
delete table inet loss
table inet loss {
  chain through {
    type filter hook forward priority filter; policy accept;
    meta l4proto udp numgen random mod 100 lt $1 drop
  }
}
RULES
}

# lab_slow MICROSECONDS: delay each way between the NAT and its provider. Returns 77 where that
# cannot be had: it takes a TUN device, and the right to open it.
lab_slow() {
  local wire=$NATKIT_BUILD/tests/tools/wire
  [ -r /dev/net/tun ] && [ -w /dev/net/tun ] && [ -x "$wire" ] || return 77
  ip -n nat link del wan
  "$wire" nat wan inet home "$1" >/run/lab/wire.out 2>&1 3>&- &
  lab_wire=$!
  if ! lab_wait grep -qs ready /run/lab/wire.out; then
    cat /run/lab/wire.out >&2
    return 1
  fi
  lab_end nat wan 198.51.100.10/24 2001:db8:8::10/64
  lab_end inet home 198.51.100.1/24 2001:db8:8::1/64
  lab_routes
}

# lab_fast: ends lab_slow's wire; the namespaces are not usable after it
lab_fast() {
  [ -z "${lab_wire:-}" ] || lab_stop "$lab_wire"
  lab_wire=''
}

# lab_wait COMMAND...: until it succeeds, for at most ten seconds
lab_wait() {
  local end=$((SECONDS + 10))
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.02
  done
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

# lab_flows: UDP flows that the NAT holds now (expired ones are not listed)
lab_flows() {
  ip netns exec nat conntrack -L -p udp 2>/dev/null | wc -l
}
