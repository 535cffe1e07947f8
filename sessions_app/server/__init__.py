"""The serving process: its start, its background work, its operator commands and its end.

What exists once per process and works in the background belongs here. What exists once per
session does not: see ``live``.
"""
