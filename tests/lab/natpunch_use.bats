#!/usr/bin/env bats
# What scripts do with natpunch: programs, ports, exit statuses, reports.

# shellcheck source=tests/lab/natpunch.bash
. "$BATS_TEST_DIRNAME/natpunch.bash"

schema=$lab_top/share/natpunch-1.schema.json

# ends STATUS HOST ARGUMENT...: how natpunch ends there; what it prints is in $output, its words in $stderr
ends() {
  local status_wanted=$1 host=$2
  shift 2
  run "-$status_wanted" --separate-stderr as "$host" 150 "$@"
}

# as_if_interrupted ARGUMENT...: alice's natpunch, and ^C when bob has her call
as_if_interrupted() {
  { lab_wait happened connected bob && ip netns pids alice | xargs kill -INT; } >/dev/null 2>&1 3>&- &
  as alice 120 "$@" < <(sleep 120 3>&-)
}

@test "a card is one line, and the key is for its owner's eyes" {
  across pair_up masq masq
  ends 0 alice id
  assert_equal "${#lines[@]}" 1
  assert_regex "$output" '^natkit:[A-Za-z0-9_-]{43}@192\.0\.2\.1:3478$'
  run find "$room"/alice -name identity -perm 600
  assert_output "$room/alice/config/natkit/identity"
}

@test "the broker of a card is remembered, until another is named" {
  across pair_up masq masq
  broker='' # in the environment
  ends 2 bob id
  assert_regex "$stderr" 'natpunch id --broker'
  ends 0 bob id --broker 192.0.2.9
  ends 0 bob id
  assert_output --partial @192.0.2.9:3478
  ends 0 bob id --broker 192.0.2.1
  bob_listens
  alice_sends hi
}

@test "contacts are added, listed and removed" {
  across pair_up masq masq
  ends 0 alice contact list
  assert_regex "$output" '^bob[[:space:]]+natkit:'
  ends 0 alice contact remove bob
  ends 0 alice contact list
  assert_output ''
  ends 2 alice send bob
  assert_regex "$stderr" 'bob'
}

@test "who wants no keepalives from a peer that does not agree is told" {
  across pair_up masq masq
  bob_listens --allow alice --exec cat
  run --separate-stderr as alice 120 call --keepalive none bob < <(echo hello)
  assert_equal "$status" 0
  assert_regex "$stderr" 'nothing of --keepalive suits bob too: kept by fixed'
  run --separate-stderr as alice 120 call bob < <(echo hello)
  assert_equal "$status" 0
  refute_regex "$stderr" 'keepalive'
}

@test "bob answers with a program" {
  across pair_up masq masq
  bob_listens --allow alice --exec 'tr a-z A-Z'
  run --separate-stderr as alice 120 call bob < <(echo hello)
  assert_output HELLO
  assert_equal "$status" 0
}

@test "alice calls with a program, and it knows whom" {
  across pair_up masq masq
  bob_listens
  ends 0 alice call bob --exec 'env | grep ^NATPUNCH_ | sort'
  lab_wait grep -q '^NATPUNCH_NAME=bob$' "$room"/bob.heard
}

@test "a port of bob's machine is at hand on alice's" {
  across pair_up masq masq
  ip netns exec bob "$NATKIT_BUILD/tests/tools/load" serve 7777 3>&- &
  served=$!
  bob_listens --allow alice --serve 7777
  alice_calls bob --udp-forward 5555:7777
  lab_wait pair_in alice 5 "$NATKIT_BUILD/tests/tools/load" ping 127.0.0.1 5555 1
  run pair_in alice 60 "$NATKIT_BUILD/tests/tools/load" ping 127.0.0.1 5555 50
  assert_success
  lab_stop $served
}

@test "a port of alice's machine that another program has" {
  across pair_up masq masq
  ip netns exec alice "$NATKIT_BUILD/tests/tools/load" serve 5555 3>&- &
  served=$!
  lab_wait ip netns exec alice "$NATKIT_BUILD/tests/tools/load" ping 127.0.0.1 5555 1
  ends 2 alice call bob --timeout 3s --udp-forward 5556:7777 --udp-forward 5555:7777
  assert_regex "$stderr" '127\.0\.0\.1:5555: Address already in use'
  lab_stop $served
}

