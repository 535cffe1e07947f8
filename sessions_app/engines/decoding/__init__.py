"""Encoded sound to 16 kHz mono PCM: live streams and whole files.

Decoders, their processes, resampling and clocks belong here. The grammar of a container that needs
no decoder is in ``containers``.
"""
