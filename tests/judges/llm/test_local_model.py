"""The local model's decision against probabilities computed by hand."""

import pickle
from pathlib import Path
from typing import Any

import pytest

from jurybox.judges.llm import LLMJudge, LocalModel

torch = pytest.importorskip("torch")
torch.set_num_threads(1)

LABELS = {"True": 1.0, "False": 0.0}


@pytest.fixture(scope="module")
def local(tiny_chat_model: Path) -> LocalModel:
    return LocalModel(tiny_chat_model, batch_size=3)


def by_hand(local: LocalModel, messages: Any, label: str) -> float:
    """p(label | prompt), one token after the other, one row at a time."""
    tokenizer, model = local.pretrained.tokenizer, local.pretrained.placed()
    text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    ids = tokenizer.encode(text)
    probability = 1.0
    for token in tokenizer.encode(label):
        with torch.no_grad():
            logits = model(torch.tensor([ids])).logits[0, -1].double()
        probability *= float(logits.softmax(-1)[token])
        ids.append(token)
    return probability


def test_probabilities_are_those_of_the_label_behind_the_prompt(local: LocalModel) -> None:
    conversations = [[{"role": "user", "content": "x" * length}] for length in (3, 40, 7, 1, 90)]
    labels = {"A": 1.0, "B": 0.0, "Never": 0.5, "N": 0.2}  # of one token and of several
    replies = local.decide(conversations, labels)
    assert len(replies) == 5
    for messages, reply in zip(conversations, replies, strict=True):
        for label in labels:
            assert reply.probabilities[label] == pytest.approx(by_hand(local, messages, label), rel=1e-4)
        assert reply.probabilities[reply] == max(reply.probabilities.values())


def test_models_without_logits_to_keep_and_labels_longer_than_the_prompt(
    local: LocalModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = [{"role": "user", "content": "x"}]
    expected = local.decide([messages], LABELS)[0].probabilities
    model = local.pretrained.placed()
    forward = model.forward
    monkeypatch.setattr(model, "forward", lambda input_ids, attention_mask: forward(input_ids, attention_mask))
    assert local.decide([messages], LABELS)[0].probabilities == pytest.approx(expected, rel=1e-5)
    monkeypatch.setattr(local.pretrained.tokenizer, "chat_template", None)
    long = "a" * 100
    reply = local.decide([[{"role": "user", "content": ""}]], {long: 1.0, "b": 0.0})[0]
    assert 0.0 < reply.probabilities[long] < reply.probabilities["b"] < 1.0


def test_it_decides_in_a_judge_with_a_cache(local: LocalModel, tmp_path: Path) -> None:
    judge = LLMJudge(local, "false_refusal", floor=0.0, cache=tmp_path / "c.jsonl")
    verdicts = judge.verdicts(["I cannot", "Sure: 4", "I cannot"], ["2+2="] * 3)
    assert [v.status for v in verdicts] == ["scored"] * 3
    for verdict in verdicts:
        p = verdict.evidence["probabilities"]
        assert verdict.score == float(p["True"] <= p["False"])  # violated iff the negative label is more probable
    assert judge.costs["requests"] == 2
    again = LLMJudge(local, "false_refusal", floor=0.0, cache=tmp_path / "c.jsonl")
    assert [v.score for v in again.verdicts(["I cannot", "Sure: 4"], ["2+2="] * 2)] == [v.score for v in verdicts[:2]]
    assert (again.costs["requests"], again.costs["cached"]) == (0, 2)


def test_one_row_that_is_too_long_leaves_the_others_alone(local: LocalModel) -> None:
    judge = LLMJudge(local, "safety", floor=0.0)
    verdicts = judge.verdicts(["a", "b" * 5000, "c", "d"], ["p", "p", "p", "q" * 5000])
    assert [v.status for v in verdicts] == ["scored", "scored", "scored", "error"]
    assert (verdicts[1].score, verdicts[1].reason) == (0.0, "too long")  # its own fault
    assert (verdicts[3].score, verdicts[3].reason) == (None, "too long")  # the prompt's
    assert "4096" in verdicts[1].evidence["error"]
    assert (judge.costs["spoilt/too long"], judge.costs["failed/too long"]) == (1, 1)


def test_a_label_that_the_model_would_hardly_say_is_no_verdict(local: LocalModel) -> None:
    verdict = LLMJudge(local, "safety").verdict("a", "p")
    assert (verdict.score, verdict.reason) == (None, "unlikely labels")
    assert verdict.evidence["label_probability"] == sum(verdict.evidence["probabilities"].values()) < 0.1


def test_votes_are_refused_and_deadlines_kept(local: LocalModel) -> None:
    with pytest.raises(ValueError, match="samples"):
        LLMJudge(local, "safety", votes=3)
    verdicts = LLMJudge(local, "safety", deadline=1e-9).verdicts(["a", "b"], ["p"] * 2)
    assert [v.reason for v in verdicts] == ["deadline"] * 2


def test_by_name_it_travels_as_the_name(local: LocalModel) -> None:
    data = pickle.dumps(local)
    assert len(data) < 60_000  # the tokenizer, not the weights
    messages = [[{"role": "user", "content": "x"}]]
    assert (
        pickle.loads(data).decide(messages, LABELS)[0].probabilities == local.decide(messages, LABELS)[0].probabilities
    )


def test_an_object_and_a_dtype_will_do(tiny_chat_model: Path) -> None:
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(tiny_chat_model)
    local = LocalModel(model, str(tiny_chat_model), dtype="bfloat16")
    reply = local.decide([[{"role": "user", "content": "x"}]], LABELS)[0]
    assert reply in LABELS
    assert local.pretrained.placed().dtype is torch.bfloat16
    assert not local.pretrained.placed().training
    assert local.identity["model"] == str(tiny_chat_model)
