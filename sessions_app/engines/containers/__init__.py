"""Parsers of media containers: EBML, MP4, Ogg, FLAC and WAV, without decoding any sound.

Parsers, and the checks of what a decoder is given, belong here. What needs libav does not: see
``decoding``.
"""
