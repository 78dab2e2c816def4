from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jurybox.judges import Memo


@given(st.lists(st.integers(0, 30)), st.integers(2, 20))
def test_is_bounded_and_never_wrong(keys, size):
    memo = Memo(size)
    for key in keys:
        remembered = memo.get(key)
        assert remembered in (None, key * key)
        memo[key] = key * key
        assert memo.get(key) == key * key
        assert len(memo) <= size


def test_what_is_asked_for_again_survives():
    memo = Memo(size=10)
    memo["hot"] = True
    for cold in range(1000):
        memo[cold] = False
        assert memo.get("hot") is True
    assert memo.get(0) is None


def test_default_and_clear():
    memo = Memo(size=4)
    assert memo.get("x", 5) == 5
    memo["x"] = None
    memo.clear()
    assert len(memo) == 0


def test_a_copy_travels_empty():
    memo = Memo(size=10)
    memo["x"] = object()
    again = pickle.loads(pickle.dumps(memo))
    assert (again.size, len(again)) == (10, 0)


def test_threads_share_one():
    memo = Memo(size=50)

    def work(seed):
        for i in range(2000):
            key = (seed * i) % 97
            if memo.get(key) not in (None, key):
                return False
            memo[key] = key
        return True

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(1, 9)))
    assert len(memo) <= 50


def test_needs_room():
    with pytest.raises(ValueError, match="room for at least 2"):
        Memo(1)


def test_bytes_are_bounded_too() -> None:
    memo: Memo[str] = Memo(max_bytes=1000, weigh=lambda key, value: len(value))
    for place in range(100):
        memo[place] = "x" * 90
    assert memo.get(99) == "x" * 90
    assert len(memo) * 90 <= 1000
    memo["huge"] = "x" * 600
    assert memo.get("huge") is None
    with pytest.raises(ValueError, match="go together"):
        Memo(max_bytes=5)
