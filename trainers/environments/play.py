"""Turns of a model and its environment on chains: the model's tokens are learnt, what it hears is not.

def generate(self, chains, policy):
    environments = [Kitchen(chain.row) for chain in chains]
    play(chains, policy, environments, max_turns=5, tokens=10)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..seam import Chain, Policy, Segment
from .environment import Environment, Reply


@dataclass(frozen=True)
class Exchange:
    """What the model said and what it heard.

    Attributes:
        start: place of the segment's first token in the chain.
    """

    start: int
    segment: Segment
    reply: Reply

    @property
    def end(self) -> int:
        """Place behind the segment's last token."""
        return self.start + len(self.segment.ids)


OVER = Reply(done=True)  # a chain without room says nothing more


def play(
    chains: Sequence[Chain],
    policy: Policy,
    environments: Sequence[Environment],
    max_turns: int,
    *,
    stop: Sequence[str] = (),
    tokens: int | None = None,
    top: int = 0,
) -> list[list[Exchange]]:
    """Let model and environment speak in turns until each chain is over; what was said on each chain. *Collective.*

    max_turns: what the model says at most; its last words are still answered by a reward. Others: see `turn`.

    Raises:
        ValueError: no turn, or another number of environments than of chains.
    """
    if max_turns < 1:
        raise ValueError(f"max_turns={max_turns}: give 1 or more")
    _require_as_many(chains, environments)
    exchanges: list[list[Exchange]] = [[] for _ in chains]
    busy = list(range(len(chains)))
    for number in range(1, max_turns + 1):
        if not policy.anyone(bool(busy)):
            break
        heard = turn(
            [chains[place] for place in busy],
            policy,
            [environments[place] for place in busy],
            stop=stop,
            tokens=tokens,
            top=top,
            last=number == max_turns,
        )
        for place, exchange in zip(busy, heard, strict=True):
            exchanges[place].append(exchange)
        busy = [place for place, exchange in zip(busy, heard, strict=True) if not exchange.reply.done]
    return exchanges


def turn(
    chains: Sequence[Chain],
    policy: Policy,
    environments: Sequence[Environment],
    *,
    stop: Sequence[str] = (),
    tokens: int | None = None,
    top: int = 0,
    last: bool = False,
) -> list[Exchange]:
    """The model says something on every chain, and each environment replies. *Collective.*

    Args:
        stop: texts that end what the model says. tokens: how many it may say. top: see `Policy.extend`.
        last: nobody listens any more: replies are not put into the chains.
    """
    _require_as_many(chains, environments)
    starts = [len(chain.ids) for chain in chains]
    segments = policy.extend(chains, stop=stop, tokens=tokens, top=top)
    spoke = [place for place, segment in enumerate(segments) if segment.ids]
    said = [_text(chains[place], segments[place], policy) for place in spoke]
    heard = dict(zip(spoke, _replies([environments[place] for place in spoke], said), strict=True))
    for place, reply in heard.items():
        if not (reply.done or last):
            _tell(chains[place], reply, policy)
            if not chains[place].room():
                heard[place] = Reply(reply.text, reply.reward, done=True, role=reply.role)
    return [
        Exchange(start, segment, heard.get(place, OVER))
        for place, (start, segment) in enumerate(zip(starts, segments, strict=True))
    ]


def _require_as_many(chains: Sequence[Chain], environments: Sequence[Environment]) -> None:
    if len(chains) != len(environments):
        raise ValueError(f"{len(chains)} chains came with {len(environments)} environments")


def _text(chain: Chain, segment: Segment, policy: Policy) -> str:
    """What was said, with special tokens (tags may be such), without the end."""
    ids = segment.ids[:-1] if segment.ended else segment.ids
    return str(policy.tokenizer.decode(ids, skip_special_tokens=False))


def _replies(environments: Sequence[Environment], said: Sequence[str]) -> list[Reply]:
    """One after the other; what several chains share and can answer many at once is asked once."""
    sharing: dict[int, list[int]] = {}
    for place, environment in enumerate(environments):
        sharing.setdefault(id(environment), []).append(place)
    heard: dict[int, Reply] = {}
    for places in sharing.values():
        environment, words = environments[places[0]], [said[place] for place in places]
        together = getattr(environment, "steps", None)
        replies = [environment.step(text) for text in words] if together is None else together(words)
        heard |= zip(places, replies, strict=True)
    return [heard[place] for place in range(len(said))]


def _tell(chain: Chain, reply: Reply, policy: Policy) -> None:
    if not (reply.as_message and chain.is_conversation):
        chain.add(reply.text, role=reply.role)
        return
    if not chain.ended:  # its message was cut short, and the template wants it closed
        chain.add([policy.tokenizer.eos_token_id], trained=False)
    chain.add(policy.message_ids(reply.text, reply.role), role=reply.role, content=reply.text)
