"""The index of papers: from a slug to the files where its parts are, read off the tree and the paper's own page."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_PATH = re.compile(r"`((?:judges|rewards)/[\w/]+(?:\.py|/))`")
KINDS = ("judge", "reward", "trainer", "benchmark", "tests")


@dataclass(frozen=True)
class Entry:
    """A paper: `files` by kind, as paths from the root of the tree; a folder ends in "/"."""

    slug: str
    title: str
    files: dict[str, tuple[str, ...]]


def entries(root: Path) -> list[Entry]:
    """Every paper with a page in `docs/papers/`.

    Trainer and benchmark lie under the slug; judges and rewards, which papers share, are those the page names; tests
    are those of the slug, of these judges and of these rewards.
    """
    return [_entry(root, page) for page in sorted((root / "docs" / "papers").glob("*.md")) if page.stem != "README"]


def index_page(root: Path) -> str:
    """The text of `docs/papers/README.md`."""
    lines = [
        "# Papers",
        "",
        "Made by `python -m jurybox.benchmarks --pages docs`; nothing here is typed. One slug names a paper's page,",
        "trainer, benchmark and golden numbers (with `_` for `-` in Python). A page names the judges and rewards that",
        "are its paper's.",
        "",
        "| paper | " + " | ".join(KINDS) + " |",
        "|---|" + "---|" * len(KINDS),
    ]
    for entry in entries(root):
        cells = ["<br>".join(map(_link, entry.files[kind])) for kind in KINDS]
        lines.append(f"| [**{entry.slug}**]({entry.slug}.md)<br>{entry.title} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _entry(root: Path, page: Path) -> Entry:
    text, slug, name = page.read_text(encoding="utf-8"), page.stem, page.stem.replace("-", "_")
    named = sorted({path for path in _PATH.findall(text) if (root / path).exists()})
    by_slug = [*(root / "tests").rglob(f"test_{name}*.py"), root / "tests" / "golden" / f"{slug}.json"]
    return Entry(
        slug,
        text.partition("\n")[0].removeprefix("# "),
        {
            "judge": tuple(path for path in named if path.startswith("judges/")),
            "reward": tuple(path for path in named if path.startswith("rewards/")),
            "trainer": _there(root, [root / "trainers" / "papers" / f"{name}{end}" for end in ("", ".py")]),
            "benchmark": _there(root, [root / "benchmarks" / "papers" / name]),
            "tests": _there(root, [*by_slug, *(path for part in named for path in _tests_of(root, part))]),
        },
    )


def _tests_of(root: Path, part: str) -> list[Path]:
    """The tests of a judge or a reward: a folder of the same name, or files."""
    folder, name = part.split("/")[0], part.split("/")[1].removesuffix(".py")
    below = root / "tests" / folder
    return [below / name] if (below / name).is_dir() else sorted(below.rglob(f"test_{name}*.py"))


def _there(root: Path, paths: Iterable[Path]) -> tuple[str, ...]:
    found = {path.relative_to(root).as_posix() + ("/" if path.is_dir() else "") for path in paths if path.exists()}
    return tuple(sorted(found))


def _link(path: str) -> str:
    return f"[`{path}`]({os.path.relpath(path, 'docs/papers')})"
