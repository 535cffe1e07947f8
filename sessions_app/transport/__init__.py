"""Below requests and messages: connections, HTTP, WebSocket handshakes and frames, all bounded.

What Daphne or a proxy passes on belongs here. Who is asking does not: see ``access``.
"""
