#!/usr/bin/python3
"""What expiry.py runs in hosts; all have the same clock, and all that is printed is JSON.

expiry_hosts.py server: answers each datagram at the moment that it names; prints its text, and when that really was.
expiry_hosts.py client SERVER NAME SECONDS...: sends datagrams, each from a socket of its own, that ask for an answer so
many seconds later; prints for the text of each when it was sent, and whether it was answered.
"""
import json
import select
import socket
import sys
import time

PORT = 9


def udp():
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def server():
    due = []
    s = udp()
    s.bind(("", PORT))
    while True:
        left = max(0, due[0][0] - time.monotonic()) if due else None
        if select.select([s], [], [], left)[0]:
            message, client = s.recvfrom(200)
            moment, text = json.loads(message)
            due.append((moment, text, client))
            due.sort()
        while due and due[0][0] <= time.monotonic():
            _, text, client = due.pop(0)
            s.sendto(b"", client)
            print(json.dumps([text, time.monotonic()]), flush=True)


def client(address, name, *delays):
    sockets = {"%s at %f" % (name, time.monotonic()): udp() for _ in delays}
    sent = {}
    for (text, s), delay in zip(sockets.items(), delays):
        s.connect((address, PORT))
        sent[text] = time.monotonic()
        s.send(json.dumps([sent[text] + float(delay), text]).encode())
    time.sleep(max(map(float, delays)) + 1)  # then all have come that will
    answered = select.select(sockets.values(), [], [], 0)[0]
    print(json.dumps({text: [sent[text], s in answered] for text, s in sockets.items()}))


{"server": server, "client": client}[sys.argv[1]](*sys.argv[2:])
