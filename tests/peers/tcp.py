#!/usr/bin/python3
"""tcp.py [PRESET...]: do curl and ssh work through the presets, or through all?"""
import os
import subprocess
import sys

import world

SIZE = 4 << 20
SIDE_BY_SIDE = 8
SSH = """ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null
-o GlobalKnownHostsFile=/dev/null -o LogLevel=ERROR -i""".split()
# Its keys of root are its own: a host's mounts are.
SSHD = """
mount -t tmpfs -o mode=700 none ~root
install -D -m 600 user.pub ~root/.ssh/authorized_keys
exec dropbear -F -E -s -p 22 -r server -P ''
"""


def serve(w):
    (w.folder / "data").write_bytes(os.urandom(SIZE))
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", w.folder / "user"], check=True)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(["dropbearkey", "-t", "ed25519", "-f", w.folder / "server"], check=True, **quiet)
    w.serve("server", "tcp 80", world.PYTHON, "-m", "http.server", "80")
    w.serve("server", "tcp 22", "sh", "-c", SSHD)


def main(*names):
    zoo = world.presets(*names)
    with world.behind_each(zoo, server={"addresses": world.SERVER}) as w:
        serve(w)

        def curl(client):
            said, status = w.says(client, "curl", "-sS", "-f", "-o", client, "http://server/data")
            same = status == 0 and (w.folder / client).read_bytes() == (w.folder / "data").read_bytes()
            return None if same else said or "other data"

        def ssh(client):
            said, status = w.says(client, *SSH, "user", "root@server", "echo ok")
            return None if (said, status) == ("ok\n", 0) else said

        world.row_of_all("curl gets 4 MiB", zoo, curl, SIDE_BY_SIDE)
        world.row_of_all("ssh runs a program", zoo, ssh, SIDE_BY_SIDE)


if __name__ == "__main__":
    main(*sys.argv[1:])
