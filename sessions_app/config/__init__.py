"""The settings: declared once, read from the environment and `habla.env`, and checked.

What an operator may configure belongs here, as do the data directory, its modes and its secrets.
What is done with a setting does not.
"""
