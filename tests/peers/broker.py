#!/usr/bin/python3
"""broker.py [bench]: natbroker before millions of clients. Prints rows, or for "bench" what tests/lab/bench prints.

All clients are tests/speed/fleet behind one TUN device, on one processor; the server has another to itself. They are
registered by a ledger that fleet writes, since to prove as many keys would take minutes. A machine that let the server
or the fleet wait has proved nothing when a bound is missed: that is inconclusive.
"""
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import world

FLEET, RESPONDER = (str(world.BUILD / "tests" / "speed" / name) for name in ("fleet", "responder"))
BROKER = str(world.BUILD / "bin" / "natbroker")
DEVICE, ADDRESS = "fleet", "192.0.2.1"
QUEUE = "20000"  # packets: more than are ever under way
PORT, RESPONDER_PORT = "3478", "5000"
FLOWS = 1, 20000, 2000000
HOSTS, MANY = 2000000, 10000000
LARGE_TRIES = 5
INTERVAL_S, MANY_INTERVAL_S = 15, 60
MIB = 1 << 20
STATED = "is stated"
LATE_MS = 1000  # a fleet that is later is no closed loop of so many any more
ENOUGH = 0.95  # of what was asked: who answers more was not busy
STALLED = 0.02  # of the time a process was ready and did not run
READY_S = 120
DOWN_AT_S, RING_AFTER_S = 20, 32
RINGS, JOINS = 20000, 1000
REGISTRATIONS_MAX = 10000000
HEADERS = {"IPv4": 0, "IPv6": 20, "Ethernet": 18}  # more than IPv4; an Ethernet frame has 64 bytes at least


def processors():
    """The fleet's and the server's."""
    every = sorted(os.sched_getaffinity(0))
    return every[0], every[-1]


def ip(*words):
    subprocess.run(["ip", *words], check=True)


def network():
    ip("tuntap", "add", "dev", DEVICE, "mode", "tun")
    ip("link", "set", DEVICE, "txqueuelen", QUEUE, "up")
    ip("addr", "add", ADDRESS + "/32", "dev", "lo")
    ip("route", "add", "100.64.0.0/10", "dev", DEVICE)


def pinned(processor, *argv):
    return ["taskset", "-c", str(processor), *argv]


def fleet(what, **options):
    return pinned(processors()[0], FLEET, what, *("--%s=%s" % (name.replace("_", "-"), v) for name, v in options.items()))


def fleet_says(what, **options):
    return json.loads(subprocess.run(fleet(what, **options), check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout)


class Server:
    """A program that serves while a "with" lasts, alone on its processor."""

    def __init__(self, *argv, port=PORT, cwd=None):
        self.argv, self.port, self.cwd = argv, port, cwd

    def __enter__(self):
        argv = pinned(processors()[1], *self.argv)
        start = time.monotonic()
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=self.cwd)
        while not self.serves():
            if self.process.poll() is not None or time.monotonic() > start + READY_S:
                raise RuntimeError("%s does not serve: %s" % (self.argv[0], self.process.stderr.read()))
            time.sleep(0.01)
        self.start_s = time.monotonic() - start
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def serves(self):
        bound = subprocess.run(["ss", "-Hlun", "sport = :" + self.port], check=True, stdout=subprocess.PIPE, text=True)
        return ADDRESS + ":" in bound.stdout

    def ran(self):
        """Seconds that it ran, and that it was ready but did not."""
        threads = pathlib.Path("/proc/%d/task" % self.process.pid).glob("*/schedstat")
        times = [list(map(int, t.read_text().split()[:2])) for t in threads]
        return [sum(t[i] for t in times) / 1e9 for i in range(2)]

    def resident(self):
        """Bytes."""
        status = pathlib.Path("/proc/%d/status" % self.process.pid).read_text()
        return 1024 * int(status.split("VmRSS:")[1].split()[0])


