#!/usr/bin/env bats
# natsim run: one program behind a NAT, as root and as an ordinary user.
# shellcheck disable=SC2016 # what is in single quotes, shells in there expand

bats_require_minimum_version 1.5.0
bats_load_library bats-support
bats_load_library bats-assert
# shellcheck source=tests/lab/lab.bash
. "$BATS_TEST_DIRNAME/lab.bash"

PATH=$NATKIT_BUILD/bin:$PATH
# shellcheck disable=SC2034
stderr="" stderr_lines=() # bats fills them

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  export XDG_CONFIG_HOME=$BATS_TEST_TMPDIR
}

# What nobody needs, where nobody may look.
setup_file() {
  export open
  open=$(mktemp -d /tmp/natsim.XXXXXX)
  mkdir "$open/bin" "$open/share"
  cp "$NATKIT_BUILD"/bin/nat{sim,broker,probe} "$open/bin"
  cp "$lab_top/share/zoo.conf" "$open/share"
  chmod 777 "$open"
}

teardown_file() {
  rm -rf "$open"
}

needs_tun() {
  if ! { [ -r /dev/net/tun ] && [ -w /dev/net/tun ]; }; then
    skip 'no TUN device here'
  fi
}

# sim OPTION...: natsim run, for at most two minutes
sim() {
  timeout --foreground 120 natsim run "$@"
}

# A user who is nobody, where anyone may use the TUN device: in a mount namespace of its own.
as_nobody() {
  unshare --mount bash -euc '
    mount -t tmpfs none /dev/net
    mknod -m "$1" /dev/net/tun c 10 200
    shift
    exec setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all "$@"' as_nobody "$@"
}

needs_root() {
  lab_other_users || skip 'needs root to become nobody'
}

# near VALUE TRUTH OFF
near() {
  jq -ne --argjson v "$1" --argjson t "$2" --argjson off "$3" '$v - $t | fabs <= $off' >/dev/null ||
    fail "$1 is not within $3 of $2"
}

# The round trip that ping names, in milliseconds.
round_trip() {
  sed -n 's/.* time=\([0-9.]*\) ms/\1/p' <<<"$1"
}

# takes LEAST MOST OPTION...: a round trip to the server in such a world, in milliseconds. It is never shorter; it is longer
# where the machine stalls, and is then measured anew.
takes() {
  local least=$1
  lab_wait in_time "${@:2}"
  jq -ne "$(round_trip "$output") >= $least" >/dev/null || fail "shorter than $least ms: $output"
}

in_time() {
  run sim "${@:2}" -- ping -c 1 -W 20 stun.natsim
  jq -ne "$(round_trip "$output") <= $1" >/dev/null
}

@test "the NAT is what its preset says" {
  needs_tun
  sim --nat apd-ei-sequential -- natprobe --json --quick >report.json
  assert_equal "$(jq -c '[.nat, .udp.mapping.class, .udp.filtering.class, .udp.ports.pattern]' report.json)" \
    '[true,"address-and-port-dependent","endpoint-independent","sequential"]'
  sim --nat linux --set mapping=apd --set ports=random -- natprobe --json --quick >report.json
  assert_equal "$(jq -c '[.udp.mapping.class, .udp.ports.pattern]' report.json)" \
    '["address-and-port-dependent","random"]'
  sim -- natprobe --json --quick -4 >report.json
  assert_equal "$(jq .nat report.json)" false
}

@test "a timeout measured in it is the preset's" {
  needs_tun
  export BATS_TEST_RETRIES=1 # the machine may stall: a run then sees time go by in a jump
  sim --nat linux --set timer-first=3s --set timer-replied=4s --set timer-stream=6s -- \
    natprobe --json --max 10s >report.json
  near "$(jq .udp.timeouts.solitary.value report.json)" 3 0.25
  near "$(jq .udp.timeouts.replied.value report.json)" 4 0.25
  near "$(jq .udp.timeouts.stream.value report.json)" 6 0.25
}

@test "programs keep their input, output, folder, environment and exit status" {
  needs_tun
  run --separate-stderr sim -- bash -c 'pwd; cat; echo "$HELLO $NATKIT_SERVER"; hostname; echo err >&2; exit 7' <<<in
  assert_equal "$status" 7
  assert_output "$PWD
in
 stun.natsim
client"
  assert_equal "$stderr" err
  HELLO=hello run sim --no-server -- bash -c 'echo "$HELLO${NATKIT_SERVER-}"; kill -TERM $$'
  assert_equal "$status" 143
  assert_output hello
  run -127 sim -- no-such-program
  assert_output "natsim run: cannot run 'no-such-program': No such file or directory"
  run -126 sim -- /etc/passwd
  assert_output "natsim run: cannot run '/etc/passwd': Permission denied"
}

@test "signals go to the program" {
  needs_tun
  natsim run --no-server -- bash -c 'trap "echo got; exit 9" TERM; echo ready; while :; do read -rt 1 <> <(:); done' \
    >said 3>&- &
  lab_wait grep ready said
  kill -TERM $!
  status=0
  wait $! || status=$?
  assert_equal "$status" 9
  assert_equal "$(cat said)" 'ready
got'
}

