#!/usr/bin/env bats
# What cannot be done is said in one line, with the exit status that belongs to it.

# shellcheck source=tests/lab/helper.bash
. "$BATS_TEST_DIRNAME/helper.bash"

natbroker=$NATKIT_BUILD/bin/natbroker
config=/run/lab/config/natkit
with_config=(env "XDG_CONFIG_HOME=${config%/natkit}")

# refused STATUS WORDS COMMAND...: nothing but one line with these words
refused() {
  local wanted=$1 words=$2
  shift 2
  run --separate-stderr lab_client 60 "$@"
  echo "${*:2}: exit status $status, said: $stderr"
  [ "$status" -eq "$wanted" ]
  [ -z "$output" ]
  [ "${#stderr_lines[@]}" -eq 1 ]
  [[ $stderr = *"$words"* ]]
}

@test "closed descriptors: natprobe says so, and ends with 5" {
  lab_broker
  local probe="$natprobe --quick --server 192.0.2.1"
  refused 5 'cannot write the report: Bad file descriptor' bash -c "$probe --json >&-"
  refused 5 'cannot write the report: Bad file descriptor' bash -c "$probe --text >&-"
  refused 5 'cannot write the report: Bad file descriptor' bash -c "$probe --events >&-"
  run lab_client 60 bash -c "$probe --json <&- 2>&-"
  [ "$status" -eq 0 ]
  jq -e .complete <<<"$output"
  run lab_client 60 bash -c "$probe --json <&- >&- 2>&-"
  [ "$status" -eq 5 ]
}

@test "closed descriptors: natbroker serves all the same" {
  lab_broker_ready=192.0.2.1:3479 lab_serve closed 192.0.2.1:3479 \
    bash -c "exec $natbroker --listen 192.0.2.1 <&- >&- 2>&-"
  probe 60 --quick
  is .nat true
  kill -TERM "$lab_server"
  wait "$lab_server"
}

@test "a full disk, and nobody to print for: exit 5" {
  lab_broker
  for format in json text events; do
    refused 5 'cannot write the report: No space left on device' \
      bash -c "$natprobe --quick --$format --server 192.0.2.1 >/dev/full"
  done
  for program in "$natprobe" "$natbroker"; do
    for option in help version help-options; do
      refused 5 'No space left on device' bash -c "$program --$option >/dev/full"
      refused 5 'Bad file descriptor' bash -c "$program --$option >&-"
    done
  done
}

@test "text that is no server: exit 2, whoever names it" {
  for text in 127.0.0.1:70000 127.0.0.1:0 127.0.0.1:abc 127.0.0.1: '[::1]:' localhost:0 stun:192.0.2.1; do
    refused 2 "--server: cannot use '$text'; give a port from 1 to 65535" \
      "$natprobe" --quick --server "$text"
  done
  for text in : :3478 '[::1' '[::1]x' 192.0.2 192.0.2.256 '[192.0.2.1' fe80::x; do
    refused 2 "--server: cannot use '$text'; " "$natprobe" --quick --server "$text"
  done
  refused 2 "\$NATKIT_SERVER: cannot use '192.0.2.1:0'" \
    env NATKIT_SERVER=192.0.2.1:0 "$natprobe" --quick
  mkdir -p "$config"
  echo 'server = 192.0.2.1:0' >"$config/config"
  refused 2 "config:1: server: cannot use '192.0.2.1:0'" "${with_config[@]}" "$natprobe" --quick
}

@test "a configuration file that cannot be used: its name, its line, exit 2" {
  mkdir -p "$config"
  for text in 'server 127.0.0.1' 'servers = 127.0.0.1' 'server = ' junk; do
    printf '# ours\n%s\n' "$text" >"$config/config"
    refused 2 "$config/config:2: " "${with_config[@]}" "$natprobe" --quick
  done
  printf 'server = 192.0.2.1\n\0\n' >"$config/config"
  refused 2 "cannot read '$config/config': " "${with_config[@]}" "$natprobe" --quick
  rm "$config/config"
  mkdir "$config/config"
  refused 2 "cannot read '$config/config': Is a directory" "${with_config[@]}" "$natprobe" --quick
  rmdir "$config/config"
  ln -s /dev/zero "$config/config"
  refused 2 "cannot read '$config/config': longer than" "${with_config[@]}" "$natprobe" --quick
}

@test "natbroker's configuration file: exit 2" {
  refused 2 "cannot read '/dev/full': longer than" "$natbroker" --config /dev/full
  refused 2 "cannot read '/run/lab': Is a directory" "$natbroker" --config /run/lab
  printf 'port = 4000\nconfig = /run/lab/more\n' >/run/lab/one
  refused 2 "/run/lab/one:2: 'config' is for the command line alone" \
    "$natbroker" --config /run/lab/one
  mkdir -p "$config"
  cp /run/lab/one "$config/natbroker.conf"
  refused 2 "natbroker.conf:2: 'config' is for the command line alone" "${with_config[@]}" "$natbroker"
}

@test "no way to a server, or no such server: which, and for which family" {
  ip -n client -6 route del default
  ip -n client -6 addr flush dev eth0 scope global
  refused 3 "no route to '2001:db8:2::1'" "$natprobe" --quick --server 2001:db8:2::1
  refused 3 "'192.0.2.1' has no IPv6 address" "$natprobe" --quick -6 --server 192.0.2.1
  refused 3 "'192.0.2.1' has no IPv6 address" "$natprobe" --quick -4 -6 --server 192.0.2.1
  refused 3 "no route to '2001:db8:2::1' by IPv6" \
    "$natprobe" --quick -4 -6 --server 192.0.2.1 --server 2001:db8:2::1
  refused 3 "cannot look up 'nosuch.invalid'" "$natprobe" --quick --server nosuch.invalid
}

@test "one family is silent: said, and nothing is made up for it" {
  lab_ipv6
  lab_broker_ready='[2001:db8:2::2]:3479' lab_broker --listen 2001:db8:2::1 --listen 2001:db8:2::2
  run --separate-stderr lab_client 60 "$natprobe" --text --quick \
    --server 192.0.2.77 --server 2001:db8:2::1
  echo "$output"
  echo "said: $stderr"
  [ "$status" -eq 1 ]
  [ "${#stderr_lines[@]}" -eq 1 ]
  [[ $stderr = *"no answer by IPv4 from server 192.0.2.77"* ]]
  [[ $output != *"silent UDP mapping"* ]]
  [[ $output != *"round trip 0 ms"* ]]
  [[ $output != *$'\n\n\n'* ]]
}

@test "a picture of nothing replaces no picture" {
  echo kept >/run/lab/keep.svg
  run --separate-stderr lab_client 60 "$natprobe" --quick --server 192.0.2.1 --svg /run/lab/keep.svg
  [ "$status" -eq 3 ]
  [ "$(cat /run/lab/keep.svg)" = kept ]
}

@test "too few descriptors: what failed, and why" {
  lab_broker
  for most in 4 8; do
    run --separate-stderr lab_client 60 \
      bash -c "ulimit -n $most; exec $natprobe --quick --server 192.0.2.1"
    [ "$status" -eq 5 ]
    [ "${#stderr_lines[@]}" -eq 1 ]
    [[ $stderr = *"Too many open files"* ]]
  done
  refused 5 'Too many open files' bash -c "ulimit -n 8; exec $natbroker --listen 127.0.0.1"
}
