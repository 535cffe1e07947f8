"""Live sessions: one connection's life from its start to its end, and who is live.

What begins and ends with a session belongs here. The WebSocket that carries it does not, nor what
is kept of it.
"""
