"""LM Studio on this machine: started, watched, told which model to hold, and stopped.

What talks to ``lms`` or its REST API belongs here. Translating by it does not: see ``llm``.
"""
