"""`manage.py doctor`: what is missing on this machine, and how to mend it.

Findings belong here, one function each. Mending does not.
"""
