"""`jurybox doctor`: what this machine offers, found out by trying, and what to do about what is missing."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .mistakes import EXTRAS

if TYPE_CHECKING:
    from ..judges.code import IsolationReport

CORE = ("jsonschema", "math-verify", "rich", "sympy")
LEVELS = {
    "strict": "programs of a model can be judged here: CodeJudge()",
    "degraded": "programs would run with something open: CodeJudge(isolation='degraded') says so in every verdict",
    "none": "there is no isolation here: judge only programs that you trust, with CodeJudge(isolation='none')",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `jurybox doctor`."""
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")


def run(args: argparse.Namespace) -> int:
    """Print the findings; the exit status is 1 when programs cannot be judged with strict isolation."""
    report, trouble = isolation()
    if args.json:
        print(json.dumps(findings(report, trouble), indent=2))
    else:
        show(Console(), report, trouble)
    return 0 if report is not None and report.level == "strict" else 1


def isolation() -> tuple[IsolationReport | None, str]:
    """The report of a trial server, or None and why there is none."""
    from ..judges.code import CodeJudge, IsolationUnavailable, ServerLost

    try:
        return CodeJudge.probe(), ""
    except (IsolationUnavailable, ServerLost) as error:
        return None, str(error)


def languages() -> Iterator[tuple[str, str, str]]:
    """Each language beside Python, what runs it ("" when it cannot be judged here), and why not."""
    from ..judges.code import CodeJudge, IsolationUnavailable, ServerLost, ToolchainMissing
    from ..judges.code.languages.toolchains import TOOLED, find
    from ..judges.code.syntax import LANGUAGES

    for language in LANGUAGES:
        if language == "python":
            continue
        try:
            CodeJudge.probe(language=language)
            yield language, find(language).version if language in TOOLED else f"SQLite {sqlite_version()}", ""
        except (IsolationUnavailable, ServerLost, ToolchainMissing) as error:
            yield language, "", str(error)


def sqlite_version() -> str:
    """The version of the SQLite that this Python has."""
    import sqlite3

    return sqlite3.sqlite_version


def packages() -> Iterator[tuple[str, str, str | None]]:
    """Extra ("" for what is always there), package, and its version or None."""
    wanted = [("", name) for name in CORE] + [(extra, name) for extra, names in EXTRAS.items() for name in names]
    for extra, name in wanted:
        try:
            yield extra, name, version(name.replace("_", "-"))
        except PackageNotFoundError:
            yield extra, name, None


def advice(report: IsolationReport | None, trouble: str) -> list[str]:
    """What to do, most important first; empty when all is well."""
    from ..judges.code.outside.isolation import REMEDIES

    lines = [trouble] if report is None else []
    if report is not None and report.level != "strict":
        lines += [f"{layer}: {REMEDIES[layer]}" for layer in report.missing if layer in REMEDIES]
    missing = dict.fromkeys(extra for extra, _name, found in packages() if extra and found is None)
    return lines + [f"pip install 'jurybox[{extra}]'" for extra in missing]


def findings(report: IsolationReport | None, trouble: str) -> dict[str, Any]:
    """All of it as plain data."""
    return {
        "jurybox": version("jurybox"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "user": os.getuid() if hasattr(os, "getuid") else None,
        "isolation": {
            "level": report.level if report else "none",
            "layers": list(report.layers) if report else [],
            "missing": dict(report.missing) if report else {"all": trouble},
            "escapes": list(report.escapes) if report else [],
        },
        "languages": {name: {"runs": runs, "why_not": why} for name, runs, why in languages()},
        "packages": {name: found for _extra, name, found in packages()},
        "advice": advice(report, trouble),
    }


def show(console: Console, report: IsolationReport | None, trouble: str) -> None:
    """Four blocks: the machine, the box, the languages, the packages; and then what to do."""
    found = findings(report, trouble)
    console.print(
        f"jurybox {found['jurybox']}, Python {found['python']} ({sys.executable}), {found['platform']}, "
        f"{'root' if found['user'] == 0 else 'an ordinary user'}",
        soft_wrap=True,
    )
    level = found["isolation"]["level"]
    console.print(
        Text.assemble("\nIsolation of programs: ", (level, "bold"), f". {LEVELS[level][0].upper()}{LEVELS[level][1:]}")
    )
    console.print(layers_table(report, trouble))
    if found["isolation"]["escapes"]:
        console.print(f"A trial program could: {', '.join(found['isolation']['escapes'])}", style="red")
    console.print(languages_table(found["languages"]))
    console.print(packages_table())
    if found["advice"]:
        console.print("\nTo do:")
        for line in found["advice"]:
            console.print(Text(f"  {line}"), soft_wrap=True)


def layers_table(report: IsolationReport | None, trouble: str) -> Table:
    """Each layer, whether it holds, and what it gives or why it is missing."""
    from ..judges.code import LAYERS

    table = Table("layer", "here", "", box=None, padding=(0, 2, 0, 0), header_style="dim")
    for layer, gives in LAYERS.items():
        holds = report is not None and layer in report.layers
        why = "" if report is None else report.missing.get(layer, "")
        table.add_row(
            layer,
            Text("yes" if holds else "no", "green" if holds else "yellow"),
            gives if holds else why or trouble[:80],
        )
    return table


def languages_table(found: dict[str, dict[str, str]]) -> Table:
    """Each language beside Python, and whether the box holds for it."""
    table = Table("language", "here", "", box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name, told in found.items():
        here = Text("yes", "green") if told["runs"] else Text("no", "yellow")
        table.add_row(name, here, told["runs"] or told["why_not"])
    return table


def packages_table() -> Table:
    """Each package with its version."""
    table = Table("extra", "package", "version", box=None, padding=(0, 2, 0, 0), header_style="dim")
    for extra, name, found in packages():
        table.add_row(extra, name, found or Text("missing", "yellow"))
    return table
