#!/usr/bin/python3
"""ice.py [RUNS]: do two agents connect across two NATs that allow it, and fail across two that do not?

An agent prints a line of JSON with its description, reads the other's, and prints "connected", and what it gets
from the other, or "failed". Descriptions are exchanged here, outside the network.
"""
import concurrent.futures
import itertools
import json
import subprocess
import sys
import threading

import world

AGENTS = {"libnice": "ice_nice.py", "aioice": "ice_aioice.py"}
ROLES = "controlling", "controlled"
LIMIT_S = 90
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
        for role, nat in zip(ROLES, nats):
            nodes["%s-%s-nat" % (name, role)] = {"nat": nat, "link": LINK}
            hosts["%s-%s" % (name, role)] = {"behind": "%s-%s-nat" % (name, role)}
    return world.World(nodes, hosts)


def hear(agent):
    """The next line of an agent; None if it has ended."""
    line = agent.stdout.readline()
    return json.loads(line) if line else None


def outcome(agent):
    """What an agent says in the end; its state and the message may come in either order."""
    said = hear(agent)
    return [said] if said in ("failed", None) else sorted([said, hear(agent) or "nothing"])


def meet(agents, expected):
    """Return: None if both say what they should, or else what they say."""
    descriptions = [hear(a) for a in agents]
    if None in descriptions:
        return "an agent has no description"
    for agent, description in zip(agents, descriptions[::-1]):
        print(json.dumps(description), file=agent.stdin, flush=True)
    said = [outcome(a) for a in agents]
    if expected == "failed":
        return None if said == [["failed"]] * 2 else str(said)
    return None if said == [sorted(["connected", role]) for role in ROLES[::-1]] else str(said)


def run(w, program, pair, expected):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    agents = [w.start("%s-%s" % (pair, role), world.PYTHON, world.HERE / program, role, world.SERVER[0], **pipes) for role in ROLES]
    limit = threading.Timer(LIMIT_S, lambda: [a.terminate() for a in agents])
    limit.start()
    try:
        return meet(agents, expected)
    finally:
        limit.cancel()
        for a in agents:
            a.terminate()
            a.communicate()


def main(runs="1"):
    kinds = {"connected": pairs(easy, int(runs)), "failed": pairs(hard, int(runs))}
    words = {"connected": "keep endpoints", "failed": "do not"}
    with homes({**kinds["connected"], **kinds["failed"]}) as w:
        w.serve_stun()

        def all_pairs(agent, expected):
            statement = "two agents of %s: %s across two NATs that %s" % (agent, expected, words[expected])
            world.row_of_all(statement, kinds[expected], lambda pair: run(w, AGENTS[agent], pair, expected))

        with concurrent.futures.ThreadPoolExecutor() as pool:
            list(pool.map(all_pairs, *zip(*itertools.product(AGENTS, kinds))))


if __name__ == "__main__":
    main(*sys.argv[1:])
