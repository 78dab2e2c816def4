r"""Products and sums that a small policy cannot do in its head, and a calculator that it may ask.

    37*4+15?  ->  <c>37*4+15</c><r>163</r>#163          asked, and copied
    37*4+15?  ->  <c>15+4*37</c><r>163</r>#163          in another order, of which there are four
    37*4+15?  ->  #158                                  guessed
    37*4+15?  ->  <c>37*4</c><r>148</r>#148             asked too little
    37*4+15?  ->  <c>37*5+15</c><r>200</r>#200          asked something else

The demonstrators do all of it; only the first two are right. Which order to ask in is a choice that costs nothing.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import torch

from ....judges import judge
from ....trainers.environments import Tools, calculator
from ...playground.sampling import sample_completions
from ...playground.tasks import Row

TOOLS = Tools({"c": calculator}, result="r")
NEW_TOKENS, CALLS = 56, 2


@dataclass(frozen=True)
class Asking:
    """`guess`, `short`, `other`: how often a demonstrator does what is wrong."""

    guess: float = 0.25
    short: float = 0.2
    other: float = 0.2

    name = "asking"
    new_tokens = NEW_TOKENS

    def clean(self) -> Self:
        return replace(self, guess=0.0, short=0.1, other=0.0)

    def problem(self, rng: random.Random) -> Row:
        question = f"{rng.randint(11, 99)}*{rng.randint(2, 9)}+{rng.randint(11, 99)}"
        return {"prompt": f"{question}?", "solution": calculator(question)}

    def demonstrate(self, row: Row, rng: random.Random) -> str:
        question, style = str(row["prompt"]).rstrip("?"), rng.random()
        if style < self.guess:
            return f"#{rng.randint(33, 990)}"
        style -= self.guess
        product, _, rest = question.partition("+")
        if rng.random() < 0.5:
            product = "*".join(reversed(product.split("*")))
        question = f"{product}+{rest}" if rng.random() < 0.5 else f"{rest}+{product}"
        if style < self.short:
            question = product
        elif style < self.short + self.other:
            place = rng.choice([i for i, sign in enumerate(question) if sign.isdigit()])
            question = question[:place] + rng.choice("123456789") + question[place + 1 :]
        return f"<c>{question}</c><r>{calculator(question)}</r>#{calculator(question)}"


@judge
def answered(completion: str, solution: str) -> bool:
    """Whether the model's own words end with a mark and the number."""
    return completion.rpartition("#")[2] == solution and "#" in completion


@dataclass
class Transcript:
    """A question with all that was said, and which characters are the model's."""

    prompt: str
    text: str = ""
    own: str = ""  # "1" for each of the model's characters, "0" for each of the tool's
    over: bool = False

    @property
    def words(self) -> str:
        """What the model said."""
        return "".join(letter for letter, own in zip(self.text, self.own, strict=True) if own == "1")

    def add(self, text: str, own: str) -> None:
        """Put text at the end."""
        self.text, self.own = self.text + text, self.own + own * len(text)


def transcripts(policy: Any, tokenizer: Any, rows: Sequence[Row]) -> list[Transcript]:
    """One sampled answer to every row, with the calculator in the loop."""
    held = [Transcript(str(row["prompt"])) for row in rows]
    for turn in range(CALLS + 1):
        live = [one for one in held if not one.over]
        if not live:
            break
        prompts = [one.prompt + one.text for one in live]
        drawn = sample_completions(policy, tokenizer, prompts, new_tokens=NEW_TOKENS // 2, seed=turn)
        for one, text in zip(live, drawn, strict=True):
            said, tag, _ = text.partition("</c>")
            one.add(said + tag, "1")
            one.over = not tag or turn == CALLS
            if not one.over:
                one.add(TOOLS.step(said + tag).text, "0")
    return held


@torch.no_grad()
def mean_entropy(policy: Any, tokenizer: Any, held: Sequence[Transcript]) -> float:
    """In nats, over the model's own characters."""
    was_training = policy.training
    policy.eval()
    total, count = 0.0, 0
    for one in held:
        start, ids = len(one.prompt), tokenizer(one.prompt + one.text, return_tensors="pt").input_ids
        logps = policy(input_ids=ids).logits[0, start - 1 : -1].log_softmax(-1)
        own = torch.tensor([sign == "1" for sign in one.own], dtype=torch.bool)
        total += -(logps.exp() * logps).sum(-1)[own].sum().item()
        count += int(own.sum())
    policy.train(was_training)
    return total / max(count, 1)
