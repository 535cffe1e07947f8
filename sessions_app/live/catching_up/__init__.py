"""Catching up: what an ended session was cut off from is transcribed and translated afterwards.

What hears recorded sound again, and when, belongs here. The rows it reads and writes do not: see
``store/catch_up.py``.
"""
