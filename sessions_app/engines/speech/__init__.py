"""Engines that hear: speech detection and transcription.

One file an engine, with what only engines of that kind need.
"""