@test "a program in it has the terminal" {
  needs_tun
  run script -qec 'natsim run --no-server -- bash -c "test -t 0 && test -t 1 && stty size >/dev/null && echo terminal"' /dev/null
  assert_output --partial terminal
  # What is typed reaches the program once, and natsim lets it decide.
  run script -qec 'natsim run --no-server -- bash -c "trap \"echo interrupted\" INT; kill -INT 0; exit 5"' /dev/null
  assert_output --partial interrupted
}

@test "names are known to files and to whoever asks DNS" {
  needs_tun
  run sim --nat linux --delay 5s -- getent ahosts stun.natsim
  assert_line --regexp '^192\.0\.2\.1 .*STREAM stun\.natsim'
  assert_line --regexp '^192\.0\.2\.2 '
  # The resolver is near: it answers before a packet could cross the link.
  run sim --nat linux --delay 60s -- /usr/bin/python3 "$lab_top/tests/tools/dns.py" nat.natsim A
  assert_output 198.51.100.1
  run sim --nat nat64 -- /usr/bin/python3 "$lab_top/tests/tools/dns.py" stun.natsim AAAA
  assert_output '64:ff9b::c000:201
64:ff9b::c000:202'
  run sim --nat nat64 -- getent ahosts stun.natsim
  refute_line --regexp '^192\.'
}

@test "with IPv6 too the NAT is a firewall for it, and nothing else" {
  needs_tun
  sim --nat ei-apd-random --ipv6 -- natprobe --json --quick >report.json
  assert_equal "$(jq -c '[.udp, .udp6 | .nat.value, .filtering.class]' report.json)" \
    '[true,"address-and-port-dependent",false,"address-and-port-dependent"]'
  run sim --nat ei-apd-random --ipv6 -- ping -6 -c 1 -t 1 -W 20 stun.natsim
  assert_output --partial 'From 2001:db8:4::1'
}

@test "delay is one way, and both ways take it; loss and duplicates come" {
  needs_tun
  takes 0 90 --nat linux
  assert_output --partial 'ttl=62'
  takes 200 300 --nat linux --delay 100ms
  takes 200 300 --nat linux --nat ei-ei-random --delay 100ms
  assert_output --partial 'ttl=61'
  run sim --delay 100ms --loss 99% --seed 3 -- ping -c 5 -i 0.01 -W 1 stun.natsim
  assert_output --partial '100% packet loss'
  run sim --duplicate 99% --seed 3 -- ping -c 5 -i 0.01 stun.natsim
  assert_output --partial duplicates
}

@test "the same seed loses the same packets" {
  needs_tun
  local lost=()
  for seed in 5 5 6; do
    # Until 40 are answered: by then all is known of the first 40, however late answers are.
    run sim --loss 50% --seed $seed -- ping -4 -c 40 -i 0.005 -w 60 stun.natsim
    lost+=("$(grep -o 'icmp_seq=[0-9]*' <<<"$output" | awk -F= '$2 <= 40' | tr '\n' ' ')")
  done
  assert_equal "${lost[0]}" "${lost[1]}"
  refute [ "${lost[0]}" = "${lost[2]}" ]
}

@test "packets that are too long are fragmented or refused" {
  needs_tun
  run sim --nat linux --mtu 1300 -- ping -c 1 -s 4000 stun.natsim
  assert_output --partial '4008 bytes from'
  run sim --nat linux --mtu 1300 -- ping -c 1 -s 1400 -M "do" -W 20 stun.natsim
  assert_output --partial 'mtu = 1300'
}

@test "what has another's address is dropped" {
  needs_tun
  run sim -- bash -c 'ip addr add 203.0.113.99 dev tun0; ping -c 1 -W 1 -I 203.0.113.99 192.0.2.1'
  assert_output --partial '100% packet loss'
}

@test "TCP goes through every kind of NAT" {
  needs_tun
  for nat in linux pf apd-apd-random ei-ei-sequential nat64; do
    run sim --nat $nat --broker "$BATS_TEST_DIRNAME/../tools/web_and_broker" -- \
      bash -c 'until exec 4<>/dev/tcp/stun.natsim/80; do :; done 2>/dev/null; printf "GET /big HTTP/1.0\r\n\r\n" >&4; tail -c 1000000 <&4 | cksum'
    assert_output "$(head -c 1000000 /dev/zero | cksum)"
  done
}

@test "every packet is in the file, at every place" {
  needs_tun
  sim --nat linux --pcap out.pcapng -- ping -c 1 stun.natsim >/dev/null
  run strings -n 3 out.pcapng
  for place in client 'nat inside' 'nat outside' stun; do
    assert_line "$place"
  done
  run -2 sim --pcap none/out.pcapng -- true
  assert_output "natsim run: cannot write 'none/out.pcapng': No such file or directory"
}

# At most those who were there before: processes, and namespaces that they hold.
traces() {
  pgrep -f 'natsim run|natsim-host|natbroker' | wc -l
  find /proc/[0-9]*/ns -name net -printf '%l\n' 2>/dev/null | sort -u | wc -l
}

