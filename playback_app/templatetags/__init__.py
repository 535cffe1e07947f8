"""Template filters for lengths and positions in a recording.

How a value is written on a page belongs here. Computing it does not.
"""
