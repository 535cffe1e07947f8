"""Engines: decoders, detectors, transcribers and translators, and how settings become them.

``base`` is all that is asked of an engine; an engine of your own is one file that imports it. What
is done with an engine's answers does not belong here: see ``pipeline``.
"""
