"""Voice encoders: they turn speech into a voice print, by which voices are told apart.

Responsible for: models of voices and reading their files. Which voice belongs to whom
is not decided here, but in ``sessions_app.pipeline.voices``.
"""
