#!/usr/bin/python3
"""random_script.py SEED - a script for nat_script: packets at random, of few hosts and ports, so that they meet.

All is sent on a beat that no timer is near a multiple of: whether a flow still lives is never a matter of milliseconds.
Where ports move there are no short timers: the kernel, until it tidies up, gives who comes back the port that he had.
TCP is without RST: even a liberal kernel believes its sequence number only if it is just right.
"""
import random
import string
import sys

BEAT = 0.35  # s; with timers of 2 to 5 s the nearest beats are 0.1 s off or more
BEATS = 24
AT_ONCE = 8  # packets on each beat at most, 2 ms apart
KINDS = ("udp", "udp", "tcp", "tcp", "tcp", "ping")
FLAGS = ("syn", "syn", "syn ack", "ack", "ack data", "fin ack")
ERRORS = ("ttl-exceeded", "no-port", "no-host", "prohibited", "too-big")
RANGE = "port-range = 40000-59999"
NATS = (
    [], [], [],
    ["tcp-pickup = no"],
    ["self-clash = yes"],
    ["mapping = apd", "ports = random"],
    ["ports = random", RANGE],
    ["translate = no"],
)  # fmt: skip
TIMERS = ("timer-icmp", "tcp-syn-recv", "tcp-established", "tcp-fin-wait", "tcp-close-wait", "tcp-last-ack",
          "tcp-time-wait", "tcp-close")  # fmt: skip


class Script:
    def __init__(self, seed):
        self.r = random.Random(seed)
        self.nat = self.r.choice(NATS)
        self.compete = self.r.random() < 0.5
        self.short = not (self.compete or "self-clash = yes" in self.nat or RANGE in self.nat)
        self.six = "6" if self.r.random() < 0.2 and RANGE not in self.nat else ""
        self.unused = list(string.ascii_uppercase)
        self.labels = []

    def settings(self):
        first = self.r.randint(2, 5)
        yield "liberal = yes"
        yield from self.nat
        if self.short:
            yield "timer-first = %d s" % first
            yield "timer-replied = %d s" % first
            for name in ("timer-stream",) + TIMERS:
                yield "%s = %d s" % (name, self.r.randint(2, 5))

    def host(self, names):
        return self.r.choice(names) + self.six

    def outside_of(self, host):
        return host if "translate = no" in self.nat else "n" + self.six

    def words(self, kind):
        words = " " + self.r.choice(FLAGS) if kind == "tcp" else ""
        return words + (" ttl 1" if self.r.random() < 0.1 else "")

    def outward(self, kind):
        host = self.host("ab")
        port = self.r.choice((5001, 5002)) + (10 if host[0] == "b" and not self.compete else 0)
        remote = self.host("st") + ("" if kind == "ping" else ":80")
        label = ""
        if self.unused and self.r.random() < 0.4:
            self.labels.append(self.unused.pop(0))
            label = " as " + self.labels[-1]
        return "%s:%d > %s %s%s%s" % (host, port, remote, kind, self.words(kind), label)

    def inward(self, kind):
        host = self.host("ab")
        port = self.r.choice(("5001", "5002", "5011", "5012"))
        if self.labels and self.r.random() < 0.4:
            port = self.r.choice(self.labels)
        remote = self.host("st") + ("" if kind == "ping" else ":80")
        kind = "pong" if kind == "ping" else kind
        return "%s > %s:%s %s%s" % (remote, self.outside_of(host), port, kind, self.words(kind))

    def error(self):
        about = self.r.choice(self.labels)
        to = self.outside_of(self.host("ab"))
        return "%s > %s %s about %s" % (self.host("str"), to, self.r.choice(ERRORS), about)

    def packet(self):
        if self.labels and self.r.random() < 0.1:
            return self.error()
        return self.r.choice((self.outward, self.inward))(self.r.choice(KINDS))

    def lines(self):
        yield from self.settings()
        for beat in range(BEATS):
            for i in range(self.r.randint(0, AT_ONCE)):
                yield "%.3f %s" % (beat * BEAT + i * 0.002, self.packet())


print("# Random packets, seed %s" % sys.argv[1])
print("\n".join(Script(int(sys.argv[1])).lines()))
