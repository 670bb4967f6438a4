#!/usr/bin/env bats
# natbroker as its operator sees it: what outlives it, what it tells, and how it ends.

# shellcheck source=tests/lab/natpunch.bash
. "$BATS_TEST_DIRNAME/natpunch.bash"

natbroker=$NATKIT_BUILD/bin/natbroker

# serve [OPTION...]: a broker whose registrations are kept in $room/state
serve() {
  lab_broker --listen 192.0.2.1 --listen 192.0.2.2 --state "$room"/state "$@"
}

# asked FILE [OPTION...]: what --stats says; who is slow to ask is not waited for, and asks again
asked() {
  ip netns exec server "$natbroker" --stats "${@:2}" >"$1"
}

# number PATH: one of these, as jq prints it
number() {
  lab_wait asked "$room"/numbers
  jq -c ".numbers$1" "$room"/numbers
}

# reads PATH VALUE: whether it says that
reads() {
  [ "$(number "$1")" = "$2" ]
}

kill_broker() { # SIGNAL
  kill "-$1" "$lab_server"
  broker_ends
}

# broker_ends: until it is gone; its exit status is in $status
broker_ends() {
  status=0
  wait "$lab_server" || status=$?
  # shellcheck disable=SC2034  # for lab_down
  lab_server=''
}

# bob_sleeps, bob_wakes: nothing comes from him in between
bob_sleeps() {
  ip netns pids bob | xargs kill -STOP
}

bob_wakes() {
  ip netns pids bob | xargs kill -CONT
}

bob_is_registered() {
  across pair_up masq masq
  lab_server_stop
  serve "$@"
  bob_listens
}

metrics() {
  lab_wait fetched /metrics -o "$room"/metrics
  cat "$room"/metrics
}

# fetched PATH OPTION...: an answer to curl, whatever it is
fetched() {
  ip netns exec server curl -s "${@:2}" "http://127.0.0.1:9478$1"
}

# answers STATUS PATH [OPTION...]: in HTTP
answers() {
  [ "$(fetched "${@:2}" -o /dev/null -w '%{http_code}')" = "$1" ]
}

# written_since TIMES: the file has been, so often in all
written_since() {
  [ "$(number .ledger_written_total)" -ge "$1" ]
}

@test "kill -9: who was registered can be rung as soon as it is back" {
  bob_is_registered
  lab_wait written_since $(($(number .ledger_written_total) + 1))
  bob_sleeps
  kill_broker KILL
  serve
  reads .registrations 1
  reads .ledger_taken_total 1
  bob_wakes
  alice_sends hi
}

@test "what is kept is written at a clean end, for its owner alone" {
  bob_is_registered
  bob_sleeps
  kill_broker TERM
  [ "$status" -eq 0 ]
  [ "$(stat -c %a "$room"/state)" = 600 ]
  [ ! -e "$room"/state.new ]
  serve
  reads .registrations 1
  bob_wakes
  alice_sends hi
}

@test "systemd's folder for state is used" {
  lab_internet
  STATE_DIRECTORY=$room/a:$room/b
  mkdir "$room"/a
  export STATE_DIRECTORY
  lab_broker
  kill_broker TERM
  [ -s "$room"/a/registrations ]
}

@test "a damaged file is said to be, and written anew" {
  lab_internet
  printf 'natkit ledger 1\nnonsense' >"$room"/state
  serve
  grep -q "begins without registrations: '$room/state' is damaged" /run/lab/natbroker.log
  kill_broker TERM
  serve
  grep -q "0 registrations from '$room/state'" /run/lab/natbroker.log
}

# refuses FILE WHY [OPTION...]: what natbroker says of that file, with exit status 2
refuses() {
  local file=$1 why=$2
  shift 2
  run -2 --separate-stderr timeout 30 ip netns exec server "$natbroker" --listen 192.0.2.1 --state "$file" "$@"
  assert_regex "$stderr" "cannot use '$file': $why"
}

