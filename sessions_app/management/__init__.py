"""The management commands, and how they print.

Arguments and printing belong here. The work does not: a command calls the package that does it.
"""
