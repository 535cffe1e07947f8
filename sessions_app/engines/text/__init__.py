"""What a text tells of itself: its language, its sentences, whether it is a translation at all.

Pure functions on text belong here. Nothing here knows an engine.
"""
