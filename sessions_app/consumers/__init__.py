"""The WebSockets: frames in, frames out, and how much a client sends and reads.

Channels consumers belong here. What a message makes a session do does not: see ``live``.
"""
