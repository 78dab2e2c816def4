"""Warm starts: the same recipe gives the same weights, and the disk never holds half of one."""

import multiprocessing
from pathlib import Path

import pytest
import torch

from jurybox.benchmarks.playground import cache
from jurybox.benchmarks.playground.cache import cache_directory, cached_warm_start, entry_of, is_cached, load_warm_start
from jurybox.benchmarks.playground.policy import tiny_policy
from jurybox.benchmarks.playground.sampling import sample_completions
from jurybox.benchmarks.playground.tasks import Arithmetic, Chains, Records
from jurybox.benchmarks.playground.tokenizer import character_tokenizer
from jurybox.benchmarks.playground.warmstart import WarmStart, warm_started

QUICK = WarmStart(steps=2, batch=4, warmup=1)
BOTH = WarmStart(tasks=(Arithmetic(), Records()), weights=(0.6, 0.4), steps=2, batch=8, warmup=1)


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("JURYBOX_CACHE", str(tmp_path / "cache"))
    torch.set_num_threads(1)


def same(left: torch.nn.Module, right: torch.nn.Module) -> bool:
    pairs = zip(left.state_dict().values(), right.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_the_policy_has_the_published_size_and_its_seed_decides() -> None:
    tokenizer = character_tokenizer()
    policy = tiny_policy(tokenizer, seed=3)
    before = torch.random.get_rng_state()
    assert policy.num_parameters() == 515_712
    assert same(policy, tiny_policy(tokenizer, seed=3))
    assert not same(policy, tiny_policy(tokenizer, seed=4))
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize("recipe", [QUICK, BOTH], ids=["chains", "mixture"])
def test_a_recipe_decides_its_weights(recipe: WarmStart) -> None:
    heard: list[int] = []
    policy, _ = warm_started(recipe, on_step=heard.append)
    assert heard == [1, 2]
    assert not policy.training
    assert same(policy, warm_started(recipe)[0])
    assert not same(policy, tiny_policy(character_tokenizer(), seed=recipe.seed))


def test_recipes_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one task"):
        WarmStart(tasks=())
    with pytest.raises(ValueError, match="2 weights for 1 tasks"):
        WarmStart(weights=(1.0, 2.0))


def test_cached_once_and_read_back_equal(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not is_cached(QUICK)
    entry = cached_warm_start(QUICK)
    assert is_cached(QUICK)
    assert same(load_warm_start(entry)[0], warm_started(QUICK)[0])
    monkeypatch.setattr(cache, "warm_started", lambda *args, **kwargs: pytest.fail("trained again"))
    assert cached_warm_start(QUICK) == entry


def test_every_ingredient_is_in_the_key() -> None:
    recipes = [QUICK, BOTH, WarmStart(seed=1), WarmStart(tasks=(Chains(slip=0.2),)), WarmStart(steps=3)]
    assert len({entry_of(recipe) for recipe in recipes}) == len(recipes)


def test_a_damaged_entry_is_made_again() -> None:
    entry = cached_warm_start(QUICK)
    weights = entry / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    assert not is_cached(QUICK)
    assert (cached_warm_start(QUICK) / "model.safetensors").read_bytes() == whole


def test_a_crash_while_publishing_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(*args: object, **kwargs: object) -> None:
        raise OSError("no space left")

    entry = entry_of(QUICK)
    with monkeypatch.context() as patch:
        patch.setattr(cache.json, "dumps", full_disk)
        with pytest.raises(OSError, match="no space left"):
            cached_warm_start(QUICK)
    assert [path.name for path in entry.parent.iterdir()] == [f"{entry.name}.lock"]
    assert cached_warm_start(QUICK) == entry


def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert cache_directory() == tmp_path / "cache"
    monkeypatch.delenv("JURYBOX_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_directory() == tmp_path / "jurybox"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_directory() == Path.home() / ".cache" / "jurybox"
    (tmp_path / "file").touch()
    monkeypatch.setenv("JURYBOX_CACHE", str(tmp_path / "file"))
    with pytest.raises(OSError, match=r"cannot write warm starts .* set JURYBOX_CACHE to another place"):
        cached_warm_start(QUICK)


@pytest.mark.slow
def test_two_processes_share_one_training() -> None:
    context = multiprocessing.get_context("spawn")
    with context.Pool(2) as pool:
        entries = pool.map(cached_warm_start, [QUICK, QUICK])
    assert entries == [entry_of(QUICK)] * 2
    assert is_cached(QUICK)
    names = {path.name for path in entry_of(QUICK).parent.iterdir()}
    assert names == {entry_of(QUICK).name, f"{entry_of(QUICK).name}.lock"}


def test_sampling_is_decided_by_its_seed_and_leaves_no_trace() -> None:
    policy, tokenizer = warm_started(QUICK)
    policy.train()
    prompts = ["1+1?", "2+3-4?", "7+7?"]
    before = torch.random.get_rng_state()
    first = sample_completions(policy, tokenizer, prompts, new_tokens=6, seed=1)
    assert policy.training
    assert torch.equal(before, torch.random.get_rng_state())
    assert first == sample_completions(policy, tokenizer, prompts, new_tokens=6, seed=1)
    assert first != sample_completions(policy, tokenizer, prompts, new_tokens=6, seed=2)
    greedy = [sample_completions(policy, tokenizer, prompts, new_tokens=6, temperature=0, seed=s) for s in (1, 2)]
    assert greedy[0] == greedy[1]
