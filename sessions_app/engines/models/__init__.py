"""The files of models: which there are, where they come from, their digests.

Downloads and catalogues belong here. Loading a model into memory is its engine's.
"""
