"""One management command per file: `play` and `recordings`.

Only commands belong here, since Django takes every module for one. What they share does not.
"""
