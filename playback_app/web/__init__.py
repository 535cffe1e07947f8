"""Recordings and playbacks over HTTP: pages, REST routes, and the bytes that players ask for.

Views, schemas and what only they need belong here. Queries do not: see ``catalog`` and ``store``.
"""
