#!/usr/bin/env bats
# natkeepalive's command line, its report, and what ends it.

# shellcheck source=tests/lab/natkeepalive.bash
. "$BATS_TEST_DIRNAME/natkeepalive.bash"

@test "once: the public address" {
  lab_broker
  keeps 60 --server broker.example --once
  assert_equal "$status" 0
  is .complete true
  is '.targets[0].state' '"up"'
  [[ $(jq -r '.targets[0].public' "$report") = 198.51.100.10:* ]]
}

@test "once: who does not answer is named, exit 3" {
  lab_broker
  keeps 60 --server 192.0.2.1 --server 192.0.2.99 --once
  assert_equal "$status" 3
  [[ $said = *"no answer from 192.0.2.99"* ]]
  is '[.targets[].state]' '["up","lost"]'
}

# at_once OPTION...: natkeepalive ends within a second, at least when the machine does not stall; who does not answer would
# be waited for longer
at_once() {
  lab_wait soon --server 192.0.2.1 "$@" --once
}

soon() {
  keeps 60 "$@"
  jq -e '.elapsed_s < 1' "$report"
}

@test "once: what cannot leave is told at once" {
  lab_broker
  ip netns exec client "$NATKIT_BUILD/tests/tools/load" serve 5000 >"$room/served" 2>&1 3>&- &
  lab_wait holds_5000
  at_once --local-port 5000
  assert_equal "$status" 3
  [[ $said = *'port 5000: Address already in use'* ]]
  [[ $said != *'no answer'* ]]
  ip -n client route del default
  at_once
  assert_equal "$status" 3
  [[ $said = *'cannot send: Network is unreachable'* ]]
  [[ $said != *'no answer'* ]]
}

@test "two names of one address, from one port, are one target" {
  lab_broker
  keeps 60 --server broker.example --server 192.0.2.1 --local-port 40000 --once
  assert_equal "$status" 0
  [[ $said = *"'192.0.2.1' is left out: it has the address of 'broker.example'"* ]]
  is '[.targets[].name]' '["broker.example"]'
}

@test "an event that cannot be written ends it" {
  lab_broker
  run at 60 sh -c "exec $natkeepalive --events --server 192.0.2.1 >/dev/full"
  assert_failure 5
  assert_output --partial 'cannot write the report: No space left on device'
  run at 60 sh -c "exec $natkeepalive --events --server 192.0.2.1 >&-"
  assert_failure 5
  assert_output --partial 'cannot write the report: Bad file descriptor'
}

@test "where nothing can be kept, that is said once" {
  lab_broker
  touch "$room/state"
  keeps 60 --server 192.0.2.1 --once
  assert_equal "$status" 0
  assert_equal "$(grep -c 'cannot keep what is learned' "$room/said")" 1
}

@test "a greatest interval takes the least with it" {
  lab_broker
  keeps 60 --server 192.0.2.1 --max 14s --once
  assert_equal "$status" 0
  is '.options | [.floor_s, .max_s]' '[14,14]'
}

@test "both families of one name" {
  printf '2001:db8:2::1 broker.example\n' >>/run/lab/hosts
  lab_ipv6
  lab_broker
  keeps 60 --server broker.example -46 --once --local-port 40000
  is '[.targets[].local]' '["100.64.1.2:40000","[2001:db8:1::2]:40000"]'
}

@test "the first server of the environment, and of the configuration file" {
  lab_broker
  NATKIT_SERVER='192.0.2.2, 192.0.2.99' keeps 60 --once
  is '[.targets[].name]' '["192.0.2.2"]'
  mkdir -p "$room/config/natkit"
  echo 'server = broker.example' >"$room/config/natkit/config"
  keeps 60 --once
  is '[.targets[].name]' '["broker.example"]'
  printf 'server = 192.0.2.1 # mine\nalgorithm = fixed\ninterval = 20s\nonce = yes\n' >"$room/config/natkit/natkeepalive.conf"
  keeps 60
  is '[.targets[].name]' '["192.0.2.1"]'
  is '.options | [.algorithm, .interval_s]' '["fixed",20]'
  echo 'server = 192.0.2.2' >"$room/other"
  keeps 60 --config other --once
  is '[.targets[].name]' '["192.0.2.2"]'
}

