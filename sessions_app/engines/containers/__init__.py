"""The grammar of media containers: EBML, MP4, Ogg, FLAC, WAV, read without decoding anything.

Parsers, and checks of what a decoder may be given, belong here. Nothing here needs libav.
"""
