"""Settings as checked values, and the files of the data directory that hold them.

What an operator may configure belongs here, with its checks. What is done with it does not.
"""
