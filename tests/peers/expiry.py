#!/usr/bin/python3
"""expiry.py [PRESET...]: does a mapping end within 50 ms of when it should, as seen from outside?

Each of several sockets behind a NAT sends one datagram, which asks for an answer 50 ms before or after the timer's end.
Only answers count that were really sent within 10 ms of that. Without presets: all whose timer is a minute at most, and
not the least of an interval.
"""
import json
import sys

import world

SOCKETS = 10
OFF_S = 0.05
LATE_S = 0.01
LONGEST_S = 60
TRIES = 3
NO_PROOF = "no answer was in time"
HOSTS = [world.PYTHON, world.HERE / "expiry_hosts.py"]


def of_a_minute(axes):
    return world.seconds(axes, "timer-first") <= LONGEST_S and axes["sweep"] is None and axes["nat64"] != "yes"


def ask(w, name, timer):
    """Return: for each socket when it sent, and whether it was answered."""
    delays = [str(timer + (OFF_S if i % 2 else -OFF_S)) for i in range(SOCKETS)]
    return json.loads(w.says(name, *HOSTS, "client", world.SERVER[0], name, *delays)[0])


def judge(timer, asked, answers):
    """What is wrong, or None. answers: for each socket the moment of the answer."""
    proofs = set()
    for socket, (sent, answered) in asked.items():
        off = answers[socket] - sent - timer
        if abs(abs(off) - OFF_S) <= LATE_S:
            proofs.add(off < 0)
            if answered != (off < 0):
                return "%s at %+.3f s" % ("let in" if answered else "lost", off)
    return None if len(proofs) == 2 else NO_PROOF


def main(*names):
    zoo = {name: axes for name, axes in world.presets(*names).items() if names or of_a_minute(axes)}
    with world.behind_each(zoo, server={"addresses": world.SERVER}) as w:
        with open(w.folder / "answers", "w") as log:
            w.serve("server", "udp 9", *HOSTS, "server", stdout=log)

        def wrong(name):
            timer = world.seconds(zoo[name], "timer-first")
            for _ in range(TRIES):
                asked = ask(w, name, timer)
                with open(w.folder / "answers") as lines:
                    what = judge(timer, asked, dict(map(json.loads, lines)))
                if what != NO_PROOF:
                    break
            return what

        world.row_of_all("a mapping ends within 50 ms of its timer", zoo, wrong)


if __name__ == "__main__":
    main(*sys.argv[1:])
