"""Engines that translate, except for language models, and translators made of other translators.

Each engine has one file here, beside what only it needs. What judges a translation by its text
alone does not belong here: see ``text``.
"""
