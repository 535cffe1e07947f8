"""LM Studio on this machine: started, monitored, and stopped.

What talks to ``lms`` or its REST API belongs here. Translating with it does not: see ``llm``.
"""
