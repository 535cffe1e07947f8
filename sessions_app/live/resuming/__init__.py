"""What a session needs so that its client may come back: tickets, numbered events, positions.

What a session does when its client is away does not belong here, but in `live/presence.py`.
"""
