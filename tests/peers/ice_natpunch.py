#!/usr/bin/python3
"""ice_natpunch.py controlling|controlled SERVER: our own ICE agent; see agents.py for what it says and hears."""
import json
import subprocess
import sys

import world

OPTION = {"controlling": "--offer", "controlled": "--answer"}
TIMEOUT = "15s"  # with round trips of 80 ms that is plenty


def say(what):
    print(json.dumps(what), flush=True)


def lines(stream):
    """Up to an empty one, or the end."""
    return list(iter(lambda: stream.readline().rstrip(), ""))


def main(role, server):
    argv = [world.BUILD / "bin" / "natpunch", "ice", OPTION[role], "--server", server, "--timeout", TIMEOUT]
    agent = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    say("\n".join(lines(agent.stdout)))
    print(json.loads(sys.stdin.readline()).rstrip(), end="\n\n", file=agent.stdin, flush=True)
    if not agent.stdout.readline().startswith("connected"):
        return say("failed")
    say("connected")
    print(role, file=agent.stdin, flush=True)
    say(agent.stdout.readline().rstrip())
    sys.stdin.readline()
    agent.terminate()
    agent.wait()


main(*sys.argv[1:])
