#!/usr/bin/python3
"""classes.py [PRESET...]: do coturn's natdiscovery and stun(1) find the classes that the presets state?

Both ask coturn's server, of which natbroker is no part; stun(1) speaks RFC 3489, and knows one kind of
dependent mapping only. A client behind each preset asks, all at the same time.
"""
import re
import sys

import world

DISCOVERED = {
    "ei": "Endpoint Independent",
    "ad": "Address Dependent",
    "apd": "Address and Port Dependent",
    None: "Endpoint Independent",  # what does not translate
}
OLD_FILTERS = {"ei": "Independent Filter", "ad": "Address Dependent Filter", "apd": "Port Dependent Filter"}


def natdiscovery(axes):
    """What it is to print of that NAT."""
    yield "NAT with %s Mapping!" % DISCOVERED[axes["mapping"]]
    yield "NAT with %s Filtering!" % DISCOVERED[axes["filtering"]]
    if axes["hairpin"] not in (None, "none") or axes["translate"] == "no":
        yield "maybe a successful hairpinning"


def stun(axes):
    if axes["translate"] == "no":
        yield "Primary: Firewall"
    elif axes["mapping"] == "ei":
        yield "Primary: Independent Mapping, %s," % OLD_FILTERS[axes["filtering"]]
    else:
        yield "Primary: Dependent Mapping,"


def main(*names):
    # What is behind a NAT64 speaks IPv6, and these clients then cannot take the server's other address for theirs.
    zoo = {name: axes for name, axes in world.presets(*names).items() if axes["nat64"] != "yes"}
    with world.behind_each(zoo, server={"addresses": world.SERVER}) as w:
        w.serve_stun()

        def judge(argv, expected, kind):
            def wrong(name):
                said = w.says(name, *argv, world.SERVER[0])[0]
                found = re.findall(kind, said)
                wanted = list(expected(zoo[name]))
                return None if len(found) == len(wanted) and set(found) == set(wanted) else said

            return wrong

        discovery = ["turnutils_natdiscovery", "-m", "-f", "-H"]
        kinds = r"NAT with .*|maybe a successful hairpinning"
        world.row_of_all("natdiscovery finds mapping, filtering and hairpins", zoo, judge(discovery, natdiscovery, kinds))
        kinds = r"Primary: (?:Independent Mapping, [A-Za-z ]*,|\w+(?: Mapping,)?)"
        world.row_of_all("stun(1) finds the class", zoo, judge(["stun"], stun, kinds))


if __name__ == "__main__":
    main(*sys.argv[1:])
