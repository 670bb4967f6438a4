#!/usr/bin/python3
"""gateway.py ODDITY - a gateway at 100.64.1.1 that speaks one protocol, and is odd in one way.

upnp              honest, version 1; another client has TCP port 5000, of which no protocol may take it
upnp-permanent    only leases without an end
upnp-unauthorized nobody may map
upnp-conflict     all ports are taken
upnp-overwrites   whoever asks last for a port has it
upnp-agrees       agrees to all and does nothing
upnp-location     its LOCATION is at another host
upnp-control      its control URL is at another host
upnp-redirect     its description is to be had from another host
upnp-bomb         its description is endless, and each element is inside the one before
upnp-drip         its description comes a byte at a time
upnp-mute         takes connections and says nothing
upnp-private      its external address is private, and nothing comes to it
upnp-closed       maps, and lets nothing through
upnp-renames      has a name of its own for each mapping
pmp               honest
pmp-elsewhere     answers from another address
pmp-private       its external address is private, and nothing comes to it
pmp-unauthorized  nobody may map
pmp-other-port    says to have mapped another internal port
pmp-port-0        gives port 0
pmp-lease-0       gives a lease of 0 s
pmp-reboots       is always 0 s old
pmp-garbage       sends random bytes, and pieces of answers
pmp-noisy         the same before each true answer
pmp-closed        maps, and lets nothing through
pcp               honest
pcp-elsewhere     answers from another address
pcp-private       its external address is private, and nothing comes to it
pcp-unauthorized  nobody may map
pcp-mismatch      sees another address than the client's
pcp-nonce         answers with another nonce
pcp-next-port     gives the port after the one that is asked for, even to those who want no other
pcp-lease-0       gives a lease of 0 s
pcp-reboots       is always 0 s old
pcp-garbage       sends random bytes, and pieces of answers
pcp-noisy         the same before each true answer
pcp-closed        maps, and lets nothing through

What is mapped, and how often what was asked, is in /run/lab/gateway.json.
"""
import http.server
import json
import os
import re
import socket
import socketserver
import struct
import subprocess
import sys
import threading
import time

HERE, ELSEWHERE, EXTERNAL, PRIVATE = "100.64.1.1", "100.64.1.7", "198.51.100.10", "10.11.12.13"
STATE = "/run/lab/gateway.json"
FOREIGN = {"client": "100.64.1.9:5000", "lease": 0, "nonce": "", "name": "of somebody"}
HTTP_PORT, MAP_PORT, SSDP = 5000, 5351, ("239.255.255.250", 1900)
PROTOCOLS = {6: "tcp", 17: "udp"}
UNAUTHORIZED, MISMATCH = 2, 12  # both protocols' result 2; PCP's 12
DESCRIPTION = """<?xml version="1.0"?>
<root xmlns="urn:schemas-upnp-org:device-1-0"><device>
<deviceType>urn:schemas-upnp-org:device:InternetGatewayDevice:1</deviceType>
<friendlyName>An odd gateway</friendlyName><modelName>%s</modelName><deviceList><device>
<deviceType>urn:schemas-upnp-org:device:WANConnectionDevice:1</deviceType><serviceList><service>
<serviceType>urn:schemas-upnp-org:service:WANIPConnection:1</serviceType>
<controlURL>%s/control</controlURL></service></serviceList></device></deviceList></device></root>"""
FORWARD = """table ip odd {
  map tcp_in {
    type inet_service : ipv4_addr . inet_service;
  }
  map udp_in {
    type inet_service : ipv4_addr . inet_service;
  }
  chain pre {
    type nat hook prerouting priority dstnat; policy accept;
    iifname wan dnat ip to tcp dport map @tcp_in
    iifname wan dnat ip to udp dport map @udp_in
  }
}
"""


def nft(rules):
    subprocess.run(["nft", "-f", "-"], input=rules, text=True, check=True)


