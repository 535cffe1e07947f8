"""`manage.py doctor`: what is missing on this machine, and how to fix it.

Checks belong here, one function each. Fixing what they find does not.
"""
