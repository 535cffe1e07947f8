"""The serving process: started, watched, told what to do, and ended with an honest exit code.

What exists once a process and works in the background belongs here. What exists once a session
does not: see ``live``.
"""
