"""Idioms: phrases that do not mean what their words say, found in all their forms.

Patterns, the forms of verbs and the list that comes with Habla belong here. The owner's rows do
not: they are read elsewhere and handed over.
"""
