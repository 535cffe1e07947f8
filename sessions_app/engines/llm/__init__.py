"""Language models behind any HTTP server that implements OpenAI's chat completions.

Requests, answers, models and prices belong here. Starting LM Studio does not: see ``lmstudio``.
"""
