"""Pages and REST routes.

Views, schemas and what only they need belong here. Queries do not: see ``store``.
"""