# is_told WORDS: alice is, when she sends something to port 5555
is_told() {
  pair_in alice 2 "$NATKIT_BUILD/tests/tools/load" ping 127.0.0.1 5555 1 || true
  grep -q "$1" "$room"/alice.said
}

@test "who forwards to a port that is not served is told" {
  across pair_up masq masq
  bob_listens --allow alice --serve 7777
  alice_calls bob --udp-forward 5555:7778 --quiet
  lab_wait happened connected alice
  lab_wait is_told 'bob does not serve port 7778'
}

# What is sent before the other side is ready may be lost.
both_are_connected() {
  lab_wait happened connected alice
  lab_wait happened connected bob
}

@test "datagrams" {
  across pair_up masq masq
  bob_listens --allow alice --datagram
  alice_calls bob --datagram
  both_are_connected
  alice_says one
}

@test "the bare path, for those with security of their own" {
  across pair_up masq masq
  bob_listens --allow alice --datagram --no-encrypt
  alice_calls bob --datagram --no-encrypt
  both_are_connected
  alice_says one
}

@test "the bare path is not had by one side alone, and that one is warned" {
  across pair_up masq masq
  bob_listens --allow alice --datagram
  alice_calls bob --datagram --no-encrypt --quiet
  both_are_connected
  alice_says one
  assert_regex "$(cat "$room"/alice.said)" 'encrypted.*--no-encrypt'
  assert_equal "$(wc -l <"$room"/alice.said)" 1
}

@test "who calls is told how it goes, though nobody looks" {
  across pair_up masq masq
  bob_listens
  alice_calls bob
  lab_wait grep -q 'connected with bob at ' "$room"/alice.said
}

@test "of calls that were not connected a listener says nothing" {
  across pair_up masq masq
  bob_listens
  ends 0 alice test bob --timeout 3s
  lab_wait grep -q 'has ended' "$room"/bob.said
  assert [ "$(times closed bob)" -gt 1 ]
  assert_equal "$(grep -c 'the call with' "$room"/bob.said)" 1
}

@test "that there is no direct path is not said of one that is found at once" {
  may_try_again # as after a second it is said
  across pair_up random eif
  bob_listens
  alice_calls bob
  alice_says one
  happened relay_likely bob
  run ! grep -q 'no direct path' "$room"/bob.said
}

@test "that there is no direct path is said when it was looked for" {
  across pair_up random random
  bob_listens
  alice_calls bob
  lab_wait grep -q 'no direct path to alice' "$room"/bob.said
}

@test "a message that is too long is refused, and nothing of it is sent" {
  across pair_up masq masq
  bob_listens
  head -c 1201 /dev/zero | tr '\0' x >"$room"/long
  run -1 --separate-stderr as alice 120 send bob <"$room"/long
  assert_regex "$stderr" '1200'
  assert_equal "$(cat "$room"/bob.heard)" ''
}

@test "no answer, from one who is not there" {
  across pair_up masq masq
  ends 1 alice send bob --timeout 8s </dev/null
  assert_regex "$stderr" 'no answer'
}

@test "no answer, to one who is not allowed" {
  across pair_up masq masq
  bob_listens --allow "$(as bob 30 id)"
  ends 1 alice send bob --timeout 8s </dev/null
  assert_regex "$stderr" 'no answer'
}

@test "no broker" {
  across pair_up masq masq
  lab_server_stop
  ends 3 alice send bob --timeout 8s </dev/null
  assert_regex "$stderr" 'no answer from broker 192\.0\.2\.1:3478'
}

@test "no way through: the relay is off, and both NATs are random" {
  across pair_up random random
  bob_listens
  ends 1 alice send bob --timeout 8s </dev/null
}

