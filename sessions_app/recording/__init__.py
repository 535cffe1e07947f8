"""Recorded sound: files while they grow, closing them, recovering and deleting them.

What touches a file of sound belongs here. Playing one does not: see ``playback_app``.
"""
