"""Values and small tools that everything else speaks of: events, errors, audio, text, counters.

What knows nothing of the rest of Habla belongs here. Whatever reads a setting, a row or a socket
does not.
"""