@test "a report of each call" {
  across pair_up masq masq
  bob_listens
  as alice 120 send bob --report "$room"/report.json <<<hi
  /usr/bin/python3 "$lab_top/tests/tools/valid.py" "$schema" "$room"/report.json
}

@test "both say how the path may be kept" {
  across pair_up masq masq
  ends 2 alice call bob --keepalive turns,never
  assert_regex "$stderr" 'none, fixed, turns, learned, opener'
  bob_listens
  as alice 120 send bob --keepalive turns,fixed --report "$room"/report.json <<<hi
  assert_equal "$(jq -c '.calls[0].keepalive | [.algorithm, .interval_s]' "$room"/report.json)" '["turns",15]'
}

@test "a report of earlier is there until there is a new one" {
  across pair_up masq masq
  echo old >"$room"/report.json
  card=$(as bob 30 id --broker nowhere.invalid)
  ends 3 alice call "$card" --report "$room"/report.json </dev/null
  assert_equal "$(cat "$room"/report.json)" old
  ends 3 alice call "$card" --report "$room"/new.json </dev/null
  assert [ ! -e "$room"/new.json ]
  ends 2 alice call bob --report "$room"/nowhere/report.json </dev/null
  assert_regex "$stderr" 'No such file'
}

@test "every tactic in turn" {
  across pair_up eif:120 masq
  bob_listens
  ends 0 alice test bob --timeout 3s
  echo "$output" >"$room"/report.json
  /usr/bin/python3 "$lab_top/tests/tools/valid.py" "$schema" "$room"/report.json
  assert_equal "$(jq '[.calls[].tested] | unique | length' "$room"/report.json)" 9
  assert_equal "$(jq -c '[.calls[] | select(.connected) | .tested]' "$room"/report.json)" '["plain"]'
}

@test "ports in a row are foretold" {
  across pair_up seq masq
  bob_listens --allow alice --hard
  alice_sends hi --hard
  assert_equal "$(jq -r 'select(.event == "connected") | .tactic' "$room"/bob.events)" predict
}

@test "where nothing else goes, a short message goes by the broker, if all allow it" {
  pair_up random random
  lab_broker --listen 192.0.2.1 --listen 192.0.2.2 --relay 10
  acquaint
  bob_listens --allow alice --relay
  alice_sends hi --relay
  happened relayed alice
}

@test "what was learned is kept, shown and forgotten" {
  across pair_up masq masq
  bob_listens
  alice_sends hi
  ends 0 alice beliefs
  assert_output --partial bob
  ends 0 alice beliefs reset
  ends 0 alice beliefs
  refute_output --partial bob
}

@test "a listener keeps in mind what it has taken" {
  local key

  across pair_up masq masq
  key=$(as alice 30 id)
  key=${key#natkit:}
  bob_listens
  alice_sends hi
  run find "$room"/bob/state/natkit/seen -type f -perm 600
  assert_equal "${#lines[@]}" 1
  run cat "$output"
  assert_regex "$output" "^${key%@*} [0-9]{16}$"
}

@test "SIGINT ends a call, and it says how far it came" {
  across pair_up masq masq
  bob_listens
  run -130 --separate-stderr as_if_interrupted call bob --report "$room"/report.json
  assert_equal "$(jq .complete "$room"/report.json)" false
}

@test "bad input is quoted and refused" {
  across pair_up masq masq
  ends 2 alice contact add carol natkit:short@192.0.2.1
  assert_regex "$stderr" 'natkit:short'
  ends 2 alice call carol
  assert_regex "$stderr" 'carol'
  ends 2 alice call bob --udp-forward 70000:1
  assert_regex "$stderr" '70000'
  ends 2 alice send "$(as alice 30 id)" </dev/null
  assert_regex "$stderr" 'our own card'
  ends 2 alice listen --allow nobody
  assert_regex "$stderr" 'nobody'
}

@test "SIGTERM ends a listener cleanly, and closes its call" {
  across pair_up masq masq
  bob_listens
  alice_calls bob
  alice_says one
  stop bob
  lab_wait happened closed alice
}
