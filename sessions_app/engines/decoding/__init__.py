"""Encoded sound to 16 kHz mono PCM: live streams and whole files.

Decoders, their processes, resampling and clocks belong here. Parsing a container, which needs no
decoder, does not: see ``containers``.
"""