@test "a signal ends it, with a report" {
  lab_broker
  # No wrapper: signals are for natkeepalive itself.
  for signal in INT:130 TERM:143; do
    : >"$room/events"
    ip netns exec client env --default-signal=INT "$natkeepalive" --events --server 192.0.2.1 \
      >"$room/events" 2>"$room/said" 3>&- &
    run=$!
    lab_wait grep -q '"up"' "$room/events"
    kill -"${signal%:*}" "$run"
    status=0
    wait "$run" || status=$?
    assert_equal "$status" "${signal#*:}"
    tail -n 1 "$room/events" | jq .report >"$report"
    valid
    is .complete false
  done
}

@test "each event is as the schema has it" {
  lab_broker
  at 60 "$natkeepalive" --events --server 192.0.2.1 --server 192.0.2.99 --duration 12 >"$room/events" 2>"$room/said" || true
  while read -r line; do
    echo "$line" >"$room/event"
    /usr/bin/python3 "$lab_top/tests/tools/valid.py" "$lab_top/share/natkeepalive-event-1.schema.json" "$room/event"
  done <"$room/events"
  assert_equal "$(jq -r .event "$room/events" | sort -u | tr '\n' ' ')" 'done lost start up '
}

@test "a report goes to a file, too, and says what it cost" {
  lab_broker
  keeps 60 --server 192.0.2.1 --algorithm fixed --interval 2s --duration 19 --report report.json
  cmp "$report" "$room/report.json"
  jq -e '.targets[0].cost | .packets_out >= 5 and .bytes_per_hour > .constant_bytes_per_hour' "$report"
}

@test "the command is run for each target, and its failure is told" {
  lab_broker
  # shellcheck disable=SC2016  # for the shell that runs it
  keeps 60 --server 192.0.2.1 --server 192.0.2.2 --once \
    --exec 'echo "$NATKIT_EVENT $NATKIT_SERVER $NATKIT_PUBLIC_ADDRESS" >>log; [ $NATKIT_SERVER = 192.0.2.1 ]'
  assert_equal "$status" 0
  assert_equal "$(sort "$room/log")" "$(printf 'up 192.0.2.1 198.51.100.10\nup 192.0.2.2 198.51.100.10')"
  [[ $said = *'--exec for 192.0.2.2: exit status 1'* ]]
}

@test "another program's socket: its port, and it gets all that it would have got" {
  lab_broker
  ip netns exec client "$NATKIT_BUILD/tests/tools/load" serve 5000 >"$room/served" 2>&1 3>&- &
  lab_wait holds_5000
  keeps 60 --server 192.0.2.1 --share 5000 --once
  assert_equal "$status" 0
  is '.targets[0].public' '"198.51.100.10:5000"'
  is .options.shared_port 5000
  [[ $said = *'also gets the answers'* ]]
  [[ $said != *'no program'* ]]
  lab_client 60 "$NATKIT_BUILD/tests/tools/load" ping 100.64.1.2 5000 20
  keeps 60 --server 192.0.2.1 --local-port 5000 --duration 4
  assert_equal "$status" 3
  [[ $said = *'port 5000: Address already in use'* ]]
  [[ $said != *'no answer'* ]]
  lab_ipv6
  keeps 60 --server '[2001:db8:2::1]:3478' --share 5000 --once
  is '.targets[0].public' '"[2001:db8:1::2]:5000"'
}

holds_5000() {
  ip netns exec client ss -Hlun 'sport = :5000' | grep -q .
}

@test "another program's socket takes a privilege, which is gone then" {
  lab_other_users || skip 'needs root to become nobody'
  lab_broker
  run at 60 setpriv --bounding-set=-net_raw --inh-caps=-net_raw "$natkeepalive" --server 192.0.2.1 --share 5000 --once
  assert_failure 4
  assert_output --partial CAP_NET_RAW
  keeps 60 --server 192.0.2.1 --share 5000 --once --user nobody --exec 'grep -E "^(Uid|CapPrm|NoNewPrivs)" /proc/self/status >&2'
  assert_equal "$status" 0
  [[ $said = *"Uid:"*"$(id -u nobody)"* ]]
  [[ $said = *'CapPrm:'*'0000000000000000'* ]]
  [[ $said = *'NoNewPrivs:'*'1'* ]]
}

