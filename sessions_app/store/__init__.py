"""Rows: read and written, always on the database thread.

The only package besides the admin and the deletion of recordings that imports the tables.
Queries belong here; what a session or a page does with the answer does not.
"""
