#!/bin/bash
# private.sh COMMAND [ARGUMENT...]
#
# Runs a command in network, mount and process namespaces of its own, so that
# fixed names never collide, two runs can stand side by side, and nothing that
# the command started outlives it, however it ends. Root needs nothing else; an
# ordinary user needs unprivileged user namespaces.
#
# Exit status: the command's; 77 if this system does not allow it.
set -eu

spaces=(--net --mount --pid --fork --kill-child --mount-proc)
if [ "$(id -u)" -ne 0 ]; then
  spaces+=(--user --map-root-user)
fi
if ! why=$(unshare "${spaces[@]}" true 2>&1); then
  echo "private.sh: no private namespaces here (${why##*: })" >&2
  exit 77
fi

# shellcheck disable=SC2016  # expanded by the inner shell
inside='
mount -t tmpfs none /run
mkdir -p /run/netns /run/lock /run/lab
export XDG_STATE_HOME=/run/lab/state # what programs remember, too
ip link set lo up
"$@"
'
# unshare does not pass on SIGTERM, and a background child of a script has SIGINT
# ignored: hence the trap and the reset. Whoever kills this script kills all of it.
setpriv --pdeathsig KILL env --default-signal=INT,QUIT \
  unshare "${spaces[@]}" bash -euc "$inside" private "$@" <&0 &
child=$!
trap 'kill -KILL $child; exit 143' TERM HUP
trap 'wait $child || true; exit 130' INT
wait $child
