"""What a line of the log looks like, and which session it belongs to.

Formatters, filters and handlers of Python's logging belong here. What is logged does not.
"""
