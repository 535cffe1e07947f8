"""From chunks to exchanges, in stages: plain asyncio, without Django."""
