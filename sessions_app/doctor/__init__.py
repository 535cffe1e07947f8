"""What the server needs, checked part by part, with what to do where something is missing."""
