"""The box around programs that are no Python: compilers, interpreters and what they make, each run by `execve`.

A program of such a language needs files to be read, perhaps written, and perhaps processes, so the wall stands
elsewhere: every completion has process, mount, network and IPC namespaces of its own, a read-only root that holds the
tools of its language and nothing else, and folders in memory that go with it.

    server.py    makes the root once, then forks a keeper for each completion, as process 1 of a new namespace
    keeper.py    trusted: writes the sources, compiles, runs the program once a test, reports; holds no answers
    watch.py     one command: its output, processor time, memory and processes, and what ended it
    seal.py      from the fork to `execve`: descriptors, limits, no capabilities, Landlock, system-call filter
    calls.py     what a command may ask of the kernel
"""
