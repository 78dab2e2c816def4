"""What a user got wrong and can mend: told in a sentence, without a traceback."""

from __future__ import annotations

import traceback

from ..judges.errors import JuryboxError

EXTRAS = {
    "trl": ("accelerate", "datasets", "peft", "pyarrow", "torch", "transformers", "trl"),
    "plot": ("matplotlib",),
    "fast": ("jsonschema_rs",),
    "cluster": ("dask", "distributed", "ray"),
    "serve": ("fastapi", "prometheus_client", "starlette", "uvicorn"),
}


class Mistake(JuryboxError):  # noqa: N818 - it is the user's, and the message says how to mend it
    """Ends a command with exit status 2; its text is all that is shown."""


def missing_extra(error: ModuleNotFoundError) -> Exception:
    """The mistake behind a failed import: the extra to install, or the error itself when none would help."""
    name = (error.name or "").partition(".")[0]
    for extra, modules in EXTRAS.items():
        if name in modules:
            return Mistake(f"this needs the package {name}: pip install 'jurybox[{extra}]'")
    return error


def told(error: BaseException) -> str:
    """An exception in one line, with the place it was raised at."""
    frame = traceback.extract_tb(error.__traceback__)[-1:]
    where = f" ({frame[0].filename}:{frame[0].lineno})" if frame else ""
    return f"{type(error).__name__}: {error}{where}"


def in_short(error: BaseException) -> str:
    """What an exception says, in one line: of a traceback that it carries from another process, only the last."""
    head, traced, rest = str(error).partition("Traceback (most recent call last):")
    lines = rest.strip().splitlines()
    return f"{head.strip()} {lines[-1].strip()}" if traced and lines else " ".join(str(error).split())
