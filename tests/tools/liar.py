#!/usr/bin/python3
"""liar.py LIE - an RFC 5780 server on 192.0.2.1 and 192.0.2.2, ports 3478 and 3479, that breaks one rule.

honest            none: for comparison
silent            never answers
other-is-self     OTHER-ADDRESS has the address that was asked
other-silent      OTHER-ADDRESS has an address where nobody is
ignores-change    CHANGE-REQUEST is answered from the address that was asked
wrong-source      every answer leaves from the other address and port
wrong-tid         every answer has one bit of the transaction id wrong
garbage           every answer is random bytes
noisy             each true answer comes after garbage and a forgery with a wrong transaction id
"""
import os
import select
import socket
import struct
import sys

COOKIE = 0x2112A442
BINDING, SUCCESS = 0x0001, 0x0101
MAPPED, CHANGE_REQUEST, XOR_MAPPED = 0x0001, 0x0003, 0x0020
RESPONSE_PORT, RESPONSE_ORIGIN, OTHER_ADDRESS = 0x0027, 0x802B, 0x802C
HOSTS = ("192.0.2.1", "192.0.2.2")
PORTS = (3478, 3479)
NOBODY = "192.0.2.77"
CHANGE_IP, CHANGE_PORT, CHANGE_BOTH = 4, 2, 6


def attribute(kind, value):
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def address(kind, host, port):
    return attribute(kind, struct.pack("!HH4s", 1, port, socket.inet_aton(host)))


def xor_address(host, port):
    ip = struct.unpack("!I", socket.inet_aton(host))[0] ^ COOKIE
    return attribute(XOR_MAPPED, struct.pack("!HHI", 1, port ^ (COOKIE >> 16), ip))


def attributes(packet):
    found, at = {}, 20
    while at + 4 <= len(packet):
        kind, length = struct.unpack_from("!HH", packet, at)
        found.setdefault(kind, packet[at + 4 : at + 4 + length])
        at += 4 + length + -length % 4
    return found


def request(packet):
    """The transaction id and attributes of a Binding request, or None."""
    if len(packet) < 20:
        return None
    kind, _, cookie = struct.unpack_from("!HHI", packet)
    if kind != BINDING or cookie != COOKIE:
        return None
    return packet[8:20], attributes(packet)


def flipped(tid):
    return bytes([tid[0] ^ 1]) + tid[1:]


def moved(asked, change):
    """The address that CHANGE-REQUEST flags lead to from the one that was asked."""
    host, port = asked
    if change & CHANGE_IP:
        host = HOSTS[1 - HOSTS.index(host)]
    if change & CHANGE_PORT:
        port = PORTS[1 - PORTS.index(port)]
    return host, port


class Liar:
    def __init__(self, lie):
        self.lie = lie
        self.sockets = {}
        for host in HOSTS:
            for port in PORTS:
                s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                s.bind((host, port))
                self.sockets[host, port] = s

    def origin(self, asked, change):
        """Where the answer is to leave from, as the lie wants it."""
        if self.lie == "wrong-source":
            change = CHANGE_BOTH
        elif self.lie == "ignores-change":
            change = 0
        return moved(asked, change)

    def other(self, asked):
        host, port = moved(asked, CHANGE_BOTH)
        if self.lie == "other-is-self":
            host = asked[0]
        elif self.lie == "other-silent":
            host = NOBODY
        return host, port

    def answer(self, tid, client, asked, origin):
        body = xor_address(*client) + address(MAPPED, *client)
        body += address(RESPONSE_ORIGIN, *origin) + address(OTHER_ADDRESS, *self.other(asked))
        return struct.pack("!HHI", SUCCESS, len(body), COOKIE) + tid + body

    def serve(self, asked, packet, client):
        known = request(packet)
        if known is None or self.lie == "silent":
            return
        tid, found = known
        change = int.from_bytes(found.get(CHANGE_REQUEST, b"")[:4], "big")
        origin = self.origin(asked, change)
        out = self.sockets[origin]
        to = client
        if len(found.get(RESPONSE_PORT, b"")) >= 2:
            to = client[0], struct.unpack_from("!H", found[RESPONSE_PORT])[0]
        if self.lie in ("garbage", "noisy"):
            out.sendto(os.urandom(64), to)
        if self.lie in ("wrong-tid", "noisy"):
            forged = ("203.0.113.66", 6666) if self.lie == "noisy" else client
            out.sendto(self.answer(flipped(tid), forged, asked, origin), to)
        if self.lie not in ("garbage", "wrong-tid"):
            out.sendto(self.answer(tid, client, asked, origin), to)

    def run(self):
        by_fd = {s.fileno(): (at, s) for at, s in self.sockets.items()}
        while True:
            for fd in select.select(list(by_fd), [], [])[0]:
                at, s = by_fd[fd]
                packet, client = s.recvfrom(2048)
                self.serve(at, packet, client)


if __name__ == "__main__":
    if len(sys.argv) != 2 or "\n%s " % sys.argv[1] not in __doc__:
        sys.exit(__doc__)
    Liar(sys.argv[1]).run()