class Gateway:
    """What is mapped, whoever asked for it."""

    def __init__(self, protocol, odd):
        self.protocol, self.odd = protocol, odd
        self.external = PRIVATE if odd == "private" else EXTERNAL
        self.mappings = {"tcp 5000": dict(FOREIGN)}
        self.asked = {}
        self.born = time.monotonic()
        self.lock = threading.Lock()
        nft(FORWARD)
        self.write()

    def write(self):
        with open(STATE + ".new", "w") as f:
            json.dump({"mappings": self.mappings, "asked": self.asked}, f)
        os.replace(STATE + ".new", STATE)

    def count(self, what):
        with self.lock:
            self.asked[what] = self.asked.get(what, 0) + 1
            self.write()

    def age(self):
        return 0 if self.odd == "reboots" else int(time.monotonic() - self.born) + 1000

    def forward(self, verb, protocol, port, client):
        if self.odd not in ("closed", "private"):
            host, inner = client.split(":")
            what = "%d : %s . %s" % (port, host, inner) if verb == "add" else "%d" % port
            nft("%s element ip odd %s_in { %s }\n" % (verb, protocol, what))

    def unmap(self, protocol, port):
        with self.lock:
            old = self.mappings.pop("%s %d" % (protocol, port), None)
            if old and old["client"] != FOREIGN["client"]:
                self.forward("delete", protocol, port, old["client"])
            self.write()
        return old is not None

    def map(self, protocol, port, client, lease, nonce="", name=""):
        self.unmap(protocol, port)
        if self.odd == "renames":
            name = "of somebody"
        with self.lock:
            self.mappings["%s %d" % (protocol, port)] = {"client": client, "lease": lease, "nonce": nonce, "name": name}
            self.forward("add", protocol, port, client)
            self.write()

    def held_by(self, protocol, port):
        return self.mappings.get("%s %d" % (protocol, port), {}).get("client")

    def free_port(self, protocol, client, wanted):
        """The port that a client has already, or else one that nobody has."""
        inner = int(client.split(":")[1])
        for name, m in self.mappings.items():
            if m["client"] == client and name.split()[0] == protocol:
                return int(name.split()[1])
        port = wanted or inner
        while self.held_by(protocol, port):
            port += 1
        return port + 1 if self.odd == "next-port" else port


