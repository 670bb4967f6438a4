#!/usr/bin/python3
"""natprobe.py PRESET [OPTION...]: what natprobe says of the first timer behind it, and what the preset says."""
import json
import subprocess
import sys

import world


def main(preset, *options):
    truth = world.seconds(world.presets(preset)[preset], "timer-first")
    argv = [world.NATSIM, "run", "--nat", preset, "--", world.BUILD / "bin" / "natprobe", "--json", *options]
    report = json.loads(subprocess.run(argv, stdout=subprocess.PIPE).stdout)
    value = report["udp"]["timeouts"]["solitary"]["value"]
    right = value is not None and abs(value - truth) <= max(truth / 100, 0.25)
    world.row("natprobe behind %s: solitary timeout" % preset, "%s s" % value, "about %g s" % truth, right)


if __name__ == "__main__":
    main(*sys.argv[1:])