# gone BEFORE SECONDS: no more traces than then, and nobody sleeps so long
gone() {
  local was is
  read -rd '' -a was <<<"$1" || true
  read -rd '' -a is <<<"$(traces)" || true
  [ "${is[0]}" -le "${was[0]}" ] && [ "${is[1]}" -le "${was[1]}" ] && ! pgrep -f "^sleep $2"
}

@test "nothing is left of a run that is killed" {
  needs_tun
  local before
  before=$(traces)
  natsim run --nat linux -- bash -c 'setsid sleep 987654323 & sleep 987654323' 3>&- &
  both() { [ "$(pgrep -fc '^sleep 987654323')" -eq 2 ]; }
  lab_wait both
  kill -KILL $!
  wait $! || true
  lab_wait gone "$before" 987654323
}

@test "nothing is left of a run that is killed while its server does not serve" {
  needs_tun
  local before
  before=$(traces)
  printf '#!/bin/sh\nexec sleep 987654325\n' >deaf
  chmod +x deaf
  natsim run --broker ./deaf -- true 3>&- &
  # Itself, two hosts, and who asks for the server.
  asking() { pgrep -f '^sleep 987654325' && [ "$(pgrep -fc 'natsim run --broker ./deaf')" -eq 4 ]; }
  lab_wait asking
  kill -KILL $!
  wait $! || true
  lab_wait gone "$before" 987654325
}

@test "what the program leaves running ends with it" {
  needs_tun
  sim --no-server -- bash -c 'setsid sleep 987654324 & exit 0'
  run ! pgrep -f '^sleep 987654324'
}

@test "an ordinary user can do it all where the TUN device is for everyone" {
  needs_root
  needs_tun
  cd "$open"
  as_nobody 666 timeout 120 bin/natsim run --nat ei-ad-random -- \
    bash -c 'id -u; touch mine; ping -c 1 stun.natsim; bin/natprobe --json --quick' >said
  assert_equal "$(head -n 1 said)" 0
  assert_equal "$(stat -c %u mine)" 65534
  grep ' 0% packet loss' said
  sed -n '/^{/,$p' said >report.json
  assert_equal "$(jq -c '[.udp.mapping.class, .udp.filtering.class]' report.json)" \
    '["endpoint-independent","address-dependent"]'
}

@test "what is not permitted is said, and what would help" {
  needs_root
  needs_tun
  run -4 as_nobody 600 "$open/bin/natsim" run -- true
  assert_output 'natsim run: may not use /dev/net/tun: run as root, or make /dev/net/tun accessible (chmod 666, as most distributions have it)'
  run -4 as_nobody 666 unshare --user --map-root-user bash -c \
    'echo 0 >/proc/sys/user/max_user_namespaces; exec setpriv --bounding-set=-all --inh-caps=-all "$@"' \
    no_spaces "$open/bin/natsim" run -- true
  assert_output --partial 'may not make namespaces: run as root, or allow user namespaces'
}

@test "a server that does not serve is told, with its last words" {
  needs_tun
  printf '#!/bin/sh\necho first >&2\necho "no use: $1" >&2\nexit 1\n' >broken
  chmod +x broken
  run -3 sim --broker ./broken -- true
  assert_output 'natsim run: stun: natbroker does not serve: no use: --listen'
  run -3 sim --broker /bin/true -- true
  assert_output 'natsim run: stun: natbroker does not serve: it ended with status 0'
}

@test "IPv6 passes a NAT of IPv4 as it passes a firewall" {
  needs_tun
  run -0 sim -6 --nat linux -- ping -6 -c 1 -W 20 stun.natsim
  assert_output --partial ' 0% packet loss'
}

@test "misuse gets one line" {
  while IFS='|' read -r arguments says; do
    # shellcheck disable=SC2086  # words
    run -2 natsim run $arguments
    assert_output "natsim run: $says"
  done <<'BAD'
|wants a program to run: natsim run [OPTION]... -- COMMAND
--nat nobody -- true|there is no preset 'nobody'; "natsim list" names them
--set mapping=ei -- true|--set: cannot use 'mapping=ei'; give it after the --nat that it is about
--nat linux --set mapping -- true|--set: cannot use 'mapping'; give AXIS=VALUE, such as timer-first=10s
--external 1.2.3 -- true|--external: cannot use '1.2.3'; give a numeric IPv4 or IPv6 address without a port
--nat linux --set timer-first= -- true|--set 'timer-first=': cannot use ''; give seconds, such as 30 s
--nat linux --set mapping=foo -- true|--set 'mapping=foo': cannot use 'foo'; give ei, ad or apd
--nat linux --external 127.0.0.1 -- true|nat: no host or NAT has an address such as 127.0.0.1
--nat linux --nat nat64 -- true|nat: there is no IPv4 behind a NAT64, and this needs an IPv4 address
--loss 1 -- true|--loss: cannot use '1'; give a share, such as 2% or 0.02; all is 100%, not 1
--external 198.51.100.9 -- true|--external: there is no NAT that translates
--seed x -- true|--seed: cannot use 'x'; give a whole number
BAD
}
