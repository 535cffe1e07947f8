"""Decoding of live streams and whole files to 16 kHz mono PCM.

Decoders, their processes, resampling and clocks belong here. Parsing a container, which needs no
decoder, does not: see ``containers``.
"""
