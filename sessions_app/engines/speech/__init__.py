"""Engines that hear: voice activity detection and transcription.

Each engine has one file here, beside what only engines of that kind need. What is done with the
words they find does not belong here: see ``sessions_app.pipeline.recognition``.
"""
