# Two homes, after the one of lab.bash: alice and bob, each behind a NAT. Source this file inside private.sh.
#
#   alice --------- nata ------------------- inet ------------------- natb --------- bob
#   100.64.1.2   .1 lan  wan 198.51.100.10    |     203.0.113.10 wan  lan .1   100.64.3.2
#   2001:db8:1::2                             |                             2001:db8:3::2
#                                   server 192.0.2.1, 192.0.2.2
#
# There is IPv6 only where it was asked for: it would make all of this too easy.

pair_here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/lab/lab.bash
. "$pair_here/lab.bash"

# pair_up KIND KIND [ipv6]: both homes. A kind is one of nat.bash; kind:argument
pair_up() {
  local six=${3:+2001:db8}
  lab_internet
  lab_router nata inet homea 198.51.100 "${six:+$six:8}"
  lab_host alice nata lan 100.64.1 "${six:+$six:1}"
  lab_router natb inet homeb 203.0.113 "${six:+$six:9}"
  lab_host bob natb lan 100.64.3 "${six:+$six:3}"
  pair_nats "$1" "$2"
}

pair_nats() {
  pair_nat nata "$1"
  pair_nat natb "$2"
}

# pair_nat NAT KIND: from now on; as after a reboot, it knows of no flow
pair_nat() {
  local kind
  read -ra kind <<<"${2/:/ }"
  lab_nat_of "$1" "${kind[@]}"
}

# pair_up_behind_carrier KIND CARRIER KIND: alice's NAT is behind another one, her provider's
pair_up_behind_carrier() {
  lab_internet
  lab_router carrier inet homea 198.51.100
  lab_router nata carrier lan 100.64.8
  lab_host alice nata lan 100.64.1
  lab_router natb inet homeb 203.0.113
  lab_host bob natb lan 100.64.3
  pair_nat carrier "$2"
  pair_nats "$1" "$3"
}

# pair_up_in_one_home KIND: both behind the same NAT, in networks of their own
pair_up_in_one_home() {
  lab_internet
  lab_router nata inet homea 198.51.100
  lab_host alice nata lan 100.64.1
  lab_host bob nata lan2 100.64.3
  pair_nat nata "$1"
}

# pair_in HOST SECONDS COMMAND...: there, for at most that long
pair_in() {
  local host=$1 limit=$2
  shift 2
  timeout --foreground --kill-after=5 "$limit" ip netns exec "$host" "$@" 3>&-
}
