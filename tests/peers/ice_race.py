#!/usr/bin/python3
"""ice_race.py RUNS CONTROLLING:CONTROLLED...: how long two ICE agents take, once both know the other's candidates.

In the lab of tests/lab/pair.bash, with a STUN server. Each pair of programs is tried so often, by turns, and alice's
agent controls. Prints one JSON object for each pair: {"pair", "runs", "connected", "median_ms", "worst_ms"}.
"""
import json
import statistics
import subprocess
import sys

import agents

LIMIT_S = 25
HOSTS = "alice", "bob"


def start_in(host):
    return lambda *argv, **options: subprocess.Popen(["ip", "netns", "exec", host, *argv], text=True, **options)


def once(kinds):
    """Seconds, or None."""
    for nat in "nata", "natb":  # a new socket must not inherit an old one's flow
        subprocess.run(["ip", "netns", "exec", nat, "conntrack", "-F"], stderr=subprocess.DEVNULL, check=False)
    said, took = agents.meet([start_in(h) for h in HOSTS], kinds, agents.is_connected, LIMIT_S)
    return took if all("connected" in s for s in said) else None


def summary(pair, times):
    ms = [round(1000 * t, 1) for t in times if t is not None]
    return {
        "pair": pair,
        "runs": len(times),
        "connected": len(ms),
        "median_ms": statistics.median_high(ms) if ms else None,
        "worst_ms": max(ms, default=None),
    }


def main(runs, *pairs):
    times = {pair: [] for pair in pairs}
    for _ in range(int(runs)):
        for pair in pairs:
            times[pair].append(once(pair.split(":")))
    for pair in pairs:
        print(json.dumps(summary(pair, times[pair])), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