@contextlib.contextmanager
def measured(server):
    """A dict, filled when the "with" ends: processor time, and time waited for it."""
    cost, before, start = {}, server.ran(), time.monotonic()
    yield cost
    ran, waited = (b - a for a, b in zip(before, server.ran()))
    cost.update(cpu_s=ran, stalled=waited / (time.monotonic() - start))


def broker(*options):
    return Server(BROKER, "--listen", ADDRESS, "--metrics", "none", *options)


def flood(server, flows, seconds):
    """Answers that a server gives in a second of its processor's time, and whether it had more to answer than it could."""
    options = {} if server.port == PORT else {"server": "%s:%s" % (ADDRESS, server.port)}
    with measured(server) as cost:
        f = fleet_says("flood", hosts=flows, time=seconds, **options)
    if f["wrong"] > 0 or f["looked_at"] == 0:
        raise RuntimeError("wrong answers: %s" % f)
    return f["answers"] / cost["cpu_s"], f["answers"] < ENOUGH * f["sent"]


def coturn(folder, flows, seconds):
    """It keeps a session for each flow: a new one for each run."""
    argv = [*world.TURNSERVER, "--listening-ip=" + ADDRESS, "--relay-threads=1"]
    with Server(*argv, cwd=folder) as server:
        return flood(server, flows, seconds)[0]


