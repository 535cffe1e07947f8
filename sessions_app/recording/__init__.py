"""Recorded sound: files while they grow, closing them, recovering and deleting them.

What touches a file of sound belongs here. What is done with one that is
complete does not: another app reads it.
"""
