"""One management command per file.

Only commands belong here, since Django takes every module for one. What they share does not: see
``sessions_app.management``.
"""
