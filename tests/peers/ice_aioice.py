#!/usr/bin/python3
"""ice_aioice.py controlling|controlled SERVER: an ICE agent of aioice; see agents.py for what it says and hears."""
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


def description(agent):
    lines = ["m=application 9 ICE/SDP", "a=ice-ufrag:" + agent.local_username, "a=ice-pwd:" + agent.local_password]
    return "\n".join(lines + ["a=candidate:" + c.to_sdp() for c in agent.local_candidates])


async def learn(agent, theirs):
    attributes = [line.split(":", 1) for line in theirs.splitlines() if ":" in line]
    for name, value in attributes:
        if name == "a=ice-ufrag":
            agent.remote_username = value
        elif name == "a=ice-pwd":
            agent.remote_password = value
        elif name == "a=candidate":
            await agent.add_remote_candidate(aioice.Candidate.from_sdp(value))


async def main(role, server):
    agent = aioice.Connection(ice_controlling=role == "controlling", stun_server=(server, 3478))
    heard = await standard_input()
    await agent.gather_candidates()
    say(description(agent))
    await learn(agent, json.loads(await heard.readline()))
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
