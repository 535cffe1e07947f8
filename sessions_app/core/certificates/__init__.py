"""Certificates for https: the authority of this house, what it signs, and given ones.

What makes, reads and compares certificates belongs here. TLS connections do not: see ``transport``;
nor does when a certificate is renewed: see ``server``.
"""
