"""A child that runs one program on several inputs, one after the other, each with descriptors of its own for 0 and 1.

The first pair comes with the task, so that the program starts at once.

It never learns an expected output. What one run leaves behind can therefore only spoil the next one's answer, and
the caller runs a spoilt test again in a fresh child.
"""

from __future__ import annotations

import os
from typing import Any

from . import assembly, devices, program
from .wire import Channel, receive_descriptors


def run(channel: Channel, task: dict[str, Any]) -> int:
    """Run the first test, and more until the caller hangs up; the exit status of the child."""
    try:
        code = assembly.compiled(task)
    except program.CompileError as error:
        channel.send(["failed", "compile_error", str(error)])
        return 1
    errors = program.open_errors()
    devices.give(task["code"])
    while True:
        program.open_streams(errors)
        program.reset(task["seed"])
        namespace = program.fresh_main()
        if task.get("starter"):
            assembly.give_starter_names(namespace)
        ending = program.execute(code, namespace)
        devices.forget(namespace, task["code"])
        channel.send(["ended", *ending])
        data, descriptors = receive_descriptors(channel.socket, 1)
        if not data:
            return 0
        for place, descriptor in enumerate(descriptors):
            os.dup2(descriptor, place)
            os.close(descriptor)
