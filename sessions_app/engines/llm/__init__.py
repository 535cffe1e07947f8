"""Language models behind an HTTP server that speaks OpenAI's chat completions.

Requests, answers, models and prices belong here. Starting LM Studio does not: see ``lmstudio``.
"""
