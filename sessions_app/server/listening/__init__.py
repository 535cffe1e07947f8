"""By which names the serving process is reached, and the certificate with which it speaks https.

What follows the network while the server runs belongs here. Connections do not: see ``transport``.
"""
