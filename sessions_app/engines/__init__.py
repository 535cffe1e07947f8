"""Engines: decoders, detectors, transcribers and translators, and how settings choose them.

``base`` defines what an engine is; an engine of your own is one file that imports it. What is done
with an engine's answers does not belong here: see ``pipeline``.
"""
