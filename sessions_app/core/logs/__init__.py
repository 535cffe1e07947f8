"""Logging: the format of a log line, and the session that it belongs to.

Formatters, filters and hooks of Python's logging belong here. Log messages do not.
"""
