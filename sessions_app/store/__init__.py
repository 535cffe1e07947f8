"""Rows: read and written for live sessions, for the process that serves them, and for pages.

Whatever a session or a process asks is async, and queries on the database thread
(``on_database_thread``), or returns a future of what is written behind. What pages, the admin and
commands ask is plain, and queries in the thread of whoever asks: a slow page stops no microphone.

The only package besides the admin and the deletion of recordings that imports the tables.
Queries belong here; what a session or a page does with the answer does not.
"""
