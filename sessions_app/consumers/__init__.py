"""The WebSockets: frames in, frames out, rate limits, and clients that read too slowly.

Channels consumers belong here. What a message makes a session do does not: see ``live``.
"""
