"""AEPO's rollouts: m chains from the root, more where they become unsure, until each prompt has its k.

Places of a group are filled in their order. What is known about a prompt is the same on every process, and chance
depends on seed, step, prompt, round and place alone: however rows are split over processes, the same is drawn.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ...environments import Environment, Exchange, Reply, play, turn
from ...seam import Chain, Policy, Segment
from .branching import BranchRule, Reduce, global_budget, step_entropy

Place = tuple[int, int]
"""(prompt, slot in its group)"""


class ToolBox(Environment, Protocol):
    """Tools that all chains share: `Tools`, or another environment without memory that says where a call ends."""

    @property
    def stop(self) -> Sequence[str]:
        """Texts that end a call."""
        ...


@dataclass(frozen=True)
class Exploration:
    """How a prompt's rollouts come about.

    Attributes:
        roots: m without monitoring; None for half of them. monitored: m from two probes of each prompt.
        beta: of the monitoring. probe_tokens: length of its answer without tools.
        max_calls: tool calls of a chain that are answered.
        entropy_tokens, entropy_top, entropy_reduce: of a step's entropy.
    """

    roots: int | None = None
    monitored: bool = False
    beta: float = 0.5
    probe_tokens: int = 50
    rule: BranchRule = field(default_factory=BranchRule)
    max_calls: int = 6
    entropy_tokens: int = 20
    entropy_top: int = 10
    entropy_reduce: Reduce = "sum"

    def entropy(self, segment: Segment, policy: Policy) -> float:
        """H of what was just drawn."""
        return step_entropy(segment.top, len(policy.tokenizer), self.entropy_tokens, self.entropy_reduce)


@dataclass
class Prompt:
    """The rollouts of one prompt, as every process knows them.

    Attributes:
        size: k. started: how many places are taken. active: those that go on. first: H of each place's first step.
        consecutive: l.
    """

    size: int
    started: int
    active: set[int]
    first: dict[int, float] = field(default_factory=dict)
    consecutive: int = 0

    @property
    def is_done(self) -> bool:
        """Whether all k rollouts are there and over."""
        return not self.active and self.started == self.size

    def heard(self, slot: int, entropy: float, goes_on: bool) -> None:
        """A round of one chain."""
        self.first.setdefault(slot, entropy)
        if not goes_on:
            self.active.discard(slot)

    def grow(self, entropies: Mapping[int, float], chance: Mapping[int, float], rule: BranchRule) -> dict[int, int]:
        """New places by the place they branch from; a place from itself is a chain from the root.

        entropies, chance: H and u of the chains that were in this round.
        """
        born: dict[int, int] = {}
        for slot in sorted(self.active):
            sure = entropies[slot], self.first[slot]
            if self.started < self.size and rule(chance[slot], *sure, self.consecutive):
                born[self.started] = slot
                self.started += 1
        if not self.active and self.started < self.size:
            born[self.started] = self.started
            self.started += 1
        self.active |= born.keys()
        self.consecutive = self.consecutive + 1 if born else 0
        return born


class Silence:
    """Answers no call: what a chain hears that has made all its calls."""

    def step(self, said: str) -> Reply:
        return Reply(done=True)


def draw(chains: list[Chain], policy: Policy, tools: ToolBox, how: Exploration, seed: int) -> None:
    """Fill the chains, which are empty: exactly one rollout a place. *Collective.*

    Columns of every chain: `branched_from`, the slot whose past it shares, or None; `tool_calls`, how many were
    answered; `roots`, m of its prompt.
    """
    size = policy.num_generations
    mine = {(chain.group, chain.slot): chain for chain in chains}
    roots = _roots(chains, policy, tools, how)
    prompts = {group: Prompt(size, m, set(range(m))) for group, m in sorted(roots.items())}
    for chain in chains:
        chain.columns |= {"branched_from": None, "tool_calls": 0, "roots": roots[chain.group]}
    number = 0
    while not all(prompt.is_done for prompt in prompts.values()):
        _round(mine, prompts, policy, tools, how, f"{seed}/{policy.step}/{number}")
        number += 1


def _round(
    mine: Mapping[Place, Chain],
    prompts: Mapping[int, Prompt],
    policy: Policy,
    tools: ToolBox,
    how: Exploration,
    chance: str,
) -> None:
    """Every active chain speaks and hears once; then prompts with places left branch."""
    live = {(group, slot): chain for (group, slot), chain in mine.items() if slot in prompts[group].active}
    exchanges = _speak(list(live.values()), policy, tools, how)
    report = [
        (place, how.entropy(exchange.segment, policy), not exchange.reply.done)
        for place, exchange in zip(live, exchanges, strict=True)
    ]
    entropies: dict[int, dict[int, float]] = {group: {} for group in prompts}
    for (group, slot), entropy, goes_on in policy.gather(report):
        prompts[group].heard(slot, entropy, goes_on)
        entropies[group][slot] = entropy
    born: dict[Place, Place] = {}
    for group, prompt in prompts.items():
        draws = {slot: random.Random(f"{chance}/{group}/{slot}").random() for slot in entropies[group]}
        grown = prompt.grow(entropies[group], draws, how.rule)
        born |= {(group, slot): (group, parent) for slot, parent in grown.items()}
    parents = set(born.values())
    pasts = dict(policy.gather([(place, chain.past) for place, chain in live.items() if place in parents]))
    for child, parent in born.items():
        if child in mine and child != parent:
            mine[child].follow(pasts[parent])
            mine[child].columns["branched_from"] = parent[1]


def _speak(chains: Sequence[Chain], policy: Policy, tools: ToolBox, how: Exploration) -> list[Exchange]:
    """One turn of each chain. One that has made all its calls says its last words."""
    boxes: list[Environment] = [tools if chain.columns["tool_calls"] < how.max_calls else Silence() for chain in chains]
    exchanges = turn(chains, policy, boxes, stop=tools.stop, top=how.entropy_top)
    for chain, exchange in zip(chains, exchanges, strict=True):
        chain.columns["tool_calls"] += bool(exchange.reply.text)
    return exchanges


def _roots(chains: Sequence[Chain], policy: Policy, tools: ToolBox, how: Exploration) -> dict[int, int]:
    """m of every prompt of all processes. Probes are drawn where the first chain of a group is, and thrown away."""
    size = policy.num_generations
    if not how.monitored:
        groups = sum(policy.gather([len(chains)])) // size
        return dict.fromkeys(range(groups), min(how.roots or max(size // 2, 1), size))
    firsts = [chain for chain in chains if chain.slot == 0]
    answers = policy.extend([chain.fresh() for chain in firsts], tokens=how.probe_tokens, top=how.entropy_top)
    probes = [chain.fresh() for chain in firsts]
    played = play(probes, policy, [tools] * len(probes), how.max_calls + 1, stop=tools.stop, top=how.entropy_top)
    found = []
    for chain, answer, exchanges in zip(firsts, answers, played, strict=True):
        steps = [how.entropy(exchange.segment, policy) for exchange in exchanges]
        found.append((chain.group, global_budget(how.entropy(answer, policy), steps, size, how.beta).roots))
    return dict(policy.gather(found))
