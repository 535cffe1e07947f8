"""Template filters for phrases and translations.

How a value is written on a page belongs here. Computing it does not.
"""
