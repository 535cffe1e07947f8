"""Who is asking, and what they may: the owner, logins, keys, limits, input that is refused.

Middleware that lets requests in or turns them away belongs here. Pages do not.
"""
