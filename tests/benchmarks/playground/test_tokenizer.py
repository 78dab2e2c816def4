"""The character tokenizer: nothing it reads is lost, and what it cannot read is said."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jurybox.benchmarks.playground import tokenizer as module
from jurybox.benchmarks.playground.tokenizer import ALPHABET, character_tokenizer, check_alphabet

TOKENIZER = character_tokenizer()


def test_examples() -> None:
    assert doctest.testmod(module).failed == 0


def test_vocabulary_is_special_tokens_then_the_alphabet() -> None:
    assert len(ALPHABET) == len(set(ALPHABET)) == 88
    assert len(TOKENIZER) == 91
    assert (TOKENIZER.pad_token_id, TOKENIZER.bos_token_id, TOKENIZER.eos_token_id) == (0, 1, 2)
    assert TOKENIZER.convert_tokens_to_ids(list(ALPHABET)) == list(range(3, 91))


@given(st.text(alphabet=ALPHABET, max_size=60).filter(lambda text: not {"<pad>", "<bos>", "<eos>"} & set(_tags(text))))
def test_round_trip_one_token_a_character(text: str) -> None:
    ids = TOKENIZER(text).input_ids
    assert len(ids) == len(text)
    assert TOKENIZER.decode(ids) == text


def test_pads_on_the_left_and_forgets_special_tokens() -> None:
    batch = TOKENIZER(["1+1?", "10+10?"], padding=True)
    assert batch.input_ids[0][:2] == [0, 0]
    assert batch.attention_mask[0][:3] == [0, 0, 1]
    assert TOKENIZER.decode([*batch.input_ids[0], 2], skip_special_tokens=True) == "1+1?"


def test_unknown_characters_are_named() -> None:
    check_alphabet(["plain text", "\\boxed{1}"])
    with pytest.raises(ValueError, match=r"\['\$', 'é'\]"):
        check_alphabet(["5$", "café"])


def _tags(text: str) -> list[str]:
    return [f"<{part[:3]}>" for part in text.split("<")[1:] if part[3:4] == ">"]
