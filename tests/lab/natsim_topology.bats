#!/usr/bin/env bats
# natsim's worlds: presets, files, and what is asked of a world while it runs.

bats_require_minimum_version 1.5.0
bats_load_library bats-support
bats_load_library bats-assert
# shellcheck source=tests/lab/lab.bash
. "$BATS_TEST_DIRNAME/lab.bash"

PATH=$NATKIT_BUILD/bin:$PATH
examples=$lab_top/share/natsim
# shellcheck disable=SC2034
stderr="" stderr_lines=() # bats fills them

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR XDG_CONFIG_HOME=$BATS_TEST_TMPDIR
}

teardown() {
  natsim down --all
}

needs_tun() {
  if ! { [ -r /dev/net/tun ] && [ -w /dev/net/tun ]; }; then
    skip 'no TUN device here'
  fi
}

# valid SCHEMA FILE
valid() {
  /usr/bin/python3 "$lab_top/tests/tools/valid.py" "$lab_top/share/natsim-$1-1.schema.json" "$2"
}

# A client behind two NATs, and a server. Its timers are long, for slow machines.
two_nats() {
  needs_tun
  cat >world.json <<'JSON'
{
  "nodes": {
    "inner": {"nat": "linux", "behind": "outer", "set": {"timer-first": "300 s"}},
    "outer": {"nat": "ei-ei-random", "set": {"timer-first": "500 s"}, "addresses": ["198.51.100.77"]}
  },
  "hosts": {"client": {"behind": "inner"}, "server": {"addresses": ["192.0.2.1"]}}
}
JSON
  natsim up world.json
}

# ask FILTER: what jq makes of the world's state, which must be as its schema says
ask() {
  natsim status --json >status.json
  valid status status.json >&2
  jq -c "$1" status.json
}

# One datagram from the client to nobody: a mapping in both NATs.
speak() {
  natsim exec client -- bash -c 'echo >/dev/udp/192.0.2.1/9'
}

mappings() {
  ask '[.nodes[].mappings | length]'
}

