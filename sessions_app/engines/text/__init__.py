"""What can be told from a text alone: its language, its sentences, whether it is a translation.

Pure functions on text belong here. What knows an engine does not.
"""
