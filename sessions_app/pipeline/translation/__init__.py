"""Translating what was recognised: drafts, ahead of time, with context, within a limit.

When and how often a translator is asked belongs here. The translators do not.
"""
