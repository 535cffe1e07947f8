"""Model files: which ones there are, where they come from, their digests.

Catalogues and downloads belong here. Loading a model into memory does not: its engine does that.
"""
