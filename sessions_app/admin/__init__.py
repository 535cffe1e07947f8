"""The admin: tables to look at, to rename and to delete; what was said is not rewritten.

A table for administrators belongs here. Pages for everybody do not: those are in ``web``.
"""

from sessions_app.admin import conversations as conversations
from sessions_app.admin import idioms as idioms
