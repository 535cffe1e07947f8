"""From the sound of an utterance to words that can be believed.

Hypotheses, their agreement and what is rejected of them belong here. The engines do not.
"""
