# For natpunch*.bats: alice calls, and bob listens, each with a home folder of its own in $room. What they print is in
# alice.heard and bob.heard there, their other words in alice.said and bob.said, and what happens in .events.

# shellcheck source=tests/lab/helper.bash
. "$BATS_TEST_DIRNAME/helper.bash"
# shellcheck source=tests/lab/pair.bash
. "$BATS_TEST_DIRNAME/pair.bash"

natpunch=$NATKIT_BUILD/bin/natpunch
broker=192.0.2.1 # as their cards name it

setup() {
  room=$BATS_TEST_TMPDIR
}

teardown() {
  stop alice
  stop bob
  tail -n 20 "$room"/*.said 2>/dev/null || true # bats shows it if the test fails
  lab_down
}

# stop HOST: SIGTERM to all that runs there
stop() {
  ip netns pids "$1" | xargs -r kill
}

# at HOST SECONDS COMMAND...: there, with a home folder, for at most that long
at() {
  local host=$1 limit=$2
  shift 2
  pair_in "$host" "$limit" env HOME="$room/$host" XDG_CONFIG_HOME="$room/$host/config" \
    XDG_STATE_HOME="$room/$host/state" NATKIT_SERVER="$broker" "$@"
}

# as HOST SECONDS ARGUMENT...: natpunch there
as() {
  local host=$1 limit=$2
  shift 2
  at "$host" "$limit" "$natpunch" "$@"
}

# across PAIR_UP ARGUMENT...: a lab, a broker, and each other's card in their hands
across() {
  "$@"
  lab_broker
  acquaint
}

acquaint() {
  knows alice bob
  knows bob alice
}

knows() {
  mkdir -p "$room/$1" "$room/$2"
  as "$1" 30 contact add "$2" "$(as "$2" 30 id)"
}

# broker_has_name: that of both families
broker_has_name() {
  broker_by_name 192.0.2.1 2001:db8:2::1
  broker=broker.example
}

# bob_listens [OPTION...]: until he is registered; words to him are written to $bob
bob_listens() {
  [ $# -gt 0 ] || set -- --allow alice
  mkfifo "$room"/bob.in
  as bob 120 listen --events "$room"/bob.events "$@" <"$room"/bob.in >"$room"/bob.heard 2>"$room"/bob.said 3>&- &
  exec {bob}>"$room"/bob.in
  lab_wait happened registered bob
}

# alice_calls NAME [OPTION...]: and goes on in the background; words to her are written to $alice
alice_calls() {
  mkfifo "$room"/alice.in
  as alice 120 call "$@" --events "$room"/alice.events <"$room"/alice.in >"$room"/alice.heard 2>"$room"/alice.said 3>&- &
  # shellcheck disable=SC2034  # for the tests
  caller=$!
  exec {alice}>"$room"/alice.in
}

alice_says() {
  echo "$*" >&"$alice"
  lab_wait grep -qxF "$*" "$room"/bob.heard
}

bob_says() {
  echo "$*" >&"$bob"
  lab_wait grep -qxF "$*" "$room"/alice.heard
}

# alice_sends WORD [OPTION...]: as one message, that bob prints and acknowledges
alice_sends() {
  as alice 120 send bob --events "$room"/alice.events "${@:2}" <<<"$1" 2>"$room"/alice.said
  lab_wait grep -qxF "$1" "$room"/bob.heard
}

# happened EVENT HOST, times EVENT HOST: whether, and how often
happened() {
  [ "$(times "$1" "$2")" -gt 0 ]
}

times() {
  jq -n --arg event "$1" '[inputs | select(.event == $event)] | length' "$room/$2.events" 2>/dev/null
}

# talk KIND KIND: a conversation across such NATs
talk() {
  across pair_up "$1" "$2"
  bob_listens
  alice_calls bob
  alice_says one
  bob_says two
}

# still_one_call: neither side has begun another
still_one_call() {
  alice_says five
  assert_equal "$(times connected alice)" 1
  assert_equal "$(times closed alice)" 0
  kill -0 "$caller"
}