@test "what is no file of registrations is refused, and stays as it was" {
  lab_internet
  echo 'relay = 5' >"$room"/conf
  ln -s conf "$room"/link
  mkfifo "$room"/fifo
  mkdir "$room"/folder
  for file in conf link fifo folder; do
    refuses "$room/$file" 'it is something else'
  done
  refuses /dev/null 'it is something else'
  refuses "$room"/nowhere/state 'No such file'
  [ "$(cat "$room"/link)" = 'relay = 5' ]
  [ -L "$room"/link ] && [ -p "$room"/fifo ] && [ -c /dev/null ] && [ ! -e /dev/null.lock ]
}

@test "a file is one broker's" {
  lab_internet
  serve
  refuses "$room"/state 'another broker keeps its registrations there' --port 5000 --alt-port 5001 --metrics none
  kill_broker KILL
  serve
}

@test "a token is good although the broker was killed before the first ten seconds" {
  across pair_up masq masq
  lab_server_stop
  serve
  lab_wait written_since 1
  cp -p "$room"/state "$room"/first
  bob_listens
  bob_sleeps
  kill_broker KILL
  mv "$room"/first "$room"/state # what ten seconds have not changed yet, however long this took
  serve
  reads .ledger_taken_total 0
  bob_wakes
  lab_patience=60 lab_wait reads .tickets_total.taken 1
}

@test "registrations that cannot be taken are counted aloud" {
  bob_is_registered
  bob_sleeps
  kill_broker TERM
  chmod 644 "$room"/state
  lab_broker_ready=192.0.2.2:5001 serve --port 5000 --alt-port 5001
  grep -q "0 of 1 registrations from '$room/state'" /run/lab/natbroker.log
  grep -q "'$room/state' could be read by others" /run/lab/natbroker.log
  bob_wakes
  reads .ledger_left_total 1
}

@test "a file that is there has its length and time from the start" {
  lab_internet
  serve
  kill_broker TERM
  touch -d @1700000000 "$room"/state
  mkdir "$room"/state.new
  run -5 --separate-stderr timeout 30 ip netns exec server "$natbroker" --state "$room"/state
  assert_regex "$stderr" "cannot write '$room/state': File exists"
  rmdir "$room"/state.new
  mkfifo "$room"/state.new
  serve
  [ "$(number .ledger_bytes)" = "$(stat -c %s "$room"/state)" ]
}

@test "who cannot write the file as the user that is to be says so at the start" {
  lab_other_users || skip 'needs root to become nobody'
  lab_internet
  mkdir "$room"/own
  chmod 700 "$room"/own
  run -4 --separate-stderr timeout 30 ip netns exec server "$natbroker" --user nobody --state "$room"/own/state
  assert_regex "$stderr" "cannot write '$room/own/state': Permission denied"
}

@test "a disk that is full: all is served, it is told of, and is a failure at the end" {
  lab_internet
  mkdir "$room"/disk
  mount -t tmpfs -o size=4k,mode=700 none "$room"/disk
  lab_broker --listen 192.0.2.1 --listen 192.0.2.2 --state "$room"/disk/state
  lab_wait grep -q "cannot write '$room/disk/state': No space left" /run/lab/natbroker.log
  [ "$(number .ledger_failed_total)" -ge 1 ]
  [ ! -e "$room"/disk/state.new ]
  kill_broker TERM
  [ "$status" -eq 5 ]
  grep -q "registrations are lost: cannot write '$room/disk/state': No space left" /run/lab/natbroker.log
  umount "$room"/disk
}

@test "each number is in the manual, and each in the manual is a number" {
  lab_internet
  serve
  metrics | sed -n 's/^natbroker_\([a-z_]*\).*/\1/p' | sort -u >"$room"/served
  sed -n '/^.Sh METRICS/,/^.Sh/s/^\.It Cm //p' "$lab_top"/man/natbroker.8 | tr -d ' ' | tr , '\n' | sort >"$room"/told
  [ -s "$room"/told ]
  diff "$room"/served "$room"/told
}

@test "the numbers count" {
  pair_up masq masq
  serve
  lab_wait reads .registrations 0
  says 'UDP reflexive addr' pair_in alice 60 turnutils_stunclient 192.0.2.1 >/dev/null
  reads .bindings_total 2 || reads .bindings_total 1
  metrics | grep -qx 'natbroker_info{version="[0-9.]*"} 1'
  [ "$(number .received_bytes_total)" -gt 40 ]
  [ "$(number .resident_bytes)" -gt 100000 ]
  reads .dropped_total 0
}

