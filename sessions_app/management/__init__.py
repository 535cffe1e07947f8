"""Management commands, and what they print.

A command does little itself: it asks the package that is responsible.
"""
