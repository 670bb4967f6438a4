#!/usr/bin/python3
"""ice_aioice.py controlling|controlled SERVER: an ICE agent of aioice; see ice.py for what it says and hears."""
import asyncio
import json
import sys

import aioice

# It gives up after 16 s then, in place of 64: with round trips of 80 ms that is plenty.
aioice.stun.RETRY_MAX = 4


def say(what):
    print(json.dumps(what), flush=True)


async def standard_input():
    reader = asyncio.StreamReader(limit=1 << 20)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


async def main(role, server):
    agent = aioice.Connection(ice_controlling=role == "controlling", stun_server=(server, 3478))
    heard = await standard_input()
    await agent.gather_candidates()
    say([agent.local_username, agent.local_password, *(c.to_sdp() for c in agent.local_candidates)])
    agent.remote_username, agent.remote_password, *candidates = json.loads(await heard.readline())
    for c in candidates:
        await agent.add_remote_candidate(aioice.Candidate.from_sdp(c))
    await agent.add_remote_candidate(None)
    try:
        await agent.connect()
    except ConnectionError:
        return say("failed")
    say("connected")
    await agent.send(role.encode())
    say((await agent.recv()).decode())
    await heard.readline()
    await agent.close()


asyncio.run(main(*sys.argv[1:]))
