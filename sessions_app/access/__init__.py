"""Who is asking, and what they may do: the owner, logins, keys, rate limits, refused input.

Authentication and middleware that refuses requests belong here. Pages do not: see ``web``.
"""
