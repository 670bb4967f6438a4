"""dns.py NAME A|AAAA: asks the first server of /etc/resolv.conf itself, and prints the addresses."""
import socket
import struct
import sys

TYPES = {"A": (1, socket.AF_INET), "AAAA": (28, socket.AF_INET6)}
name, (number, family) = sys.argv[1], TYPES[sys.argv[2]]

with open("/etc/resolv.conf", encoding="ascii") as resolv:
    server = next(line.split()[1] for line in resolv if line.startswith("nameserver"))
labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
query = struct.pack(">6H", 7, 0x100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", number, 1)
asker = socket.socket(socket.AF_INET6 if ":" in server else socket.AF_INET, socket.SOCK_DGRAM)
asker.settimeout(30)
asker.sendto(query, (server, 53))
answer = asker.recv(512)
at = len(query)
for _ in range(struct.unpack(">H", answer[6:8])[0]):
    length = struct.unpack(">H", answer[at + 10 : at + 12])[0]
    print(socket.inet_ntop(family, answer[at + 12 : at + 12 + length]))
    at += 12 + length