class PortServer:
    """PCP and NAT-PMP: UDP port 5351."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((HERE, MAP_PORT))
        self.out = self.socket
        if gateway.odd == "elsewhere":
            self.out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.out.bind((ELSEWHERE, MAP_PORT))

    def run(self):
        while True:
            packet, client = self.socket.recvfrom(2048)
            if len(packet) < 2:
                continue
            pcp = packet[0] == 2
            self.gateway.count("%s op %d" % ("pcp" if pcp else "pmp", packet[1]))
            if pcp and self.gateway.protocol == "pmp":  # RFC 6886 section 3.5
                answer = struct.pack("!BBHI", 0, 0, 1, self.gateway.age())
            elif not pcp and self.gateway.protocol == "pcp":  # RFC 6887 section 9
                answer = struct.pack("!BBBBII12x", 2, 0x80 | packet[1], 0, 1, 60, self.gateway.age())
            else:
                answer = (self.pcp if pcp else self.pmp)(packet, client)
            self.send(answer, client)

    def send(self, answer, client):
        if self.gateway.odd in ("garbage", "noisy"):
            for n in range(len(answer)):
                self.out.sendto(answer[:n], client)
            self.out.sendto(os.urandom(1400), client)
            self.out.sendto(answer[:2] + os.urandom(len(answer)), client)
        if self.gateway.odd != "garbage":
            self.out.sendto(answer, client)

    def pmp(self, packet, client):
        g = self.gateway
        if packet[1] == 0:
            return struct.pack("!BBHI4s", 0, 128, 0, g.age(), socket.inet_aton(g.external))
        inner, port, lease = struct.unpack("!2xHHI", packet[2:12])
        op, protocol = packet[1], {1: "udp", 2: "tcp"}[packet[1]]
        result = UNAUTHORIZED if g.odd == "unauthorized" else 0
        at = "%s:%d" % (client[0], inner)
        port = g.free_port(protocol, at, port)
        if lease == 0:
            g.unmap(protocol, port)
            port = 0
        elif result == 0:
            g.map(protocol, port, at, lease)
        if g.odd == "port-0":
            port = 0
        elif g.odd == "other-port":
            inner += 1
        if g.odd == "lease-0":
            lease = 0
        return struct.pack("!BBHIHHI", 0, 0x80 | op, result, g.age(), inner, port, lease)

    def pcp(self, packet, client):
        g = self.gateway
        result = {"unauthorized": UNAUTHORIZED, "mismatch": MISMATCH}.get(g.odd, 0)
        lease = struct.unpack("!I", packet[4:8])[0]
        if packet[1] == 0:
            return struct.pack("!BBBBII12x", 2, 0x80, 0, result if g.odd == "mismatch" else 0, 0, g.age())
        nonce, number, inner, port = struct.unpack("!12sB3xHH", packet[24:44])
        protocol, at = PROTOCOLS[number], "%s:%d" % (client[0], inner)
        port = g.free_port(protocol, at, port)
        held = g.mappings.get("%s %d" % (protocol, port))
        if held and held["nonce"] != nonce.hex():  # RFC 6887 section 11.3
            result = UNAUTHORIZED
        if result == 0 and lease == 0:
            g.unmap(protocol, port)
        elif result == 0:
            g.map(protocol, port, at, lease, nonce.hex())
        if g.odd == "nonce":
            nonce = os.urandom(12)
        if g.odd == "lease-0":
            lease = 0
        head = struct.pack("!BBBBII12x", 2, 0x80 | packet[1], 0, result, lease, g.age())
        outer = bytes(10) + b"\xff\xff" + socket.inet_aton(g.external)
        return head + struct.pack("!12sB3xHH16s", nonce, number, inner, port, outer)


class Server(socketserver.ThreadingTCPServer):
    """http.server's own looks its name up, for which there is nobody here."""

    allow_reuse_address = daemon_threads = True


