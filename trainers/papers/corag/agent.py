"""The configuration agent: which score function and which search settings suit a query.

L = mean[ (1 − y) D² + y max(0, m − D)² ] · α + β (CE₁ + CE₂) / 2 + γ (MSE₁ + MSE₂) / 2        y = 1: not the same kind
D = ‖ o₁ − o₂ + 1e-6 ‖₂                                                                        o: the class logits
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn


def agent_loss(
    features: tuple[Tensor, Tensor],
    different: Tensor,
    logits: tuple[Tensor, Tensor],
    classes: tuple[Tensor, Tensor],
    params: tuple[Tensor, Tensor],
    targets: tuple[Tensor, Tensor],
    *,
    margin: float = 1.0,
    alpha: float = 1.0,
    beta: float = 1.0,
    gamma: float = 1.0,
    distance_eps: float = 1e-6,
) -> Tensor:
    """The loss on pairs of queries; contrastive α, cross-entropy β, regression γ.

    Args:
        features: `(B, D)` each; the authors' trainer passes the class logits here too.
        different: `(B,)`, 1 where the two have not the same best class.
        logits: `(B, K)` each. classes: `(B,)` each, the best class.
        params: `(B, P)` each. targets: `(B, P)` each, in units of about one (see `Standard`).
    """
    distance = (features[0] - features[1] + distance_eps).norm(dim=1)
    y = different.to(distance.dtype)
    contrast = ((1 - y) * distance**2 + y * (margin - distance).clamp(min=0) ** 2).mean()
    entropy = sum(nn.functional.cross_entropy(one, kind) for one, kind in zip(logits, classes, strict=True)) / 2
    squares = sum(nn.functional.mse_loss(one, target) for one, target in zip(params, targets, strict=True)) / 2
    return alpha * contrast + beta * entropy + gamma * squares


class ConfigurationAgent(nn.Module):
    """Query embedding and mean embedding of the candidates → logits of the classes, and real search settings.

    Args:
        embedding: length of both embeddings.
        classes: how many score functions there are to choose from.
        params: how many settings: C, iterations and λ in the paper.
    """

    def __init__(
        self, embedding: int, classes: int, params: int = 3, *, hidden: int = 512, dropout: float = 0.1
    ) -> None:
        super().__init__()

        def encoder() -> nn.Sequential:
            return nn.Sequential(nn.Linear(embedding, hidden), nn.ReLU(), nn.Dropout(dropout))

        self.query, self.context = encoder(), encoder()
        self.trunk = nn.Sequential(
            nn.Linear(2 * hidden, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, hidden // 2),
            nn.ReLU(),
            nn.Linear(hidden // 2, hidden // 4),
            nn.ReLU(),
            nn.Dropout(dropout),
        )
        self.kind, self.settings = nn.Linear(hidden // 4, classes), nn.Linear(hidden // 4, params)

    def forward(self, query: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        """`(B, D)` twice → logits `(B, classes)`, settings `(B, params)`."""
        found = self.trunk(torch.cat([self.query(query), self.context(context)], dim=-1))
        return self.kind(found), self.settings(found)


@dataclass(frozen=True)
class Standard:
    """Search settings in units of about one and back: iterations in the tens would drown the others in the loss.

    mean, std: `(P,)`. low, high: `(P,)`, the range that a prediction is kept in.
    """

    mean: Tensor
    std: Tensor
    low: Tensor
    high: Tensor

    @classmethod
    def of(cls, values: Tensor) -> Standard:
        """From the settings `(N, P)` of the training data."""
        return cls(values.mean(0), values.std(0).clamp(min=1e-8), values.amin(0), values.amax(0))

    def scaled(self, values: Tensor) -> Tensor:
        """Settings as the agent learns them."""
        return (values - self.mean) / self.std

    def restored(self, values: Tensor) -> Tensor:
        """What the agent says, as settings within their range."""
        return torch.minimum(torch.maximum(values * self.std + self.mean, self.low), self.high)


def train_agent(
    agent: ConfigurationAgent,
    embeddings: tuple[Tensor, Tensor],
    classes: Tensor,
    params: Tensor,
    *,
    epochs: int = 60,
    batch: int = 32,
    learning_rate: float = 1e-3,
    alpha: float = 1.0,
    seed: int = 0,
) -> Standard:
    """Train on pairs of queries, half of the same best class and half not; gives what restores the settings.

    embeddings: of queries and of their candidates, `(N, D)` each. classes `(N,)`. params `(N, P)` in their own units.
    """
    scale = Standard.of(params)
    optimizer = torch.optim.Adam(agent.parameters(), lr=learning_rate)
    dice = torch.Generator().manual_seed(seed)
    targets = scale.scaled(params)
    agent.train()
    for _ in range(epochs):
        for rows in torch.randperm(len(classes), generator=dice).split(batch):
            others = _partners(rows, classes, dice)
            pairs = (rows, others)
            said = [agent(embeddings[0][p], embeddings[1][p]) for p in pairs]
            logits = (said[0][0], said[1][0])
            loss = agent_loss(
                logits,
                classes[rows] != classes[others],
                logits,
                (classes[rows], classes[others]),
                (said[0][1], said[1][1]),
                (targets[rows], targets[others]),
                alpha=alpha,
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    agent.eval()
    return scale


def _partners(rows: Tensor, classes: Tensor, dice: torch.Generator) -> Tensor:
    """For each row another one: of its class for every second row, else of another class, where there is one."""
    found = []
    for place, row in enumerate(rows.tolist()):
        same = classes == classes[row]
        wanted = same if place % 2 == 0 else ~same
        choices = wanted.nonzero()[:, 0] if wanted.any() else torch.arange(len(classes))
        found.append(int(choices[torch.randint(len(choices), (), generator=dice)]))
    return torch.tensor(found)
