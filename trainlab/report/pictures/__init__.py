"""Pictures of runs and sweeps: from what is in their folders to Vega-Altair charts, one picture a file.

A new picture is a file here with a function that returns `Picture`s, and its name in the list of `gallery.py`.
"""