class Web(http.server.BaseHTTPRequestHandler):
    """UPnP: the description, and SOAP."""

    gateway = None

    def log_message(self, *_):
        pass

    def tell(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def refuse(self, code):
        self.tell(500, "<s:Envelope><s:Body><s:Fault><detail><UPnPError><errorCode>%d</errorCode>"
                       "</UPnPError></detail></s:Fault></s:Body></s:Envelope>" % code)

    def agree(self, action, **values):
        inside = "".join("<%s>%s</%s>" % (k, v, k) for k, v in values.items())
        self.tell(200, "<s:Envelope><s:Body><u:%sResponse>%s</u:%sResponse></s:Body></s:Envelope>"
                  % (action, inside, action))

    def do_GET(self):
        g = self.gateway
        g.count("elsewhere" if self.server.server_address[0] == ELSEWHERE else "description")
        if g.odd == "mute":
            time.sleep(3600)
        elif g.odd == "redirect":
            self.send_response(302)
            self.send_header("Location", "http://%s:%d/d.xml" % (ELSEWHERE, HTTP_PORT))
            self.end_headers()
        elif g.odd in ("bomb", "drip"):
            self.flood(b"<device>" * 4096 if g.odd == "bomb" else b"x", 0 if g.odd == "bomb" else 0.2)
        else:
            base = "http://%s:%d" % (ELSEWHERE, HTTP_PORT) if g.odd == "control" else ""
            self.tell(200, DESCRIPTION % (g.odd or "honest", base))

    def flood(self, piece, pause):
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(piece)
                time.sleep(pause)
        except OSError:
            pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        action = re.search(r"#(\w+)", self.headers.get("SOAPAction", "#none")).group(1)
        if self.server.server_address[0] == ELSEWHERE:
            action = "elsewhere"
        self.gateway.count(action)
        known = {"GetStatusInfo": self.status, "GetExternalIPAddress": self.external_address,
                 "AddPortMapping": self.add, "DeletePortMapping": self.delete,
                 "GetSpecificPortMappingEntry": self.specific, "GetGenericPortMappingEntry": self.generic}
        arguments = dict(re.findall(r"<(New\w+)>([^<]*)</", body))
        known.get(action, lambda _: self.refuse(401))(arguments)

    def status(self, _):
        self.agree("GetStatusInfo", NewConnectionStatus="Connected", NewLastConnectionError="ERROR_NONE",
                   NewUptime=self.gateway.age())

    def external_address(self, _):
        self.agree("GetExternalIPAddress", NewExternalIPAddress=self.gateway.external)

    def add(self, a):
        g = self.gateway
        protocol, port = a["NewProtocol"].lower(), int(a["NewExternalPort"])
        client = "%s:%s" % (a["NewInternalClient"], a["NewInternalPort"])
        holder = g.held_by(protocol, port)
        if g.odd == "unauthorized":
            self.refuse(606)
        elif g.odd == "conflict" or (g.odd != "overwrites" and holder not in (None, client)):
            self.refuse(718)
        elif g.odd == "permanent" and a["NewLeaseDuration"] != "0":
            self.refuse(725)
        else:
            if g.odd != "agrees":
                g.map(protocol, port, client, int(a["NewLeaseDuration"]), name=a["NewPortMappingDescription"])
            self.agree("AddPortMapping")

    def delete(self, a):
        if self.gateway.unmap(a["NewProtocol"].lower(), int(a["NewExternalPort"])):
            self.agree("DeletePortMapping")
        else:
            self.refuse(714)

    def entry(self, m):
        client, port = m["client"].split(":")
        return {"NewInternalPort": port, "NewInternalClient": client, "NewEnabled": 1,
                "NewPortMappingDescription": m["name"], "NewLeaseDuration": m["lease"]}

    def specific(self, a):
        m = self.gateway.mappings.get("%s %s" % (a["NewProtocol"].lower(), a["NewExternalPort"]))
        if m is None:
            self.refuse(714)
        else:
            self.agree("GetSpecificPortMappingEntry", **self.entry(m))

    def generic(self, a):
        names = list(self.gateway.mappings)
        index = int(a["NewPortMappingIndex"])
        if index >= len(names):
            self.refuse(713)
            return
        protocol, port = names[index].split()
        self.agree("GetGenericPortMappingEntry", NewRemoteHost="", NewExternalPort=port,
                   NewProtocol=protocol.upper(), **self.entry(self.gateway.mappings[names[index]]))


def answer_searches(gateway):
    """SSDP: to the group, and to the gateway itself."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("", SSDP[1]))
    s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                 socket.inet_aton(SSDP[0]) + socket.inet_aton(HERE))
    host = ELSEWHERE if gateway.odd == "location" else HERE
    while True:
        packet, client = s.recvfrom(2048)
        target = re.search(rb"(?im)^ST:\s*(\S+)", packet)
        if packet.startswith(b"M-SEARCH") and target:
            gateway.count("search")
            s.sendto(b"HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=120\r\nST: %s\r\nUSN: uuid:1::%s\r\nEXT:\r\n"
                     b"SERVER: odd/1 UPnP/1.1\r\nLOCATION: http://%s:%d/d.xml\r\n\r\n"
                     % (target[1], target[1], host.encode(), HTTP_PORT), client)


def main():
    if len(sys.argv) != 2 or "\n%s " % sys.argv[1] not in __doc__:
        sys.exit(__doc__)
    protocol, _, odd = sys.argv[1].partition("-")
    gateway = Gateway(protocol, odd)
    works = []
    if protocol == "upnp":
        Web.gateway = gateway
        for host in (HERE, ELSEWHERE):
            works.append(Server((host, HTTP_PORT), Web).serve_forever)
        works.append(lambda: answer_searches(gateway))
    else:
        works.append(PortServer(gateway).run)
    for work in works:
        threading.Thread(target=work, daemon=True).start()
    print("ready", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
