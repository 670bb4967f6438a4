#!/usr/bin/python3
"""ice.py [RUNS]: do two agents connect across two NATs that allow it, and fail across two that do not?"""
import concurrent.futures
import itertools
import sys

import agents
import world

# Who meets whom: the controlling agent, and the other.
SAME = [("libnice", "libnice"), ("aioice", "aioice"), ("natpunch", "natpunch")]
MIXED = [("natpunch", "libnice"), ("libnice", "natpunch"), ("natpunch", "aioice"), ("aioice", "natpunch")]
LINK = {"delay": "10ms"}  # on each side, so 40 ms there and back


def easy(axes):
    return axes["mapping"] == "ei" and axes["nat64"] != "yes" and axes["self-clash"] != "yes"


def hard(axes):
    return axes["mapping"] == "apd" and axes["filtering"] == "apd"


def pairs(kind, runs):
    """Of so many pairs of presets of a kind, each with the next, the names and NATs."""
    names = [name for name, axes in world.presets().items() if kind(axes)]
    sides = zip(itertools.cycle(names), itertools.cycle(names[1:] + names[:1]))
    return {"%s-%d" % (kind.__name__, i): nats for i, nats in zip(range(1, runs + 1), sides)}


def homes(every):
    """The world of pairs: each pair has two hosts, each host a NAT of its own."""
    nodes, hosts = {}, {"server": {"addresses": world.SERVER}}
    for name, nats in every.items():
        for role, nat in zip(agents.ROLES, nats):
            nodes["%s-%s-nat" % (name, role)] = {"nat": nat, "link": LINK}
            hosts["%s-%s" % (name, role)] = {"behind": "%s-%s-nat" % (name, role)}
    return world.World(nodes, hosts)


def wrong(w, kinds, name, expected):
    """What is wrong with one run, or None."""
    starts = [lambda *argv, role=role, **o: w.start("%s-%s" % (name, role), *argv, **o) for role in agents.ROLES]
    said, _ = agents.meet(starts, kinds)
    return None if expected(said) else str(said)


def main(runs="1"):
    across = {agents.connected: pairs(easy, int(runs)), agents.failed: pairs(hard, int(runs))}
    words = {agents.connected: "connect across two NATs that keep endpoints", agents.failed: "fail across two that do not"}
    with homes({name: nats for every in across.values() for name, nats in every.items()}) as w:
        w.serve_stun()

        def all_pairs(kinds, expected):
            statement = "agents of %s and %s %s" % (*kinds, words[expected])
            world.row_of_all(statement, across[expected], lambda name: wrong(w, kinds, name, expected))

        meetings = [*itertools.product(SAME, across), *itertools.product(MIXED, [agents.connected])]
        with concurrent.futures.ThreadPoolExecutor(len(meetings)) as pool:
            list(pool.map(all_pairs, *zip(*meetings)))


if __name__ == "__main__":
    main(*sys.argv[1:])
