"""The sound that is kept: files while they grow, closing them, recovering and deleting them.

What touches a file of sound belongs here. Playing one back is playback_app's.
"""
