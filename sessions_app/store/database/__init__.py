"""The database itself: its thread, its outages, its identity, and writes that wait for it.

What would be the same for any table belongs here. Queries on particular tables do not.
"""
