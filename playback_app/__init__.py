"""Recordings and playback: looked at, heard, and played into live sessions again.

What a recording is played for belongs here. Making one does not: see ``sessions_app.recording``.
"""