@test "a server that has moved is found again by its name" {
  lab_broker
  at 120 "$natkeepalive" --events --server broker.example --algorithm fixed --interval 1s \
    >"$room/events" 2>"$room/said" 3>&- &
  lab_wait tells up 1
  echo '192.0.2.2 broker.example' >/run/lab/hosts
  ip -n inet route add blackhole 192.0.2.1
  lab_wait tells lost 1
  lab_wait tells up 2
}

times() {
  grep -c "\"event\":\"$1\"" "$room/events"
}

# tells EVENT TIMES: or more
tells() {
  [ "$(times "$1")" -ge "$2" ]
}

@test "what was learned is kept, and what natprobe found is where it begins" {
  may_try_again # as it measures time
  lab_timers 5 8
  lab_broker
  keeps 60 --server 192.0.2.1 --duration 12
  kept=$(echo "$room"/state/natkit/timeouts/*.json)
  jq -e '.network.public == "198.51.100.0" and .udp.lower_s >= 1 and .udp.lower_s < 8.1' "$kept"
  jq -e --slurpfile kept "$kept" '.timeout | (.ci95[0] // .at_least) == $kept[0].udp.lower_s' "$report"
  rm "$kept"
  at 60 "$NATKIT_BUILD/bin/natprobe" --server 192.0.2.1 --max 12 >/run/lab/probe.json
  jq -e --slurpfile probe /run/lab/probe.json '.udp.value_s == $probe[0].udp.timeouts.replied.value' "$kept"
  keeps 60 --server 192.0.2.1 --once
  jq -e '(.timeout | .ci95[0] // .at_least) as $lower | $lower > 4 and $lower < 5.1 and .targets[0].interval_s < $lower' "$report"

  # And where it begins anew when it comes to this network.
  at 120 "$natkeepalive" --events --server 192.0.2.1 >"$room/events" 2>"$room/said" 3>&- &
  lab_wait tells up 1
  ip -n client addr add 100.64.1.7/24 dev eth0
  ip -n client route change default via 100.64.1.1 src 100.64.1.7
  lab_wait tells changed 1
  ip netns pids client | xargs kill
  lab_wait tells 'done' 1
  assert_equal "$(times network)" 1
  jq -e 'select(.event == "done").report.targets[0] | .interval_s < 5.1 and .local != "100.64.1.2"' "$room/events"
}

@test "refusals" {
  refuses 2 'give HOST or HOST:PORT' --server ''
  refuses 2 'give HOST:PORT' --peer 192.0.2.1
  refuses 2 'give learned, fixed' --algorithm best
  refuses 2 '--share does not go with --local-port' --server 192.0.2.1 --share 5 --local-port 6
  refuses 2 '--user goes with --share' --server 192.0.2.1 --user nobody
  refuses 2 'give HOST:PORT' --peer 192.0.2.1:
  refuses 2 '--interval goes with' --server 192.0.2.1 --interval 20s
  refuses 2 '--interval goes with' --server 192.0.2.1 --algorithm none --interval 20s
  refuses 2 "'192.0.2.1' is given twice" --server 192.0.2.1 --server 192.0.2.1 --local-port 5000
  refuses 2 '--floor and --max go with' --server 192.0.2.1 --algorithm fixed --floor 20s
  refuses 2 '--floor: give no more than --max' --server 192.0.2.1 --floor 2m --max 1m
  refuses 2 'from 1s to 4h' --server 192.0.2.1 --max 5h
  refuses 2 '--opener-ttl goes with' --server 192.0.2.1 --opener-ttl 3
  refuses 2 'not the address of one host' --server 255.255.255.255
  refuses 2 "cannot read 'nowhere'" --config nowhere
  echo 'help = yes' >"$room/bad"
  refuses 2 "'help' is for the command line alone" --config bad
  refuses 2 'give a user who exists' --server 192.0.2.1 --share 5000 --user root
  refuses 3 "cannot look up 'nobody.example'" --server nobody.example --once
}
