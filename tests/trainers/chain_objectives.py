"""One small objective of each way in which completions come about; `Watched` keeps what its loss was handed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch

from jurybox.trainers import GRPO, Batch, Chain, Policy, Rollout
from jurybox.trainers.environments import Reply, play
from jurybox.trainers.papers.aepo import BranchRule, Exploration, draw

OPENINGS = ("e", "on", "tot")
PRINTED = r"\boxed{5}"


class Watched(GRPO):
    """Keeps the rows of all processes, and checks each micro-batch."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.seen: list[Any] = []

    def advantages(self, rollout: Rollout) -> Any:
        advantages = super().advantages(rollout)
        prompts = [ids[mask > 0].tolist() for ids, mask in zip(rollout.prompt_ids, rollout.prompt_mask, strict=True)]
        learnt = [ids[mask > 0].tolist() for ids, mask in zip(rollout.completion_ids, rollout.mask, strict=True)]
        columns = [{key: row.get(key) for key in ("opening", "rung", "branched_from")} for row in rollout.rows]
        names = ("completion", "prompt_ids", "learnt", "columns")
        rows = zip(rollout.completions, prompts, learnt, columns, strict=True)
        own = [dict(zip(names, row, strict=True)) for row in rows]
        self.seen.append({"rows": rollout.gather(own), "advantages": advantages.tolist()})
        return {"advantages": advantages, "prompt_length": rollout.prompt_mask.sum(1)}

    def loss(self, batch: Batch) -> Any:
        loss, metrics = super().loss(batch)
        assert torch.equal(batch["prompt_length"], batch.prompt_mask.sum(1)), "the prompt ids follow their rows"
        if batch.step == 0:  # under its own prompt, a chain is as likely as when it was drawn
            torch.testing.assert_close(batch.logps * batch.mask, batch.old_logps * batch.mask, atol=1e-5, rtol=0)
        outside = torch.randn_like(batch.logps) * (1 - batch.mask)
        moved = replace(batch, logps=batch.logps + outside, entropies=batch.entropies + outside)
        torch.testing.assert_close(super().loss(moved)[0], loss, msg="what is not trained is in the loss")
        return loss, metrics


class Forced(Watched):
    """An opening that depends on the slot, and is learnt."""

    learnt = True

    def generate(self, chains: list[Chain], policy: Policy) -> None:
        for chain in chains:
            opening = OPENINGS[chain.slot * len(OPENINGS) // policy.num_generations]
            chain.add(opening, trained=self.learnt)
            chain.columns["opening"] = opening
        policy.extend(chains)


class Unlearnt(Forced):
    """The same opening, outside the loss."""

    learnt = False


class Hinted(Watched):
    """Where all of a group fail, a hint goes into the prompt; what it helps to stands for the group's first."""

    def solved(self, chain: Chain) -> bool:
        return chain.columns.get("rung") == 2 and chain.row["letter"] in "eo"

    def generate(self, chains: list[Chain], policy: Policy) -> None:
        policy.extend(chains)
        solved, size = policy.gather([self.solved(chain) for chain in chains]), policy.num_generations
        failed = {group for group in range(len(solved) // size) if not any(solved[group * size :][:size])}
        for rung in (1, 2):  # every process climbs, with its own groups or without any
            tried: dict[int, Chain] = {}
            for place, chain in enumerate(chains):
                if chain.slot == 0 and chain.group in failed:
                    (hinted,) = policy.tokenize([chain.prompt + "o" * rung])
                    tried[place] = chain.fresh(hinted)
                    tried[place].columns["rung"] = rung
            policy.extend(list(tried.values()))
            for place, chain in tried.items():
                if self.solved(chain):
                    chains[place] = chain
                    failed.discard(chain.group)


@dataclass
class Printer:
    """Prints the same so many times, and is silent then."""

    left: int

    def step(self, said: str) -> Reply:
        self.left -= 1
        return Reply(PRINTED, role="tool", done=self.left < 0)


class Tool(Watched):
    """The model writes, a tool answers, the model goes on; how many turns depends on the slot."""

    def generate(self, chains: list[Chain], policy: Policy) -> None:
        play(chains, policy, [Printer(chain.slot % 3) for chain in chains], max_turns=9, tokens=4)


class Calls:
    """Tools that take every token for a call."""

    stop = ("",)

    def step(self, said: str) -> Reply:
        return Reply(PRINTED, role="tool", as_message=False)


class Agentic(Watched):
    """AEPO's rollouts: two roots a prompt, which branch after a tool, into places of any process."""

    def generate(self, chains: list[Chain], policy: Policy) -> None:
        how = Exploration(roots=2, max_calls=2, rule=BranchRule(entropy_weight=20.0, threshold=0.6))
        draw(chains, policy, Calls(), how, seed=0)
        for chain in chains:
            chain.add(OPENINGS[chain.slot % len(OPENINGS)])


class Branching(Watched):
    """One root for the group's part on this process; the others share its first tokens, and turn away by a word."""

    def generate(self, chains: list[Chain], policy: Policy) -> None:
        roots: dict[int, Chain] = {}
        for chain in chains:
            roots.setdefault(chain.group, chain)
        policy.extend(list(roots.values()), limit=3, top=5)
        for place, chain in enumerate(chains):
            chains[place] = roots[chain.group].branch()
            chains[place].add(OPENINGS[chain.slot % len(OPENINGS)])
        policy.extend(chains)


KINDS = {kind.__name__: kind for kind in (Forced, Unlearnt, Hinted, Tool, Agentic, Branching)}
