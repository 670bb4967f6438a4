# A gateway on which ports can be opened: miniupnpd on a NAT of lab.bash, with PCP, NAT-PMP and UPnP. Source it
# after lab.bash, and start the gateway after lab_nat, which flushes its rules.

declare -gA gateway_pid # of each NAT with one

# gateway_up NAT [OPTION=VALUE...]: options go to miniupnpd's configuration
gateway_up() {
  local nat=$1
  shift
  gateway_rules | ip netns exec "$nat" nft -f -
  gateway_daemon
  gateway_configuration "$@" >"/run/lab/$nat.conf"
  sed -i "s/@NAT@/$nat/" "/run/lab/$nat.conf"
  rm -f "/run/lab/$nat.leases"
  gateway_start "$nat"
}

# What the manual of miniupnpd asks for. The lab's own rules let in what is translated; IPv6 passes here.
gateway_rules() {
  cat <<'RULES'
table ip6 lab {
}
delete table ip6 lab
table inet filter {
  chain miniupnpd {
  }
  chain prerouting_miniupnpd {
  }
  chain postrouting_miniupnpd {
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    jump miniupnpd
    meta nfproto ipv4 accept
    ct state established,related accept
    iifname lan* accept
    drop
  }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    jump prerouting_miniupnpd
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    jump postrouting_miniupnpd
  }
}
RULES
}

# A copy of miniupnpd that takes documentation addresses for public ones: in its table of reserved networks, rows of
# an address and a number of bits, those of 192.0.2.0, 198.51.100.0 and 203.0.113.0 become 0.0.0.0.
gateway_daemon() {
  [ -x /run/lab/miniupnpd ] || /usr/bin/python3 - "$(command -v miniupnpd || echo /usr/sbin/miniupnpd)" <<'PATCH'
import os, struct, sys

program = open(sys.argv[1], "rb").read()
for network in (0xC0000200, 0xC6336400, 0xCB007100):
    row = struct.pack("<II", network, 32 - 24)
    assert program.count(row) == 1, "another miniupnpd than we know"
    program = program.replace(row, struct.pack("<II", 0, 24))
with open("/run/lab/miniupnpd", "wb") as copy:
    copy.write(program)
os.chmod("/run/lab/miniupnpd", 0o755)
PATCH
}

gateway_configuration() {
  cat <<'CONF'
ext_ifname=wan
listening_ip=lan
http_port=5555
enable_natpmp=yes
min_lifetime=1
max_lifetime=86400
upnp_table_name=filter
upnp_nat_table_name=filter
secure_mode=yes
uuid=7d3e65dc-823b-46a3-8033-fd3d1f32e081
lease_file=/run/lab/@NAT@.leases
allow 1024-65535 0.0.0.0/0 1024-65535
CONF
  [ $# -eq 0 ] || printf '%s\n' "$@"
}

# gateway_start NAT: until it answers all three protocols
gateway_start() {
  local nat=$1
  ip netns exec "$nat" "${gateway_program:-/run/lab/miniupnpd}" -d -f "/run/lab/$nat.conf" \
    -P "/run/lab/$nat.pid" >"/run/lab/$nat.log" 2>&1 3>&- </dev/null &
  gateway_pid[$nat]=$!
  lab_wait gateway_ready "$nat" && return
  cat "/run/lab/$nat.log" >&2
  return 1
}

gateway_ready() {
  local bound
  bound=$(ip netns exec "$1" ss -Hlnutp)
  [[ $bound = *:5351\ * && $bound = *:1900\ * && $bound = *:5555\ * ]]
}

# gateway_stop NAT: it removes what it has mapped
gateway_stop() {
  local nat=$1
  [ -z "${gateway_pid[$nat]:-}" ] || lab_stop "${gateway_pid[$nat]}"
  gateway_pid[$nat]=''
}

# gateway_crash NAT: it is gone with all that it knew, as after a power failure
gateway_crash() {
  local nat=$1
  kill -KILL "${gateway_pid[$nat]}"
  wait "${gateway_pid[$nat]}" 2>/dev/null || true
  gateway_pid[$nat]=''
  rm -f "/run/lab/$nat.leases"
  gateway_rules | sed 's/^table inet filter {/delete table inet filter\n&/' | ip netns exec "$nat" nft -f -
}

# gateway_state NAT: all that it holds: its rules, its leases, and what it says itself
gateway_state() {
  local nat=$1
  ip netns exec "$nat" nft -s list table inet filter
  cat "/run/lab/$nat.leases" 2>/dev/null || true # it deletes an empty one
  gateway_list "$nat"
}

# gateway_list NAT: what its client sees, without what changes with time
gateway_list() {
  local address
  address=$(ip -n "$1" -4 -j address show dev lan | jq -r '.[0].addr_info[0].local')
  ip netns exec client upnpc -i -u "http://$address:5555/rootDesc.xml" -l 2>&1 | grep -E '^ *[0-9]+ (TCP|UDP)' |
    sed 's/ [0-9]*$//' || true
}