@test "list and show say what is sourced and what is not" {
  natsim list --json >list.json
  valid list list.json
  [ "$(jq '.presets | length' list.json)" -ge 55 ]
  run natsim show mikrotik
  assert_line --regexp '^Sourced:'
  [[ ${output%%Assumed*} = *timer-first*'10 s'* ]]
  [[ ${output#*Assumed} = *mapping*ei*'RouterOS is Linux'* ]]
  natsim show mikrotik --json >show.json
  valid list show.json
  assert_equal "$(jq -c '.presets[].axes["timer-first"] | [.value, .mark]' show.json)" '["10 s","sourced"]'
  assert_equal "$(jq -c '.presets[].axes.alg.mark' show.json)" '"absent"'
  run natsim list
  assert_line --regexp '^mikrotik +ei\? +apd\? +preserve\? +10 s '
  run -2 natsim show nobody
  assert_output "natsim show: there is no preset 'nobody'; \"natsim list\" names them"
}

@test "presets of one's own come from the configuration folder and from --zoo" {
  mkdir natkit
  printf '[mine]\ntitle = my own\nlike = linux\ntimer-first = 11 s | sourced | measured\n' >natkit/zoo.conf
  printf '[mine]\ntitle = another\nlike = linux\n' >other.conf
  run natsim show mine
  assert_line --partial '11 s'
  run natsim show mine --zoo other.conf
  assert_line 'mine: another'
  refute_line --partial '11 s'
  echo nonsense >other.conf
  run -2 natsim list --zoo other.conf
  assert_output "natsim list: 'other.conf': line 1: neither [name] nor axis = value: nonsense"
  run -2 natsim list --zoo none.conf
  assert_output "natsim list: cannot read 'none.conf': No such file or directory"
}

@test "a file that cannot be used gets one line, with the place in it" {
  while IFS='|' read -r text says; do
    printf '%s' "$text" >bad.json
    run -2 natsim up bad.json
    assert_output "natsim up: 'bad.json': $says"
  done <<'BAD'
{"hosts": |line 1: unexpected token near end of file
{"hosts": {"a": {"behind": "b"}}}|.hosts.a.behind: there is no node 'b'
{"hosts": {"a": {"colour": "red"}}}|.hosts.a.colour: there is no such key here
{"nodes": {"a": {"behind": "a"}}, "hosts": {"b": {}}}|.nodes.a.behind: it is behind itself
{"nodes": {"a": {"nat": "aws"}}, "hosts": {"b": {}}}|.nodes.a.nat: there is no preset 'aws'; "natsim list" names them
BAD
  run -2 natsim up none.json
  assert_output "natsim up: cannot read 'none.json': No such file or directory"
  run -2 natsim up
  assert_output 'natsim up: wants the FILE that describes the world'
  assert [ ! -e natsim ]
}

@test "the examples are as the schema says, come up, and serve" {
  needs_tun
  for file in "$examples"/*.json; do
    valid topology "$file"
    natsim up "$file"
    host=$(ask '[.hosts[] | select(.behind != null)][0].name' | tr -d '"')
    echo "$file: $host"
    natsim exec "$host" -- timeout 60 natprobe --server stun --quick --json >report.json
    jq -e '.public[0]' report.json
    [ "$(ask '[.hosts[] | select(.server) | .link.down.packets] | add')" -gt 10 ]
    natsim down
  done
}

@test "exec: stdio, folder, environment, host name and exit status" {
  two_nats
  run natsim exec client -- bash -c 'cat; hostname; pwd; exit 7' <<<typed
  assert_failure 7
  assert_output "typed
client
$PWD"
  WORD=here run natsim exec client -- sh -c 'printenv WORD; echo aside >&2'
  assert_output 'here
aside'
  run -127 natsim exec client -- ./no-such-program
  assert_output --partial 'no-such-program'
  run -143 natsim exec client -- sh -c 'kill -TERM $$'
  run -2 natsim exec nobody -- true
  assert_output "natsim exec: there is no host 'nobody'; \"natsim status\" names them"
  run -2 natsim exec outer -- true
  assert_output "natsim exec: 'outer' is a NAT or a router, not a host"
  run -2 natsim exec client true
  assert_output --partial 'write -- between HOST and COMMAND'
}

@test "exec passes signals on" {
  two_nats
  natsim exec client -- sh -c 'trap "exit 9" TERM; echo ready >ready; while :; do sleep 0.02; done' 3>&- &
  local pid=$! status=0
  lab_wait test -e ready
  kill -TERM $pid
  wait $pid || status=$?
  assert_equal $status 9
}

@test "exec has a terminal where there is one" {
  two_nats
  run script -qec 'natsim exec client -- sh -c "test -t 0 && test -t 1 && stty size && echo a terminal"' /dev/null
  assert_output --partial 'a terminal'
}

@test "nested NATs: each remembers, says so, and forgets when it reboots" {
  two_nats
  assert_equal "$(mappings)" '[0,0]'
  speak
  assert_equal "$(mappings)" '[1,1]'
  assert_equal "$(ask '[.nodes[] | .name, .nat, .behind]')" \
    '["outer","ei-ei-random",null,"inner","linux","outer"]'
  ask '.nodes[0].mappings[0]' | tee outer >&2
  jq -e '.protocol == "udp" and .state == "first" and .left_s > 200 and .left_s <= 500 and
    (.external | startswith("198.51.100.77:"))' outer
  assert_equal "$(ask '.nodes[0].mappings[0].inside == .nodes[1].mappings[0].external')" true
  assert_equal "$(ask '.nodes[1].mappings[0].remote')" '"192.0.2.1:9"'
  natsim set outer reboot
  assert_equal "$(mappings)" '[0,1]'
  speak
  assert_equal "$(mappings)" '[1,2]'
  natsim set inner reboot
  assert_equal "$(mappings)" '[1,0]'
}

@test "set changes links, and counts go on" {
  two_nats
  natsim exec client -- ping -qn -c 2 -i 0.01 -W 20 server
  natsim set inner delay=30ms up.loss=0
  run natsim exec client -- ping -qn -c 2 -i 0.01 -W 20 server
  assert_success
  [ "$(sed -n 's/^rtt[^=]*= \([0-9]*\).*/\1/p' <<<"$output")" -ge 60 ]
  assert_equal "$(ask '[.nodes[1].link | .up.delay_ms, .down.delay_ms, .up.packets] == [30, 30, 4]')" true
  natsim set client up.loss=100%
  run natsim exec client -- ping -qn -c 2 -i 0.01 -W 0.2 server
  assert_output --partial '100% packet loss'
  assert_equal "$(ask '[.hosts[0].link | .up.loss, .up.lost, .down.loss] == [1, 2, 0]')" true
  natsim set client loss=0 'bursts=20% 50ms' 'reorder=1% 5ms' mtu=1400
  assert_equal "$(ask '.hosts[0].link.down |
    [.burst_loss, .burst_ms, .reorder, .reorder_ms, .mtu] == [0.2, 50, 0.01, 5, 1400]')" true
}

@test "set changes NATs and addresses" {
  two_nats
  natsim set outer nat=mikrotik timer-first=77s address=198.51.100.78
  speak
  ask '.nodes[0].mappings[0]' | tee outer >&2
  jq -e '.left_s > 20 and .left_s <= 77 and (.external | startswith("198.51.100.78:"))' outer
  assert_equal "$(ask '.nodes[0].nat')" '"mikrotik"'
  natsim set client address=100.65.0.99
  run natsim exec client -- ip -4 -br address show dev tun0
  assert_output --partial 100.65.0.99/32
  natsim exec client -- ping -qn -c 1 -W 20 server
  run natsim exec server -- getent ahostsv4 client
  assert_line --partial 100.65.0.99
  run natsim exec client -- getent ahostsv4 outer.natsim
  assert_line --partial 198.51.100.78
}

@test "who is not root knows the names too, whatever the umask" {
  lab_other_users || skip 'needs root to become nobody'
  umask 077
  two_nats
  natsim exec client -- setpriv --reuid 65534 --regid 65534 --clear-groups \
    cat /etc/hosts /etc/resolv.conf >said
  grep 'outer\.natsim' said
  grep '^nameserver' said
}

@test "set does all or nothing" {
  two_nats
  while IFS='|' read -r words says; do
    # shellcheck disable=SC2086
    run -2 natsim set $words
    assert_output "natsim set: $says"
  done <<'BAD'
nobody loss=1%|there is no host or node 'nobody'
outer loss=7% delay=x|delay: cannot use 'x'; give a time up to 60s, such as 20ms
outer loss=7% nat=none|nat: there is no preset 'none'; "natsim list" names them
outer loss=7% mapping=no|mapping: cannot use 'no'; give ei, ad or apd
outer loss=7% address=192.0.2.1|server: 192.0.2.1 is there twice
outer nat=nat64|nat: a NAT64 has IPv6 behind it, other NATs IPv4: what is behind it has its addresses already
outer nat64=yes|nat64: a NAT64 has IPv6 behind it, other NATs IPv4: what is behind it has its addresses already
outer mapping|cannot use 'mapping'; give KEY=VALUE or reboot
outer address=224.0.0.1|outer: no host or NAT has an address such as 224.0.0.1
client address=127.0.0.1|client: no host or NAT has an address such as 127.0.0.1
client loss=7% reboot|reboot: a host has a link and an address to set
client loss=7% up.los=1%|up.los: a host has a link and an address to set
BAD
  run -2 natsim set outer
  assert_equal "$(ask '[.hosts[], .nodes[] | .link.up.loss] | add == 0')" true
}

@test "all that is sent can be written to a file" {
  two_nats
  natsim down
  natsim up --pcap out.pcapng world.json
  natsim exec client -- ping -qn -c 1 -W 20 server
  natsim down
  run strings -n 3 out.pcapng
  for place in client 'inner inside' 'inner outside' 'outer inside' 'outer outside' server; do
    assert_line "$place"
  done
  run -2 natsim up --pcap none/out.pcapng world.json
  assert_output "natsim up: cannot write 'none/out.pcapng': No such file or directory"
  assert_equal "$(ls natsim)" ''
}

@test "a world has one name, and several can be up" {
  two_nats
  run -2 natsim up world.json
  assert_output 'natsim up: default is up already; "natsim down" ends it, or give this one another --name'
  natsim up --name second world.json
  run natsim exec -n second client -- hostname
  assert_output client
  natsim down
  run -3 natsim status
  assert_output 'natsim status: default is not up; "natsim up" makes it so'
  natsim status --name second
  natsim down --name second
  run -3 natsim down
  assert_output 'natsim down: default is not up'
  run -2 natsim up --name 'a/b' world.json
  assert_equal "$(ls natsim)" ''
}

@test "in the foreground it ends with a signal, and takes its hosts along" {
  two_nats
  natsim down
  natsim up --foreground world.json 3>&- &
  local pid=$! status=0
  lab_wait natsim exec client -- true 2>/dev/null
  natsim exec client -- sleep 987654323 3>&- &
  lab_wait pgrep -f '^sleep 987654323'
  kill -TERM $pid
  wait $pid || status=$?
  assert_equal $status 0
  lab_wait none_left '^sleep 987654323'
  assert_equal "$(ls natsim)" ''
}

none_left() {
  ! pgrep -f "$1"
}

hosts_left() {
  [ "$(pgrep -cx natsim-host)" -eq "$1" ]
}

# Until the kernel has ended it too.
crash() {
  kill -KILL "$(cat natsim/default.lock)"
  lab_wait flock -n natsim/default.lock true
}

@test "what a crash leaves is only files, and down --all removes them" {
  two_nats
  natsim up --name second world.json
  natsim exec client -- sleep 987654324 3>&- &
  lab_wait pgrep -f '^sleep 987654324'
  crash
  lab_wait none_left '^sleep 987654324'
  lab_wait hosts_left 2 # the second world's
  run -3 natsim exec client -- true
  run natsim down --all
  assert_success
  assert_output 'natsim down: default had crashed; its files are removed'
  assert_equal "$(ls natsim)" ''
  lab_wait hosts_left 0
}

@test "nonsense on its socket gets a refusal, and nothing else happens" {
  two_nats
  files=/proc/$(cat natsim/default.lock)/fd
  before=$(find "$files" -type l | wc -l)
  /usr/bin/python3 - >answers <<'PYTHON'
import socket
for message in (b"\0", b"{", b"[]", b"{}", b'{"do": 1}', b'{"do": "sing"}', b'{"do": "exec"}',
                b'{"do": "set", "name": "outer"}', b'{"do": "set", "name": "outer", "settings": [1]}',
                b'{"do": "set", "name": "outer", "settings": [%s"a"]}' % (b'"a",' * 70), b" " * 20000):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
        s.connect("natsim/default.sock")
        socket.send_fds(s, [message], [0, 0])
        print(s.recv(1000).decode(), end="")
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
    s.connect("natsim/default.sock")
PYTHON
  cat answers
  assert_equal "$(jq -s 'length == 11 and all(.exit == 2 and (.why | length > 5))' answers)" true
  assert_equal "$(mappings)" '[0,0]'
  as_before() { [ "$(find "$files" -type l | wc -l)" -eq "$before" ]; }
  lab_wait as_before
}

@test "a name is free again after a crash" {
  two_nats
  crash
  lab_wait hosts_left 0
  natsim up world.json
  natsim exec client -- true
}

@test "its folder and socket are for its user alone" {
  two_nats
  assert_equal "$(stat -c %a natsim natsim/default.sock natsim/default.lock)" '700
600
600'
  natsim down
  chmod 755 natsim
  run -4 natsim up world.json
  assert_output --partial 'is not a folder of ours alone'
}

@test "without privileges, where TUN is for everybody" {
  two_nats
  natsim down
  mknod -m 666 tun c 10 200 2>/dev/null || skip 'no device can be made here'
  mount --bind tun /dev/net/tun
  # The build may be where nobody may look.
  mkdir bin share run
  cp "$NATKIT_BUILD"/bin/nat{sim,broker} bin
  cp "$lab_top/share/zoo.conf" share
  chmod -R a+rX "$BATS_TEST_TMPDIR" "$BATS_RUN_TMPDIR"
  chown 65534:65534 run
  chmod 700 run
  local as=(setpriv --reuid 65534 --regid 65534 --clear-groups env "XDG_RUNTIME_DIR=$PWD/run")
  "${as[@]}" unshare -Ur true || skip 'no unprivileged user namespaces here'
  PATH=$PWD/bin:$PATH
  "${as[@]}" natsim up world.json
  run "${as[@]}" natsim exec client -- sh -c 'hostname; ping -qn -c 1 -W 20 server'
  assert_success
  assert_line client
  "${as[@]}" natsim set outer reboot
  "${as[@]}" natsim status --json >status.json
  valid status status.json
  "${as[@]}" natsim down
  assert_equal "$(ls run/natsim)" ''
  # The same without a folder for running things: the one in /tmp has the user's number.
  as+=(env -u XDG_RUNTIME_DIR)
  "${as[@]}" natsim up --name "bats-$$" world.json
  "${as[@]}" natsim exec --name "bats-$$" client -- true
  "${as[@]}" natsim down --name "bats-$$"
  rmdir /tmp/natsim-65534 || true # another world may be there
}