@test "only what is asked for rightly is told, and a silent asker holds up nobody" {
  lab_internet
  serve
  lab_wait answers 404 /
  lab_wait answers 405 /metrics -d x
  ip netns exec server bash -c 'exec 5<>/dev/tcp/127.0.0.1/9478; sleep 30' 3>&- &
  reads .registrations 0
}

# long_askers COUNT: as many connections, each with a line that is longer than any can be
long_askers() {
  /usr/bin/python3 - "$1" <<'PYTHON'
import socket, sys
line = b"GET /" + b"a" * 20000
askers = [socket.create_connection(("127.0.0.1", 9478)) for _ in range(int(sys.argv[1]))]
for asker in askers:
    asker.sendall(line)
    asker.settimeout(30)
for asker in askers:
    try:
        while asker.recv(4096):
            pass
    except ConnectionResetError:
        pass
PYTHON
}

@test "a longer line than any can be ends its connection at once" {
  lab_internet
  serve
  export -f long_askers
  ip netns exec server bash -c 'long_askers 8'
  reads .registrations 0
}

@test "another exporter is no natbroker" {
  lab_internet
  mkdir "$room"/other
  echo 'up 1' >"$room"/other/metrics
  ip netns exec server /usr/bin/python3 -m http.server -b 127.0.0.1 -d "$room"/other 9478 >/dev/null 2>&1 3>&- &
  lab_wait ip netns exec server curl -sf http://127.0.0.1:9478/metrics
  run -3 --separate-stderr ip netns exec server "$natbroker" --stats
  assert_regex "$stderr" 'what answers at 127\.0\.0\.1:9478 is no natbroker'
}

@test "--stats: for programs by the schema, for people a line each, and nobody is there" {
  lab_internet
  serve
  lab_wait asked "$room"/stats
  /usr/bin/python3 "$lab_top"/tests/tools/valid.py "$lab_top"/share/natbroker-stats-1.schema.json "$room"/stats
  lab_wait asked "$room"/text --text
  run cat "$room"/text
  assert_line --regexp '^ +0  Keys that can be rung now\.$'
  kill_broker TERM
  run -3 --separate-stderr ip netns exec server "$natbroker" --stats
  assert_regex "$stderr" 'no broker serves its numbers at 127\.0\.0\.1:9478: Connection refused'
  run -2 --separate-stderr "$natbroker" --json
  assert_regex "$stderr" '--json and --text go with --stats'
}

@test "the numbers are served elsewhere, or nowhere, and a place that is taken is told of" {
  lab_internet
  serve --metrics '[::1]:9000'
  lab_wait asked "$room"/stats --metrics '[::1]:9000'
  grep -qF '"server":"[::1]:9000"' "$room"/stats
  run -5 --separate-stderr timeout 30 ip netns exec server "$natbroker" --port 5000 --alt-port 5001 --metrics '[::1]:9000'
  assert_regex "$stderr" 'no metrics at \[::1\]:9000: Address already in use'
  lab_server_stop
  serve --metrics none
  run -3 ip netns exec server "$natbroker" --stats
  run -2 --separate-stderr "$natbroker" --stats --metrics none
  assert_regex "$stderr" '--stats: with --metrics none there is nobody to ask'
}

@test "draining: who is there stays, nobody comes, and then it ends" {
  bob_is_registered --drain 20
  kill -TERM "$lab_server"
  lab_wait reads .draining 1
  as alice 2 listen --allow bob --events "$room"/alice.events </dev/null >/dev/null 2>&1 || true
  [ "$(times registered alice)" = 0 ]
  reads .registrations 1
  kill -0 "$lab_server"
  broker_ends
  [ "$status" -eq 0 ]
}

# told_again: until it is gone; a signal that comes with the first is none of its own
told_again() {
  ! kill -TERM "$lab_server" 2>/dev/null
}

@test "a second signal ends it at once" {
  lab_internet
  serve --drain 600
  kill -TERM "$lab_server"
  lab_wait reads .draining 1
  lab_wait told_again
  broker_ends
  [ "$status" -eq 0 ] || [ "$status" -eq 143 ] # where one more came when it had stopped listening
}
