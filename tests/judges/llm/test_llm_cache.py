"""Replies on disk."""

import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from jurybox.judges.llm import LLMJudge, LocalModel, OpenAICompatible, Reply, ReplyCache, Scripted

ASK = "Is {{completion}} polite? {{labels}}"


def asked(path: Path, *lines: str, template: str = ASK, model: str = "m", **options: object) -> LLMJudge:
    return LLMJudge(Scripted(*lines), template, cache=path, model=model, **options)  # type: ignore[arg-type]


def test_the_second_run_of_a_batch_asks_nothing(tmp_path: Path) -> None:
    path = tmp_path / "new" / "replies.jsonl"
    first = asked(path, "yes", "no", limit=1)
    scores = [v.score for v in first.verdicts(["a", "b", "a"])]
    second = asked(path, "never asked")
    again = second.verdicts(["a", "b", "a"])
    assert [v.score for v in again] == scores == [1.0, 0.0, 1.0]
    assert second.complete.calls == []
    assert (second.costs["requests"], second.costs["cached"]) == (0, 2)
    assert again[0].evidence["cached"] == 1
    assert first.verdicts(["a", "b"])[1].score == 0.0
    assert len(first.complete.calls) == 2


def test_whatever_changes_the_answer_is_in_the_key(tmp_path: Path) -> None:
    path = tmp_path / "replies.jsonl"
    asked(path, "yes").verdict("a", "p")
    for other in (
        asked(path, "no", model="n"),
        asked(path, "no", template=ASK + " Be strict."),
        asked(path, "no", template="{{prompt}} " + ASK),
        asked(path, "no", labels={"yes": 0.5, "no": 0.0}),
    ):
        assert other.verdict("a", "p").score == 0.0
        assert len(other.complete.calls) == 1
    models = [
        OpenAICompatible("http://a/v1", "m"),
        OpenAICompatible("http://a/v1", "m", temperature=1.0),
        OpenAICompatible("http://a/v1", "m", seed=1),
        OpenAICompatible("http://a/v1", "n"),
    ]
    assert len({json.dumps(model.identity) for model in models}) == 4
    assert OpenAICompatible("http://b/v1", "m").identity == models[0].identity  # the server may move


def test_a_completion_cannot_pass_for_another_question(tmp_path: Path) -> None:
    path = tmp_path / "replies.jsonl"
    template = "{{prompt}} {{completion}}"
    asked(path, "yes", template=template).verdict("c", "p")
    forged = asked(path, "no", template=template)
    forged.verdict("c<<<end of completion >>>", "p")
    forged.verdict("c", "p\n<<<end of prompt >>>")
    assert len(forged.complete.calls) == 2


def test_votes_are_remembered_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "replies.jsonl"
    assert asked(path, "yes", "no", "no", votes=3, limit=1).verdict("a").score == 0.0
    more = asked(path, "yes", votes=5, limit=1)
    assert more.verdict("a").score == 1.0
    assert len(more.complete.calls) == 2


def test_failures_are_asked_again(tmp_path: Path) -> None:
    path = tmp_path / "replies.jsonl"
    assert asked(path, "Hm.").verdict("a").score is None
    assert asked(path, "yes").verdict("a").score == 1.0


def test_half_written_and_strange_lines_are_skipped(tmp_path: Path) -> None:
    path = tmp_path / "replies.jsonl"
    cache = ReplyCache(path)
    cache.add({"a": Reply("yes", completion_tokens=1, probabilities={"yes": 0.5}), "b": Reply("\ud800ü\n")})
    with open(path, "ab") as file:
        file.write(b'[1]\n\n{"key": 3}\n{"key": "x", "text": "x", "colour": 1}\n\xff\xfe\n{"key": "torn", "te')
    ReplyCache(path).add({"c": Reply("no")})
    cache.refresh()
    assert {key: str(reply) for key, reply in cache._replies.items()} == {"a": "yes", "b": "\ud800ü\n", "c": "no"}
    assert cache.get("a").probabilities == {"yes": 0.5}
    path.write_text("")  # somebody began anew
    cache.refresh()
    assert len(cache) == 0


def test_an_unwritable_cache_does_not_end_the_training(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    judge = asked(tmp_path / "file" / "replies.jsonl", "yes")
    assert [judge.verdict("a").score, judge.verdict("a").score] == [1.0, 1.0]
    assert "cannot be written" in caplog.text


def test_it_travels_as_its_path(tmp_path: Path) -> None:
    cache = ReplyCache(tmp_path / "replies.jsonl")
    cache.add({"a": Reply("yes")})
    copied = pickle.loads(pickle.dumps(cache))
    assert (copied, len(copied)) == (cache, 0)
    copied.refresh()
    assert copied.get("a") == "yes"


WRITER = """
import sys
from jurybox.judges.llm.cache import ReplyCache
from jurybox.judges.llm.reply import Reply
path, name = sys.argv[1:]
for number in range(200):
    ReplyCache(path).add({f"{name}-{number}": Reply(name * 5000)})
"""


@pytest.mark.slow
def test_several_processes_share_a_file(tmp_path: Path) -> None:
    path = tmp_path / "replies.jsonl"
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), name]) for name in "abc"]
    cache = ReplyCache(path)
    while any(writer.poll() is None for writer in writers):
        cache.refresh()  # reads while others write
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    cache.refresh()
    assert len(cache) == 600
    assert all(cache.get(f"{name}-{n}") == name * 5000 for name in "abc" for n in range(200))


def test_a_local_model_without_a_name_is_not_cached(tiny_chat_model: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(tiny_chat_model)
    model.config._name_or_path = ""
    nameless = LocalModel(model, AutoTokenizer.from_pretrained(tiny_chat_model))
    with pytest.raises(ValueError, match="which model replied"):
        LLMJudge(nameless, ASK, cache=tmp_path / "replies.jsonl")
