"""The two programs of a test of functions: the completion's, which serves calls, and the test, which makes them.

They are built and run apart, each in a box of its own; a socket joins them, over which data goes and nothing else.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

from ..outside.limits import Limits
from ..syntax import definer
from .recipes import recipe
from .signature import signature_of
from .stdio import is_module
from .toolchains import Toolchain

JS_NAMES = re.compile(
    r"^\s*(?:async\s+)?(?:function\s*\*?\s*([A-Za-z_$][\w$]*)|(?:const|let|var)\s+([A-Za-z_$][\w$]*)\s*=)", re.M
)
TESTER_PATIENCE = 2  # a test waits for the program, which has its own limits


@functools.cache
def support(name: str) -> str:
    """A file of this package's that goes into a box."""
    return (files(__package__) / "support" / name).read_text()


def programs(toolchain: Toolchain, code: str, prompt: str, entry: str, limits: Limits) -> Iterator[dict[str, Any]]:
    """The recipes of the program's end, in the forms that may be meant, the likeliest first."""
    whole = bool(definer(entry, toolchain.language)(code))
    if toolchain.language == "javascript":
        whole = whole or "module.exports" in code
        told = f"globalThis.$jurybox_entry = typeof {entry} === 'undefined' ? undefined : {entry};"
        source = f"{code if whole else prompt + code}\n;{told}\n"
        name = "program.mjs" if is_module(source) else "program.js"
        main = f"require('./peer.js').serve({json.dumps(entry)}, {limits.reply_kb << 10}, './{name}');\n"
        yield recipe(toolchain, {"main.js": main, "peer.js": support("peer.js"), name: source}, limits)
        return
    signature = signature_of(prompt)
    call = f"[]({signature.parameters}) -> decltype(auto) {{ return {signature.name}({signature.arguments}); }}"
    closing = "}" * max(0, (prompt + code).count("{") - (prompt + code).count("}"))
    for source in [signature.before + code, code] if whole else [prompt + code + closing]:
        main = (
            '#include "peer.hpp"\n#define main jurybox_no_main\n#include "program.hpp"\n#undef main\n'
            f"int main() {{ jurybox::serve({call}); }}\n"
        )
        yield recipe(toolchain, {"main.cpp": main, "peer.hpp": support("peer.hpp"), "program.hpp": source}, limits)


def tester(toolchain: Toolchain, source: str, prompt: str, entry: str, limits: Limits) -> dict[str, Any]:
    """The recipe of the test's end."""
    if toolchain.language == "javascript":
        name = "test.mjs" if is_module(source) else "test.js"
        main = f"require('./peer.js').test({json.dumps(entry)}, {limits.reply_kb << 10}, './{name}');\n"
        task = recipe(toolchain, {"main.js": main, "peer.js": support("peer.js"), name: source}, limits)
    else:
        signature = signature_of(prompt)
        answer = f"jurybox::ask<decltype({signature.name}({signature.arguments}))>({signature.arguments})"
        body = source.lstrip().removeprefix("}") if source.count("}") > source.count("{") else source
        text = (
            f'#include "peer.hpp"\n#include <cassert>\nstatic jurybox::Test jurybox_test;\n{signature.before}\n'
            f"{signature.head} {{ return {answer}; }}\n{body}\n"
        )
        task = recipe(toolchain, {"test.cpp": text, "peer.hpp": support("peer.hpp")}, limits)
    bounds = dict(task["bounds"])
    for name in ("awake_s", "wall_s"):
        bounds[name] *= TESTER_PATIENCE
    return task | {"bounds": bounds}


def entry_of(language: str, prompt: str, entry: str | None) -> str:
    """The name of the function that is tested. Raises ValueError when nothing says it."""
    if language == "cpp":
        return signature_of(prompt).name
    if entry:
        return entry
    names = [first or second for first, second in JS_NAMES.findall(prompt)]
    if not names:
        raise ValueError("JavaScript tests need the name of the function: give entry='f', or a prompt that opens it")
    return str(names[-1])
