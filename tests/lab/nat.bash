# The NATs of the lab: nft rulesets for the namespace $nat_ns, whose address is $nat_wan. Its hosts are on lan, lan2 ...
#
# Each kind is a set of fragments in $nat_* variables, put together by lab_nat.
# nft 1.0.6 wants each closing brace on a line of its own.

nat_ns=nat
nat_wan=198.51.100.10
nat_lan=100.64.0.0/10

# nat_pool LAST: more external addresses, up to LAST (last number)
nat_pool() {
  local i
  for i in $(seq 11 "$1"); do
    ip -n "$nat_ns" addr replace "${nat_wan%.*}.$i/32" dev wan
  done
}

# Remembers who sent from where, so that strangers are let in to the external port.
nat_full_cone() {
  nat_maps="map inside {
    type inet_service : ipv4_addr . inet_service; flags dynamic,timeout; timeout ${1}s; size 65536;
  }"
  nat_chains='chain learn {
    type filter hook postrouting priority 99; policy accept;
    oifname wan meta l4proto udp update @inside { udp sport : ip saddr . udp sport }
  }'
  nat_in='iifname wan meta l4proto udp dnat ip to udp dport map @inside'
}

nat_restricted_cone() {
  nat_maps="map inside {
    type inet_service . ipv4_addr : ipv4_addr . inet_service; flags dynamic,timeout; timeout ${1}s; size 65536;
  }"
  nat_chains='chain learn {
    type filter hook postrouting priority 99; policy accept;
    oifname wan meta l4proto udp update @inside { udp sport . ip daddr : ip saddr . udp sport }
  }'
  nat_in='iifname wan meta l4proto udp dnat ip to udp dport . ip saddr map @inside'
}

# One random external port for each inside endpoint: learned after the NAT has chosen.
nat_random_cone() {
  nat_maps="map inside {
    type inet_service : ipv4_addr . inet_service; flags dynamic,timeout; timeout ${1}s; size 65536;
  }
  map outside {
    type ipv4_addr . inet_service : ipv4_addr . inet_service; flags dynamic,timeout; timeout ${1}s; size 65536;
  }"
  nat_chains='chain learn {
    type filter hook postrouting priority 110; policy accept;
    oifname wan meta l4proto udp update @inside { udp sport : ct original ip saddr . ct original proto-src }
    oifname wan meta l4proto udp update @outside { ct original ip saddr . ct original proto-src : ip saddr . udp sport }
  }'
  nat_out='oifname wan meta l4proto udp snat ip to ip saddr . udp sport map @outside
    oifname wan masquerade random'
  nat_in='iifname wan meta l4proto udp dnat ip to udp dport map @inside'
}

# One more than the last flow's port. nft swaps the bytes of "numgen offset", so a map names them.
nat_sequential() {
  local ports
  ports=$(seq 0 1023 | awk '{ printf "%d : %d, ", $1, 40000 + $1 }')
  nat_out="oifname wan meta l4proto udp snat ip to $nat_wan : numgen inc mod 1024 map { $ports }
    oifname wan masquerade"
}

# An external address for each socket, no matter whose (the kernel's own choice depends on the
# destination, so it may look paired).
nat_arbitrary_pool() {
  nat_pool 13
  nat_out="oifname wan meta l4proto udp snat ip to jhash ip saddr . udp sport mod 4 seed 0x1234 map {
      0 : $nat_wan, 1 : ${nat_wan%.*}.11, 2 : ${nat_wan%.*}.12, 3 : ${nat_wan%.*}.13
    }
    oifname wan masquerade"
}

# Only packets from inside restart the timer (RFC 4787 REQ-6, the permitted minimum).
nat_outbound_refresh() {
  nat_maps="set alive {
    type ipv4_addr . inet_service; flags dynamic,timeout; timeout ${1}s; size 65536;
  }"
  nat_forward='iifname lan* meta l4proto udp update @alive { ip saddr . udp sport } accept
    iifname wan meta l4proto udp ip daddr . udp dport @alive accept
    meta l4proto udp drop'
}

# A session limit that refuses: new flows are dropped while COUNT are held.
nat_quota() {
  nat_maps='set held {
    type ipv4_addr; flags dynamic; size 1024;
  }'
  nat_forward="iifname lan* ct state new meta l4proto udp add @held { ip saddr ct count over $1 } drop"
}

# nat_fragments KIND [ARGUMENT]: sets nat_maps, nat_chains, nat_in, nat_out and nat_forward
nat_fragments() {
  nat_maps='' nat_chains='' nat_in='' nat_forward=''
  nat_out='oifname wan masquerade'
  case $1 in
  masq) ;;
  random) nat_out='oifname wan masquerade random' ;;
  ports) nat_out="oifname wan meta l4proto { tcp, udp } snat to $nat_wan:40000-40999" ;;
  range) nat_arbitrary_pool ;;
  rangepers) nat_pool 13 && nat_out="oifname wan snat to $nat_wan-${nat_wan%.*}.13 persistent" ;;
  seq) nat_sequential ;;
  adm)
    nat_out="oifname wan meta l4proto udp snat ip to $nat_wan : jhash ip daddr . udp sport mod 60000 seed 0x1234 offset 4096
    oifname wan masquerade"
    ;;
  eif) nat_full_cone "${2:-30}" ;;
  adf) nat_restricted_cone "${2:-30}" ;;
  eim-rand-eif) nat_random_cone "${2:-30}" ;;
  hairpin)
    nat_full_cone "${2:-30}"
    nat_in="ip daddr $nat_wan meta l4proto udp dnat ip to udp dport map @inside"
    nat_out="oifname wan masquerade
    oifname lan* ip saddr $nat_lan meta l4proto udp ct status dnat snat to $nat_wan"
    ;;
  guests) # kept apart from each other: they meet at the external address only
    nat_fragments hairpin "${2:-30}"
    nat_forward='ct status dnat accept
    iifname lan* oifname lan* ct state new drop'
    ;;
  clash) ;; # takes strangers' packets for its own, and their flow's port is then not free
  outref) nat_outbound_refresh "${2:-30}" ;;
  quota) nat_quota "$2" ;;
  firewall | nonat) nat_out='' ;;
  *)
    echo "lab: unknown kind of NAT: $1" >&2
    return 2
    ;;
  esac
}

# nat_ruleset KIND [ARGUMENT]: prints the whole ruleset
nat_ruleset() {
  local policy=drop input='iifname wan ct state new meta l4proto != icmp drop'
  nat_fragments "$@" || return
  case $1 in
  nonat) policy=accept input='' ;;
  clash) input='' ;;
  esac
  cat <<RULES
flush ruleset
table ip lab {
  $nat_maps
  $nat_chains
  chain pre {
    type nat hook prerouting priority dstnat; policy accept;
    $nat_in
  }
  chain post {
    type nat hook postrouting priority srcnat; policy accept;
    $nat_out
  }
  chain through {
    type filter hook forward priority filter; policy $policy;
    $nat_forward
    ct state established,related accept
    iifname lan* accept
    ct status dnat accept
  }
  chain to_itself {
    type filter hook input priority filter; policy accept;
    $input
  }
}
table ip6 lab {
  chain through {
    type filter hook forward priority filter; policy $policy;
    ct state established,related accept
    iifname lan* accept
  }
}
RULES
}
