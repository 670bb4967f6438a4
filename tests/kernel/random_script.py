#!/usr/bin/python3
"""random_script.py SEED - a script for nat_script: packets at random, of few hosts and ports, so that they meet.

All is sent on a beat that no timer is near a multiple of: whether a flow still lives is never a matter of milliseconds.
"""
import random
import sys

BEAT = 0.35  # s; with timers of 2 to 5 s the nearest beats are 0.1 s off or more
BEATS = 24
AT_ONCE = 7  # packets on each beat, 2 ms apart
INSIDE, OUTSIDE, PORTS = "ab", "st", (5001, 5002)
FLAGS = ("syn", "syn", "syn ack", "ack", "ack data", "fin ack")


def timers(r):
    names = ["timer-icmp", "timer-other", "tcp-syn-recv", "tcp-established", "tcp-fin-wait", "tcp-close-wait",
             "tcp-last-ack", "tcp-time-wait", "tcp-close"]
    first = r.randint(2, 5)
    yield "timer-first = %d s" % first
    yield "timer-replied = %d s" % first
    yield "timer-stream = %d s" % r.randint(2, 5)
    for name in names:
        yield "%s = %d s" % (name, r.randint(2, 5))


def packet(r, collide):
    kind = r.choice(("udp", "udp", "tcp", "tcp", "tcp", "ping"))
    here, there = r.choice(INSIDE), r.choice(OUTSIDE)
    port = r.choice(PORTS)
    if not collide and here == "b":
        port += 10
    remote = there if kind == "ping" else "%s:80" % there
    words = kind
    if kind == "tcp":
        words += " " + r.choice(FLAGS)
    if r.random() < 0.1:
        words += " ttl 1"
    if r.random() < 0.5:
        return "%s:%d > %s %s" % (here, port, remote, words)
    return "%s > n:%d %s" % (remote, port, words.replace("ping", "pong"))


def main():
    r = random.Random(int(sys.argv[1]))
    collide = r.random() < 0.5
    print("# Random packets, seed %s" % sys.argv[1])
    if not collide:
        print("\n".join(timers(r)))
    for beat in range(BEATS):
        for i in range(r.randint(0, AT_ONCE)):
            print("%.3f %s" % (beat * BEAT + i * 0.002, packet(r, collide)))


main()
