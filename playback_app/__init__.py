"""Recordings and playback: to list, to listen to, and to play into live sessions again.

What a recording is played for belongs here. Making one does not: see ``sessions_app.recording``.
"""
