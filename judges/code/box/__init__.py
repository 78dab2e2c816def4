"""The box: everything that runs in the server and in its children, on the hostile side of the wall.

These modules import the standard library and each other, nothing else of this project: the server loads them by
path under the name `jurybox_box`, so that a program finds no judge, no trainer and no test in its own process.
The caller imports two of them as well, `wire` and `values`, because both sides must agree on the bytes.

    boot.py        started by path: loads this package, hands over to `server`
    server.py      one thread, forks on request, reports what ended; never sees a program, an input or an answer
    confine.py     puts the layers on in their only order: privileges, namespaces, Landlock, system-call filter
    filter.py      what a program may ask of the kernel, as a table with reasons; seccomp.py assembles it
    child.py       from fork to the first instruction of the program
    stdio.py, calls.py, candidate.py, tester.py    the four kinds of children
"""
