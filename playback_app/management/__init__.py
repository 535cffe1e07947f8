"""The management commands of recordings and playback.

Arguments and printing belong here. The work does not: a command calls the module that does it.
"""
