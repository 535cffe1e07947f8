"""The live interpreter: sessions, their pipeline and engines, and what is kept of them.

The top level holds what Django, Channels and clients look for by name: the app, its addresses, its
checks, the wire protocol. Anything else does not belong here, but in the package that is
responsible for it; docs/architecture.md says which.
"""
