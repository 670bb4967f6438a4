#!/usr/bin/python3
"""speed.py [bench]: how fast natsim forwards, and how late. Prints rows, or for "bench" what tests/lab/bench prints.

Beside natsim's world there are bare wires between two namespaces: the kernel's veth, and the least loops there are that
carry packets from one TUN device to another, at once or after a delay (tests/tools/wire). What else this machine does
makes all of them late: that natsim is late proves something only if bare loops are not.
"""
import contextlib
import json
import subprocess
import sys

import world

TOOLS = world.BUILD / "tests" / "tools"
LOAD = str(TOOLS / "load")
PORT = "7777"
ROUNDS = 5
FLOOD_S = "1"
PINGS = "500"
DELAYS_MS = {1: "1000", 10: "500", 50: "200"}  # and how many pings
LATE_US = 300, 1000  # the most allowed, in the median and in 99 of 100
NAT = "linux"
QUEUE = "4000"  # packets, as natsim's devices have
VETH = "veth", "203.0.113.1", "203.0.113.2"
INSIDE = [world.NATSIM, "exec", NAT, "--"]  # how to run a program behind natsim's NAT
OUTSIDE = ["ip", "netns", "exec", "left"]  # and at one end of the bare wires


def tun(delay_ms):
    """Name, and addresses of both ends."""
    return "tun%d" % delay_ms, "203.0.113.%d" % (101 + 2 * delay_ms), "203.0.113.%d" % (102 + 2 * delay_ms)


def ip(*words):
    subprocess.run(["ip", *words], check=True)


def wire(delay_ms):
    name = tun(delay_ms)[0]
    argv = [TOOLS / "wire", "left", name, "right", name, str(1000 * delay_ms)]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    process.stdout.readline()
    return process


@contextlib.contextmanager
def bare():
    """Namespaces "left" and "right", and the wires between them. The names are private.sh's to keep apart."""
    for ns in "left", "right":
        ip("netns", "add", ns)
    ip("-n", "left", "link", "add", VETH[0], "type", "veth", "peer", "name", VETH[0], "netns", "right")
    delays = [0, *DELAYS_MS]
    processes = [wire(ms) for ms in delays]
    for name, left, right in VETH, *map(tun, delays):
        for ns, mine, other in ("left", left, right), ("right", right, left):
            ip("-n", ns, "addr", "add", mine, "peer", other, "dev", name)
            ip("-n", ns, "link", "set", name, "txqueuelen", QUEUE, "up")
    processes.append(subprocess.Popen(["ip", "netns", "exec", "right", LOAD, "serve", PORT]))
    try:
        yield
    finally:
        for p in processes:
            p.kill()


def load(where, what, address, amount):
    """The figures that load prints. where: how to run it in the right namespace."""
    said = subprocess.run([*where, LOAD, what, address, PORT, amount], check=True, stdout=subprocess.PIPE, text=True)
    return list(map(float, said.stdout.split()))


def forwarding():
    """Packets a second of natsim and of a bare loop, in the round whose ratio is the median."""
    rounds = []
    for _ in range(ROUNDS):
        ours = load(INSIDE, "flood", world.SERVER[0], FLOOD_S)[0]
        rounds.append((ours, load(OUTSIDE, "flood", tun(0)[2], FLOOD_S)[0]))
    return sorted(rounds, key=lambda r: r[0] / r[1])[ROUNDS // 2]


def round_trip(where, address):
    """In microseconds, at rest: in the best round."""
    return min(load(where, "ping", address, PINGS)[0] for _ in range(ROUNDS))


def late(where, address, delay_ms):
    """In microseconds, in the median and in 99 of 100."""
    return [us - 1000 * delay_ms for us in load(where, "ping", address, DELAYS_MS[delay_ms])[1:]]


def within(quantiles):
    return all(0 <= us <= most for us, most in zip(quantiles, LATE_US))


def lateness(delay_ms):
    """How late natsim is, and whether that is as it should be: None if most bare loops are not either."""
    subprocess.run([world.NATSIM, "set", "nat-" + NAT, "up.delay=%dms" % delay_ms], check=True)
    bare_in_time = 0
    for _ in range(ROUNDS):
        ours = late(INSIDE, world.SERVER[0], delay_ms)
        if within(ours):
            return ours, True
        bare_in_time += within(late(OUTSIDE, tun(delay_ms)[2], delay_ms))
    return ours, False if bare_in_time > ROUNDS / 2 else None


def measure():
    """Figures by name."""
    with bare(), world.behind_each([NAT], server={"addresses": world.SERVER}) as w:
        w.serve("server", "udp " + PORT, LOAD, "serve", PORT)
        return {
            "forwards": forwarding(),
            "round trip": (round_trip(INSIDE, world.SERVER[0]), round_trip(OUTSIDE, VETH[2])),
            "late": {ms: lateness(ms) for ms in DELAYS_MS},
        }


def rows(figures):
    ours, bare = figures["forwards"]
    figure = "%.0f %% (%.0f and %.0f a second)" % (100 * ours / bare, ours, bare)
    world.row("natsim forwards, of what a bare loop does", figure, "50 %", ours >= bare / 2)
    ours, bare = figures["round trip"]
    figure = "%.0f us (%.0f and %.0f)" % (ours - bare, ours, bare)
    world.row("natsim adds to a round trip, median", figure, "200 us", ours - bare < 200)
    for ms, (quantiles, verdict) in figures["late"].items():
        figure, bound = ("%.0f and %.0f us" % tuple(us) for us in (quantiles, LATE_US))
        world.row("natsim is late with a delay of %d ms, median and 99 of 100" % ms, figure, bound, verdict)


def line(name, value, unit, peer=None, peer_value=None):
    ratio = None if peer is None else round(peer_value / value, 2)
    print(json.dumps({"name": name, "value": value, "unit": unit, "peer": peer, "peer_value": peer_value, "ratio": ratio}))


def lines(figures):
    ours, bare = figures["forwards"]
    line("natsim, time for a packet", round(1e6 / ours, 2), "us", "a bare loop", round(1e6 / bare, 2))
    ours, bare = figures["round trip"]
    line("natsim, a round trip", ours, "us", "veth", bare)
    for ms, ((median, most), _) in figures["late"].items():
        line("natsim, late with %d ms, median" % ms, round(median, 1), "us")
        line("natsim, late with %d ms, 99 of 100" % ms, round(most, 1), "us")


if __name__ == "__main__":
    (lines if sys.argv[1:] == ["bench"] else rows)(measure())
