"""What rewards observed, by group, where groups are scored long before they are trained on.

A checkpoint says up to which group everything was trained; later ones are drawn and scored again after a resume. So it
holds the state as if the groups before had been scored and no others, or a group would count twice.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Mapping
from typing import Any

from ...rewards import State


class Journal:
    """The states of some rewards, and what each group since the last checkpoint added to them.

    states: by name; committed here and nowhere else. saved: what a checkpoint held, or None at a start.
    """

    def __init__(self, states: Mapping[str, State], saved: Mapping[str, Any] | None) -> None:
        self._states = dict(states)
        self._lock = threading.Lock()
        self._entries: list[tuple[int, dict[str, list[Any]]]] = []
        for name, state in self._states.items():
            state.deferred = True
            if saved is not None:
                state.load_state_dict(saved[name])
        self._base = copy.deepcopy(self._states)

    def commit(self, group: int) -> None:
        """Take in what was observed of a group, so that the next one is scored with it."""
        with self._lock:
            observed = {name: state.pending() for name, state in self._states.items()}
            _commit(self._states, observed)
            self._entries.append((group, observed))

    def saved(self, first_untrained: int) -> dict[str, Any]:
        """The states from the groups before this one, as plain data; later ones are kept for the next checkpoint."""
        with self._lock:
            for group, observed in self._entries:
                if group < first_untrained:
                    _commit(self._base, observed)
            self._entries = [entry for entry in self._entries if entry[0] >= first_untrained]
            return {name: copy.deepcopy(state.state_dict()) for name, state in self._base.items()}


def _commit(states: Mapping[str, State], observed: Mapping[str, list[Any]]) -> None:
    for name, state in states.items():
        state.commit([observed[name]])
