"""A local model that answers with one of two tokens: its form, its tokens, its two orders."""

from __future__ import annotations

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

from jurybox.judges.pairwise import ComparisonForm, Pair, VerdictModel

WORDS = ["<pad>", "<unk>", "YES", "NO", "Q", "R1", "R2", "?", "a", "b", "c", "d", "e"]
FORM = ComparisonForm("Q ", " R1 ", " R2 ", " ?")


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    core = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="<unk>"))
    core.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=core, pad_token="<pad>", unk_token="<unk>")


@pytest.fixture(scope="module")
def model() -> GPT2LMHeadModel:
    torch.manual_seed(0)
    sizes = {"n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 24, "initializer_range": 0.5}
    return GPT2LMHeadModel(GPT2Config(vocab_size=len(WORDS), bos_token_id=None, eos_token_id=None, **sizes))


def words(ids: list[int]) -> str:
    return " ".join(WORDS[i] for i in ids)


def test_the_form(tokenizer: PreTrainedTokenizerFast) -> None:
    assert words(FORM.encode(tokenizer, "a", "b c", "d")) == "Q a R1 b c R2 d ?"


def test_both_answers_are_cut_to_the_same_length(tokenizer: PreTrainedTokenizerFast) -> None:
    cut = FORM.encode(tokenizer, "a", "b c d e b c", "d e a b", longest=9)
    assert words(cut) == "Q a R1 b c R2 d e ?"
    swapped = FORM.encode(tokenizer, "a", "d e a b", "b c d e b c", longest=9)
    assert words(swapped) == "Q a R1 d e R2 b c ?"
    with pytest.raises(ValueError, match="no room for two answers"):
        FORM.encode(tokenizer, "a b c d e", "b", "c", longest=10)


@pytest.mark.parametrize(
    ("yes", "no", "said"), [("Y E S", "NO", "one token"), ("nothing", "NO", "one token"), ("NO", "NO", "same token")]
)
def test_verdicts_are_single_tokens(tokenizer: PreTrainedTokenizerFast, yes: str, no: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        ComparisonForm(yes=yes, no=no).verdict_tokens(tokenizer)


def test_probabilities_are_those_of_the_two_logits(model: GPT2LMHeadModel, tokenizer: PreTrainedTokenizerFast) -> None:
    judge = VerdictModel(model, tokenizer, form=FORM, batch_size=3)
    pairs = [Pair("a", "b c d", "e"), Pair("a", "e", "b"), Pair("c", "", "d d d d")]
    for pair, verdict in zip(pairs, judge.verdicts(pairs), strict=True):
        orders = []
        for one in (pair, pair.swapped()):
            ids = torch.tensor([FORM.encode(tokenizer, *one.texts())])
            with torch.no_grad():
                ends = model(ids).logits[0, -1]
            orders.append(torch.sigmoid(ends[2] - ends[3]).item())
        assert [verdict.evidence["p12"], verdict.evidence["p21"]] == pytest.approx(orders, abs=1e-5)
        assert verdict.score == pytest.approx((orders[0] + 1 - orders[1]) / 2, abs=1e-5)


def test_what_does_not_fit_is_cut_and_what_cannot_fit_abstains(
    model: GPT2LMHeadModel, tokenizer: PreTrainedTokenizerFast
) -> None:
    judge = VerdictModel(model, tokenizer, form=FORM)
    assert judge.compare("a", "b " * 40, "c " * 40) is not None
    (verdict,) = judge.verdicts([Pair("a " * 30, "b", "c")])
    assert (verdict.score, verdict.reason) == (None, "too long")


def test_the_mode_of_a_model_in_training_is_left_alone(
    model: GPT2LMHeadModel, tokenizer: PreTrainedTokenizerFast
) -> None:
    judge = VerdictModel(model, tokenizer, form=FORM)
    model.train()
    judge.compare("a", "b", "c")
    assert model.training
    model.eval()


def test_a_logit_that_is_no_number_abstains(model: GPT2LMHeadModel, tokenizer: PreTrainedTokenizerFast) -> None:
    broken = GPT2LMHeadModel(model.config)
    torch.nn.init.constant_(broken.transformer.ln_f.weight, float("nan"))
    (verdict,) = VerdictModel(broken, tokenizer, form=FORM).verdicts([Pair("a", "b", "c")])
    assert (verdict.score, verdict.reason) == (None, "not a finite number")
