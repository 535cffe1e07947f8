"""The Django project: settings from the environment, the ASGI application, the root URLs.

What decides how the apps are plugged together and served belongs here. What they do does not.
"""
