"""How a comparison is written for a model that answers with one token, and which tokens those are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..llm.fence import harmless

BARE = {"add_special_tokens": False}


@dataclass(frozen=True)
class VerdictTokens:
    """The ids of the tokens that mean "Response 1 is better" and "Response 2 is better"."""

    first: int
    second: int


@dataclass(frozen=True)
class ComparisonForm:
    """The text around a prompt and two answers; what follows its end is the verdict, one token.

        opening  prompt  before_first  a  before_second  b  closing  →  yes | no

    Training and judging must use the same form.

    Attributes:
        yes, no: the words for "Response 1 is better" and "Response 2 is better".
        max_length: tokens of the whole at most; None leaves it to the model's own limit.

    Trap: "YES" and " YES" are different tokens. `closing` ends with a line break so that the word comes bare; where a
    tokenizer has no such token, give other words.
    """

    opening: str = "Two responses to the same request are compared.\n\nRequest:\n"
    before_first: str = "\n\nResponse 1:\n"
    before_second: str = "\n\nResponse 2:\n"
    closing: str = "\n\nIs Response 1 better than Response 2? Answer YES or NO.\n"
    yes: str = "YES"
    no: str = "NO"
    max_length: int | None = None

    def verdict_tokens(self, tokenizer: Any) -> VerdictTokens:
        """The two ids, looked up once.

        Raises:
            ValueError: a word that is not a single token, or two words that are the same one.
        """
        ids = []
        for word in (self.yes, self.no):
            tokens = tokenizer.encode(word, **BARE)
            if len(tokens) != 1 or tokens[0] == tokenizer.unk_token_id:
                raise ValueError(
                    f"{word!r} must be one token of this tokenizer, and is {len(tokens)} ({tokens}): give another "
                    "word, for example ComparisonForm(yes='1', no='2')"
                )
            ids += tokens
        if ids[0] == ids[1]:
            raise ValueError(f"yes={self.yes!r} and no={self.no!r} are the same token")
        return VerdictTokens(*ids)

    def encode(self, tokenizer: Any, prompt: str, first: str, second: str, longest: int | None = None) -> list[int]:
        """The tokens of one comparison, up to where the verdict belongs.

        longest: tokens the model reads, the verdict not counted. What is too long loses the ends of its answers, both
        cut to the same number of tokens: were only one cut, that would decide.

        Raises:
            ValueError: there is no room for the answers beside the prompt.
        """
        texts = (self.opening + harmless(prompt), harmless(first), harmless(second))
        fixed = (self.before_first, self.before_second, self.closing)
        opening, a, b, before_first, before_second, closing = (
            tokenizer.encode(text, **BARE) for text in (*texts, *fixed)
        )
        start = [] if tokenizer.bos_token_id is None else [tokenizer.bos_token_id]
        limits = [limit for limit in (self.max_length, longest) if limit is not None]
        around = len(start) + sum(map(len, (opening, before_first, before_second, closing)))
        if limits and around + len(a) + len(b) > min(limits):
            budget = (min(limits) - around) // 2
            if budget < 1:
                raise ValueError(f"the prompt leaves no room for two answers: {around} of {min(limits)} tokens")
            a, b = a[:budget], b[:budget]
        return [*start, *opening, *before_first, *a, *before_second, *b, *closing]
