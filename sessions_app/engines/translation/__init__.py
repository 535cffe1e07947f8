"""Engines that translate, except by language models, and translators made of other translators.

One file an engine. What judges a translation by its text alone is in ``text``.
"""
