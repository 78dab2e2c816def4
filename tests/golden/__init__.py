"""Golden numbers of the papers, and the runner that holds the project's functions against them.

`python -m tests.golden FILE…` runs files of the form described in `case.py`. What a paper's functions are called here
is said by `adapters/SLUG.py`, one small module a paper.
"""
