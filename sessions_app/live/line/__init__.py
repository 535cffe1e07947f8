"""A session's line: the queue of what comes in, chunks of sound and commands in their order.

What a command does does not belong here but in `live/operations.py`; what becomes of the sound is
the pipeline's.
"""
