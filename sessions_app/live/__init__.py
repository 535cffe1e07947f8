"""Live sessions: one connection's life from its start to its end, and which sessions are live.

What begins and ends with a session belongs here. Its WebSocket and what is stored of it do not.
"""
