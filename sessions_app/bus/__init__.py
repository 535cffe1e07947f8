"""What passes between processes: the channel layer, and hints that rows have changed.

What is sent from one process to others belongs here. What they then do does not.
"""
