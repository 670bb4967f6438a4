"""What the tests in this folder share: a world of natsim for as long as a "with" lasts, and rows of figures.

Each test is a program that prints rows, one JSON object a line: {"statement", "figure", "bound", "pass"}. It needs
private.sh around it, and NATKIT_BUILD.
"""
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ["NATKIT_BUILD"]).resolve()
NATSIM = BUILD / "bin" / "natsim"
SERVER = ["192.0.2.1", "192.0.2.2"]  # addresses of a host called "server"
PYTHON = "/usr/bin/python3"
READY_S = 10
TURNSERVER = """turnserver -n --listening-port=3478 --alt-listening-port=3479 --stun-only --no-auth --no-tls --no-dtls
--no-cli --log-file=stdout --simple-log --pidfile=turnserver.pid --userdb=turnserver.sqlite""".split()


def presets(*names):
    """Name -> {axis: value} of these presets, or of all."""
    text = subprocess.run([NATSIM, "list", "--json"], check=True, stdout=subprocess.PIPE).stdout
    every = {p["name"]: {axis: claim["value"] for axis, claim in p["axes"].items()} for p in json.loads(text)["presets"]}
    return {name: every[name] for name in names or every}


def seconds(axes, axis):
    return float(axes[axis].removesuffix(" s"))


class World:
    """One that is up inside "with". Its hosts run programs, in a folder that goes when it does."""

    def __init__(self, nodes, hosts):
        self.topology = {"nodes": nodes, "hosts": hosts}

    def __enter__(self):
        self.made = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.made.name)
        (self.folder / "world.json").write_text(json.dumps(self.topology))
        subprocess.run([NATSIM, "up", self.folder / "world.json"], check=True)
        return self

    def __exit__(self, *_):
        subprocess.run([NATSIM, "down"], check=True)
        self.made.cleanup()

    def start(self, host, *argv, **options):
        """A program in a host; options are those of subprocess.Popen()."""
        return subprocess.Popen([NATSIM, "exec", host, "--", *argv], cwd=self.folder, text=True, **options)

    def says(self, host, *argv, limit=120):
        """The exit status of a program in a host, None if it had to be ended, and what it printed."""
        with self.start(host, *argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as p:
            try:
                return p.communicate(timeout=limit)[0], p.returncode
            except subprocess.TimeoutExpired:
                p.terminate()
                return p.communicate()[0], None

    def serve(self, host, port, *argv, stdout=subprocess.DEVNULL):
        """Starts a server that ends with the world, and waits until it has that port, such as "udp 3478"."""
        family, number = port.split()
        self.start(host, *argv, stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.DEVNULL)
        until = time.monotonic() + READY_S
        while not self.says(host, "ss", "-Hln", "--" + family, "sport", "=", ":" + number)[0]:
            if time.monotonic() > until:
                raise TimeoutError("%s does not serve %s" % (argv[0], port))
            time.sleep(0.02)

    def serve_stun(self):
        """coturn's server: it also answers RFC 3489, which natbroker does not, and stun(1) and libnice speak."""
        self.serve("server", "udp 3479", *TURNSERVER, *["--listening-ip=" + a for a in SERVER])


def behind_each(names, **hosts):
    """A world with a client behind each of these NATs, of the same name, and other hosts."""
    nodes = {"nat-" + name: {"nat": name} for name in names}
    return World(nodes, {**{name: {"behind": "nat-" + name} for name in names}, **hosts})


def row(statement, figure, bound, passed):
    """passed: None if that cannot be told."""
    print(json.dumps({"statement": statement, "figure": figure, "bound": bound, "pass": passed}), flush=True)


def row_of_all(statement, names, wrong, side_by_side=64):
    """A row about each of several: wrong(name) says what is wrong with it, or None."""
    with concurrent.futures.ThreadPoolExecutor(side_by_side) as pool:
        found = dict(zip(names, pool.map(wrong, names)))
    bad = [name for name, what in found.items() if what is not None]
    for name in bad:
        print("%s: %s: %s" % (statement, name, found[name]), file=sys.stderr)
    figure = "%d of %d" % (len(found) - len(bad), len(found))
    if bad:
        figure += " (not: %s)" % ", ".join(bad[:4])
    row(statement, figure, "all", bool(found) and not bad)
