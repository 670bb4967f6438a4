#!/usr/bin/python3
"""ice_race.py rows|lines LOSS: how long ICE agents take to connect, once both know the other's candidates.

In the lab of tests/lab/pair.bash, RTT_MS between alice and bob and LOSS percent lost on each link, with a STUN server.
Programs take turns, and alice's controls. Without loss, ours also meets those of others, in both roles. Prints rows as
world.row() does, or what tests/lab/bench prints.

ice_race.py meet RUNS CONTROLLING CONTROLLED prints how many of so many runs connected.
"""
import json
import statistics
import subprocess
import sys

import agents
import world

OURS, OTHERS = "natpunch", ("libnice", "aioice", "pion")
INTEROP = "libnice", "aioice"  # in both roles
HOSTS, NATS = ("alice", "bob"), ("nata", "natb")
LIMIT_S = 25
RTT_MS = 80
MOST_MS = 1.1 * RTT_MS
RUNS = {0: 10, 10: 20}  # by loss


def start_in(host):
    return lambda *argv, **options: subprocess.Popen(["ip", "netns", "exec", host, *argv], text=True, **options)


def once(kinds):
    """Milliseconds, or None."""
    for nat in NATS:  # a new socket must not inherit an old one's flow
        subprocess.run(["ip", "netns", "exec", nat, "conntrack", "-F"], stderr=subprocess.DEVNULL, check=False)
    said, took = agents.meet([start_in(h) for h in HOSTS], kinds, agents.is_connected, LIMIT_S)
    return round(1000 * took, 1) if all("connected" in s for s in said) else None


class Times:
    """Of one pair."""

    def __init__(self):
        self.runs, self.ms = 0, []

    def add(self, ms):
        self.runs += 1
        self.ms += [] if ms is None else [ms]

    def connected(self):
        return "%d of %d" % (len(self.ms), self.runs)

    def median(self):
        """Of all runs: one that did not connect took longer than any."""
        every = self.ms + [1000 * LIMIT_S] * (self.runs - len(self.ms))
        return statistics.median_high(every)

    def worst(self):
        return max(self.ms, default=1000 * LIMIT_S)


def race(pairs, runs):
    """Each pair's times; by turns, so that what else the machine does meets all alike."""
    times = {pair: Times() for pair in pairs}
    for _ in range(runs):
        for pair, t in times.items():
            t.add(once(pair))
    return times


def peers():
    """Programs of others that are here. pion needs a compiler for Go, and is left out without."""
    here = [kind for kind in OTHERS if agents.PROGRAMS[kind][-1].exists()]
    for kind in set(OTHERS) - set(here):
        print("%s is left out: it was not built" % kind, file=sys.stderr)
    return here


def per_peer(times, figure):
    return ", ".join("%s %s" % (kind, figure(t)) for kind, t in times.items())


def rows(loss, ours, others, met):
    across = "%d ms between the peers, %d %% loss on each link" % (RTT_MS, loss)
    best = min(t.median() for t in others.values())
    medians = "%g ms, worst %g ms (%s)"
    figure = medians % (ours.median(), ours.worst(), per_peer(others, lambda t: "%g, worst %g" % (t.median(), t.worst())))
    runs = "%s (%s)" % (ours.connected(), per_peer(others, Times.connected))
    world.row("natpunch ice connects, %s" % across, runs, "all", len(ours.ms) == ours.runs)
    world.row("natpunch ice is no slower than others, median, %s" % across, figure, "%g ms, the best of others" % best, ours.median() <= best)
    if not loss:
        world.row("natpunch ice, median, %s" % across, "%g ms" % ours.median(), "%g ms, 1.1 round trips" % MOST_MS, ours.median() <= MOST_MS)
    for pair, t in met.items():
        world.row("%s (controlling) and %s connect across two NATs of the kernel" % pair, t.connected(), "all", len(t.ms) == t.runs)


def line(name, value, unit, peer=None, peer_value=None):
    ratio = round(peer_value / value, 2) if peer_value is not None and value else None
    print(json.dumps({"name": name, "value": value, "unit": unit, "peer": peer, "peer_value": peer_value, "ratio": ratio}))


def lines(loss, ours, others, met):
    across = "introduction, %d ms between the peers" % RTT_MS + (", %d %% loss on each link" % loss if loss else "")
    for kind, t in others.items():
        line(across + ", median", ours.median(), "ms", kind, t.median())
        line(across + ", worst", ours.worst(), "ms", kind, t.worst())
        line(across + ", did not connect", ours.runs - len(ours.ms), "of %d" % t.runs, kind, t.runs - len(t.ms))
    for pair, t in met.items():
        line(across + ", %s and %s" % pair, t.median(), "ms")


def main(how, loss):
    loss, others = int(loss), peers()
    same = race([(kind, kind) for kind in (OURS, *others)], RUNS[loss])
    mixed = [pair for kind in INTEROP for pair in ((OURS, kind), (kind, OURS))]
    met = race([] if loss else mixed, RUNS[loss])
    show = {"rows": rows, "lines": lines}[how]
    show(loss, same[OURS, OURS], {kind: same[kind, kind] for kind in others}, met)


def meet(runs, *kinds):
    print(race([kinds], int(runs))[kinds].connected())


if __name__ == "__main__":
    (meet if sys.argv[1] == "meet" else main)(*sys.argv[2 if sys.argv[1] == "meet" else 1 :])
