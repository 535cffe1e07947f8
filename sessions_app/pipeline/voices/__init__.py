"""Who speaks: utterances are given to voices by their voice prints.

Responsible for: which prints are one voice's while a conversation goes on. Making the prints is not
done here, but by an engine: see ``sessions_app.engines.voices``.
"""
