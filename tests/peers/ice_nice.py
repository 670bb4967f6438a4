#!/usr/bin/python3
"""ice_nice.py controlling|controlled SERVER: an ICE agent of libnice; see agents.py for what it says and hears."""
import ctypes
import json
import sys

import gi

gi.require_version("Nice", "0.1")
from gi.repository import GLib, Nice  # noqa: E402

COMPONENT = 1
LIBRARY = ctypes.CDLL("libnice.so.10")
# gpointer agent, guint stream, guint component, guint length, gchar *data, gpointer user
ON_MESSAGE = ctypes.CFUNCTYPE(None, ctypes.c_void_p, *[ctypes.c_uint] * 3, ctypes.POINTER(ctypes.c_char), ctypes.c_void_p)


told = set()


def say(what):
    told.add(what)
    print(json.dumps(what), flush=True)


@ON_MESSAGE
def on_message(_agent, _stream, _component, length, data, _user):
    say(data[:length].decode())


def attach(agent, stream):
    """Of nice_agent_attach_recv() the bindings know nothing, and without it an agent hears nothing."""
    pointer = ctypes.c_void_p(hash(agent))  # what PyGObject has as the hash of an object
    if not LIBRARY.nice_agent_attach_recv(pointer, stream, COMPONENT, None, on_message, None):
        sys.exit("cannot attach")


def on_gathered(agent, _stream):
    say(agent.generate_local_sdp())
    GLib.io_add_watch(sys.stdin, GLib.PRIORITY_DEFAULT, GLib.IO_IN, on_description, agent)


def on_description(source, _condition, agent):
    agent.parse_remote_sdp(json.loads(source.readline()))
    return False


def on_state(agent, stream, component, state, role):
    if state == Nice.ComponentState.FAILED:
        say("failed")
    elif state in (Nice.ComponentState.CONNECTED, Nice.ComponentState.READY) and "connected" not in told:
        say("connected")
        agent.send(stream, component, len(role), role)


def main(role, server):
    agent = Nice.Agent.new(GLib.MainContext.default(), Nice.Compatibility.RFC5245)
    agent.set_property("stun-server", server)
    agent.set_property("controlling-mode", role == "controlling")
    agent.set_property("upnp", False)
    agent.set_property("ice-tcp", False)
    agent.connect("candidate-gathering-done", on_gathered)
    agent.connect("component-state-changed", on_state, role)
    stream = agent.add_stream(1)
    agent.set_stream_name(stream, "application")
    attach(agent, stream)
    agent.gather_candidates(stream)
    GLib.MainLoop().run()


main(*sys.argv[1:])
