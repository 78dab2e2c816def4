"""Programs that are no Python: what is needed to run them, and their tests.

    toolchains.py   whether a language's tools are on this machine, and where
    recipes.py      what is compiled and run, within which bounds
    build.py        one program that is built in the box, and its runs
    stdio.py        standard input and output, in every language
    functions.py    functions, by a test program; peers.py, signature.py and support/ are the two ends of its link
    sql.py          rows of a database
    runners.py      which kinds of tests there are for which language

The box around them is `..box.foreign`. SQL needs no tools: it runs in the Python that is there (`..box.sql`).
"""
