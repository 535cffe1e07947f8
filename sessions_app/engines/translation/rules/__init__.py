"""What is changed before, between and behind Apertium's sections: what its rules get wrong.

The modules of a direction belong here, beside the words of Apertium's stream (``units``) and the
text with its inserts and marks (``draft``). Running Apertium does not, nor other translators.
"""
