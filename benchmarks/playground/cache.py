"""Warm starts kept on disk, so that a recipe is trained once on a machine.

An entry appears by one rename of a finished directory: whoever looks sees all of it or nothing. A lock file
makes a second process wait instead of training the same thing, and sizes written beside the files expose an
entry that a full disk or a crash cut short. The key covers the recipe and the code that carries it out.
"""

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from .warmstart import WarmStart, warm_started

VARIABLE = "JURYBOX_CACHE"
MANIFEST = "manifest.json"
CODE = ("tokenizer.py", "policy.py", "warmstart.py", "tasks/*.py")


def cache_directory() -> Path:
    """Return where warm starts are kept: $JURYBOX_CACHE, else $XDG_CACHE_HOME/jurybox, else ~/.cache/jurybox."""
    if chosen := os.environ.get(VARIABLE):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "jurybox"


def entry_of(recipe: WarmStart) -> Path:
    """Return the recipe's directory, whether or not it exists yet."""
    digest = hashlib.sha256(f"{recipe!r} torch {torch.__version__}".encode())
    here = Path(__file__).parent
    for path in sorted(path for pattern in CODE for path in here.glob(pattern)):
        digest.update(path.read_bytes())
    return cache_directory() / "warm-starts" / digest.hexdigest()[:20]


def is_cached(recipe: WarmStart) -> bool:
    """Tell whether the recipe's warm start is on disk and whole."""
    return _is_whole(entry_of(recipe))


def cached_warm_start(recipe: WarmStart, *, on_step: Callable[[int], None] | None = None) -> Path:
    """Return a directory that `from_pretrained` reads, training the recipe first when it is not there.

    Raises OSError naming the directory and the variable that moves it when nothing can be written there.
    """
    entry = entry_of(recipe)
    if _is_whole(entry):
        return entry
    with _locked(entry):
        if not _is_whole(entry):  # another process may have finished while this one waited
            shutil.rmtree(entry, ignore_errors=True)
            policy, tokenizer = warm_started(recipe, on_step=on_step)
            _publish(policy, tokenizer, recipe, entry)
    return entry


def load_warm_start(entry: Path) -> tuple[LlamaForCausalLM, PreTrainedTokenizerFast]:
    """Load what `cached_warm_start` returned."""
    policy = LlamaForCausalLM.from_pretrained(entry, dtype=torch.float32)
    return policy, PreTrainedTokenizerFast.from_pretrained(entry)


@contextmanager
def _locked(entry: Path) -> Iterator[None]:
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        lock = entry.with_suffix(".lock").open("w")
    except OSError as error:
        raise OSError(
            f"cannot write warm starts to {entry.parent} ({error}); set {VARIABLE} to another place"
        ) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # released when the file closes, also when the process is killed
        yield


def _publish(policy: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, recipe: WarmStart, entry: Path) -> None:
    draft = Path(tempfile.mkdtemp(prefix=f"{entry.name}.", dir=entry.parent))
    try:
        policy.save_pretrained(draft)
        tokenizer.save_pretrained(draft)
        sizes = {path.name: path.stat().st_size for path in draft.iterdir()}
        (draft / MANIFEST).write_text(json.dumps({"recipe": repr(recipe), "sizes": sizes}, indent=1))
        draft.rename(entry)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _is_whole(entry: Path) -> bool:
    try:
        sizes: dict[str, int] = json.loads((entry / MANIFEST).read_text())["sizes"]
        return all((entry / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError, KeyError):
        return False
