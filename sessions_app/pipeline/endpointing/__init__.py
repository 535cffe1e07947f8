"""Where speech begins, where it ends, and where it is cut if it does not.

Pauses, breaks and the ends of sentences belong here. Finding the words does not.
"""
