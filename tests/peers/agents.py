"""Two ICE agents meet. Each is a program that takes its role and the address of a STUN server, prints a line of JSON
with its description (SDP), reads the other's, and prints "connected", and what it gets from the other, or "failed".
Descriptions are exchanged here, outside the network.
"""
import json
import subprocess
import threading
import time

import world

ROLES = "controlling", "controlled"
LIMIT_S = 90
PROGRAMS = {
    "libnice": [world.PYTHON, world.HERE / "ice_nice.py"],
    "aioice": [world.PYTHON, world.HERE / "ice_aioice.py"],
    "natpunch": [world.PYTHON, world.HERE / "ice_natpunch.py"],
    "pion": [world.BUILD / "tests" / "peers" / "ice_pion"],
}


class Agent:
    def __init__(self, start, kind, role):
        """start(*argv, **options) runs a program where it belongs."""
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self.process = start(*PROGRAMS[kind], role, world.SERVER[0], **pipes)

    def hear(self):
        """Its next line; None if it has ended."""
        line = self.process.stdout.readline()
        return json.loads(line) if line else None

    def tell(self, what):
        print(json.dumps(what), file=self.process.stdin, flush=True)

    def outcome(self, enough):
        """What it says from now on, in any order, until it is enough."""
        said = set()
        while not enough(said) and not {"failed", None} & said:
            said.add(self.hear())
        return said

    def end(self):
        self.process.terminate()
        self.process.communicate()


def is_connected(said):
    return "connected" in said


def has_heard(said):
    return len(said) == 2


def exchange(agents, enough):
    descriptions = [a.hear() for a in agents]
    if None in descriptions:
        return [{None}] * 2, None
    start = time.monotonic()
    for agent, description in zip(agents, descriptions[::-1]):
        agent.tell(description)
    return [a.outcome(enough) for a in agents], time.monotonic() - start


def meet(starts, kinds, enough=has_heard, limit=LIMIT_S):
    """starts, kinds: of the controlling agent and of the other. Return: what both said, until it was enough for both,
    and how many seconds that took from when both had the other's description."""
    agents = [Agent(start, kind, role) for start, kind, role in zip(starts, kinds, ROLES)]
    timer = threading.Timer(limit, lambda: [a.process.terminate() for a in agents])
    timer.start()
    try:
        return exchange(agents, enough)
    finally:
        timer.cancel()
        for a in agents:
            a.end()


def connected(said):
    """Both are, and have heard each other."""
    return said == [{"connected", role} for role in ROLES[::-1]]


def failed(said):
    return said == [{"failed"}] * 2
