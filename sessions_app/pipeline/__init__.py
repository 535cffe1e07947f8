"""From chunks of sound to exchanges, in stages: plain asyncio, without Django.

Steps between sound and translated words belong here. Sending and keeping them does not.
"""
