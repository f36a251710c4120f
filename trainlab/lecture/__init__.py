"""The lecture: chapters of configs, text and claims, run and bound into one book.

chapter.py      reads a chapter's folder
running.py      trains the runs and sweeps that are missing
expression.py   the small language of claims and of `{{...}}` in texts
numbers.py      functions that it may call for a number
figures.py      functions that it may call for a picture
book.py         text, pictures and claims as one HTML page
"""
