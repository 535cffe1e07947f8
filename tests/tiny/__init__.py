"""Makers of tiny models that the real libraries load: no training, no download, a second each."""