def stun(rounds, seconds):
    """For each number of flows: what natbroker does and what the least responder does, in the round whose ratio is the
    median, and coturn's answers in a second of its processor's time."""
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        with broker("--binding-rate", "1000000") as ours, Server(RESPONDER, ADDRESS, RESPONDER_PORT, port=RESPONDER_PORT) as least:
            for flows in FLOWS:
                pairs = [(flood(ours, flows, seconds), flood(least, flows, seconds)) for _ in range(rounds)]
                figures[flows] = sorted(pairs, key=lambda p: p[0][0] / p[1][0])[rounds // 2]
        return {flows: (*pair, coturn(folder, flows, seconds)) for flows, pair in figures.items()}


def prove(seconds):
    """Registrations a second, and each second of the broker's processor."""
    with broker("--max-registrations", "100000") as server, measured(server) as cost:
        p = fleet_says("prove", hosts=65000, time=seconds)
    return p["joined"] / p["took_s"], p["joined"] / cost["cpu_s"]


def rolled(folder, hosts, interval, *turns):
    """The options of a broker that knows those hosts."""
    state = str(folder / "ledger")
    subprocess.run([FLEET, "roll", *turns, "--hosts=%d" % hosts, "--interval=%d" % interval, "--state=" + state], check=True)
    return ["--max-registrations", str(min(hosts + JOINS, REGISTRATIONS_MAX)), "--state", state]


def empty_size():
    with broker("--max-registrations", "1") as server:
        return server.resident()


def played(process):
    """What a fleet that was started says at its end."""
    said = process.communicate()[0]
    if process.returncode != 0:
        raise RuntimeError("fleet ended with %d" % process.returncode)
    return json.loads(said)


def start(*argv):
    """A fleet, as soon as it begins to play."""
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stderr.readline()
    return process


def hold(hosts, interval, seconds, *turns):
    """fleet's counts, and what they cost the broker."""
    with tempfile.TemporaryDirectory() as made:
        options = rolled(pathlib.Path(made), hosts, interval, *turns)
        with broker(*options) as server:
            process = start(*fleet("hold", hosts=hosts, interval=interval, time=seconds), *turns)
            with measured(server) as cost:
                counts = played(process)
            size = server.resident()
    each = (size - empty_size()) / hosts
    return {**counts, **cost, "hosts": hosts, "start_s": server.start_s, "bytes_each": each, "cpu": cost["cpu_s"] / counts["took_s"]}


def killed():
    """fleet's counts: while it plays the broker is killed, and starts again from what it has written."""
    with tempfile.TemporaryDirectory() as made:
        options = rolled(pathlib.Path(made), HOSTS, INTERVAL_S)
        end = DOWN_AT_S + RING_AFTER_S
        with broker(*options):
            process = start(
                *fleet("hold", hosts=HOSTS, interval=INTERVAL_S, time=end + 3, rings=RINGS, ring_at=end),
                *("--joins=%d" % JOINS, "--join-rate=%d" % (JOINS // 10), "--join-from=%d" % (DOWN_AT_S - 10)),
            )
            time.sleep(DOWN_AT_S)
        with broker(*options) as server:
            with measured(server) as cost:
                counts = played(process)
            return {**counts, **cost, "start_s": server.start_s}


def rates(counts):
    """Bytes a second to the broker and from it, by what they are counted as."""
    each = {}
    for name, more in HEADERS.items():
        for way, packets, size in ("to", counts["packets_out"], counts["bytes_out"]), ("from", counts["packets_in"], counts["bytes_in"]):
            least = 64 * packets if name == "Ethernet" else 0
            each[name, way] = max(size + more * packets, least) / counts["took_s"]
    return each


def text(rates_of, name):
    return "%s %.2f and %.2f MiB/s" % (name, rates_of[name, "to"] / MIB, rates_of[name, "from"] / MIB)


def undisturbed(counts):
    return counts["stalled"] < STALLED


def is_held(counts):
    return counts["lost"] == counts["forgotten"] == counts["hellos"] == counts["wrong"] == 0 and counts["late_ms"] < LATE_MS


def verdict(holds, calm):
    return True if holds else False if calm else None


def lost_and_size_rows(counts, what):
    frames = "%d of %d frames answered" % (counts["answered"], counts["sent"])
    figure = "%d lost, %d long hellos, %s; at most %d ms late; broker ready after %.1f s" % (
        *(counts[name] for name in ("lost", "hellos")),
        frames,
        *(counts[name] for name in ("late_ms", "start_s")),
    )
    world.row(what + ": none is lost", figure, "0", verdict(is_held(counts), undisturbed(counts)))
    world.row(what + ": resident for each", "%.1f bytes" % counts["bytes_each"], "128 bytes", counts["bytes_each"] <= 128)


def cost_rows(counts, what, bound):
    """bound: whether there is one; else it is only stated."""
    by = rates(counts)
    figure = "%.1f %%, %.2f us for a keepalive" % (100 * counts["cpu"], counts["cpu_s"] / counts["sent"] * 1e6)
    least = not bound or counts["cpu"] < 0.6
    world.row(what + ": of one processor", figure, "60 %" if bound else STATED, verdict(least, undisturbed(counts)))
    figure = "; ".join(text(by, name) for name in HEADERS)
    least = not bound or max(by["IPv4", way] for way in ("to", "from")) <= 4 * MIB
    world.row(what + ": bytes to and from", figure, "4 MiB/s as IPv4" if bound else STATED, least)


def held_rows(hosts, interval, seconds, name, *turns):
    what = "%d clients at %d s, %s" % (hosts, interval, name)
    counts = hold(hosts, interval, seconds, *turns)
    lost_and_size_rows(counts, what)
    cost_rows(counts, what, hosts == HOSTS)


def stun_rows():
    for flows, ((ours, busy), (least, also_busy), peer) in stun(31, 0.5).items():
        figure = "%.0f thousand, %.2f of %.0f; coturn %.0f" % (ours / 1e3, ours / least, least / 1e3, peer / 1e3)
        world.row("STUN answers in a second of one processor, %d flows, over the least responder's" % flows, figure, "0.9", verdict(ours >= 0.9 * least, busy and also_busy))


def killed_row():
    counts = killed()
    share = counts["rang"] / counts["rings"]
    figure = "%.3f %% of %d rung; %d joined in the last 10 s; ready again after %.1f s; %d long hellos" % (
        100 * share,
        *(counts[name] for name in ("rings", "joined", "start_s", "refreshed")),
    )
    world.row("%d clients, broker killed: ringable after %d s" % (HOSTS, RING_AFTER_S + 3), figure, "99.9 %", verdict(share >= 0.999, undisturbed(counts)))


def most():
    """Keepalives a second that are answered at most, when each client has one every second."""
    counts = hold(HOSTS // 4, 1, 4)
    return counts["answered"] / counts["took_s"]


def largest_row():
    """As many as that is enough for, or a little less until none is lost."""
    hosts = int(most() * INTERVAL_S)
    for _ in range(LARGE_TRIES):
        hosts = int(hosts * 0.95)
        counts = hold(hosts, INTERVAL_S, 2 * INTERVAL_S + 2)
        if is_held(counts):
            break
    figure = "%d with %.0f %% of a processor" % (hosts, 100 * counts["cpu"]) if is_held(counts) else "fewer than %d" % hosts
    world.row("the most clients at %d s of which none is lost" % INTERVAL_S, figure, STATED, True if is_held(counts) else None)


def rows():
    stun_rows()
    held_rows(HOSTS, INTERVAL_S, 3 * INTERVAL_S + 2, "fixed")
    held_rows(HOSTS, INTERVAL_S, 4 * INTERVAL_S + 2, "turns", "--turns")
    killed_row()
    largest_row()
    held_rows(MANY, MANY_INTERVAL_S, 2 * MANY_INTERVAL_S + 2, "fixed")
    rate, per_cpu_s = prove(10)
    world.row("registrations a second with proof of key", "%.0f, %.0f in a second of processor time" % (rate, per_cpu_s), STATED, True)


def line(name, value, unit, peer=None, peer_value=None):
    """One of a rate: so the ratio, how many times as long the peer takes, is ours over the peer's."""
    value, peer_value = (None if v is None else round(v, 2) for v in (value, peer_value))
    ratio = None if peer is None else round(value / peer_value, 2)
    print(json.dumps({"name": name, "value": value, "unit": unit, "peer": peer, "peer_value": peer_value, "ratio": ratio}), flush=True)


def held_lines(counts, what):
    line(what + ", held", counts["hosts"] - counts["lost"], "clients")
    line(what + ", lost", counts["lost"], "clients")
    line(what + ", not answered in time", counts["hellos"], "keepalives")
    for (name, way), rate in rates(counts).items():
        line("%s, bytes %s the broker as %s" % (what, way, name), rate / MIB, "MiB/s")
    line(what + ", processor time for a keepalive", counts["cpu_s"] / counts["sent"] * 1e6, "us")
    line(what + ", of one processor", 100 * counts["cpu"], "%")
    line(what + ", resident for each", counts["bytes_each"], "bytes")
    line(what + ", the broker waited for its processor", 100 * counts["stalled"], "%")


def lines():
    """In two minutes; the long runs are rows."""
    for flows, ((ours, _), (least, _), peer) in stun(9, 0.3).items():
        line("STUN answers in a second of one processor, %d flows" % flows, ours, "1/s", "the least responder", least)
        line("STUN answers in a second of one processor, %d flows" % flows, ours, "1/s", "coturn", peer)
    rate, per_cpu_s = prove(3)
    line("registrations with proof of key", rate, "1/s")
    line("registrations with proof of key in a second of processor time", per_cpu_s, "1/s")
    held_lines(hold(HOSTS, INTERVAL_S, INTERVAL_S + 2), "%d clients, fixed" % HOSTS)
    held_lines(hold(HOSTS, INTERVAL_S, 2 * INTERVAL_S, "--turns"), "%d clients, turns" % HOSTS)
    answered = most()
    line("keepalives answered, at most", answered, "1/s")
    line("clients at %d s for which that is enough" % INTERVAL_S, answered * INTERVAL_S, "clients")


if __name__ == "__main__":
    if not os.access("/dev/net/tun", os.W_OK) or len(os.sched_getaffinity(0)) < 2:
        print("broker.py: this takes a TUN device, and two processors", file=sys.stderr)
        sys.exit(77)
    network()
    lines() if sys.argv[1:] == ["bench"] else rows()
