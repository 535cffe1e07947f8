"""Static files as browsers may keep them: bundled, hashed and compressed.

What pages are made of lies in the apps' `static` directories, and not here.
"""
