"""The mathematics of CapTAIN: the capsule layer, the decoder and the masked loss, beside their golden numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from jurybox.trainers.papers.uam_fleet import GraphCapsule, adjacency, masked_ppo_loss, mha_decoder

torch.manual_seed(0)
CAPSULE = GraphCapsule(5, 6).double()


def test_the_encoder_is_permutation_equivariant():
    X, order = torch.rand(3, 7, 5).double(), torch.randperm(7)
    assert torch.allclose(CAPSULE(X)[:, order], CAPSULE(X[:, order]), atol=1e-12)


def test_the_encoder_equals_the_equations_written_out():
    X = np.random.default_rng(0).random((4, 5))
    n, h, P, K = 4, 6, 3, 2
    distance = np.array([[math.dist(X[i], X[j]) for j in range(n)] for i in range(n)])
    A = np.array([[0 if i == j else 1 / distance[i, j] for j in range(n)] for i in range(n)])
    A /= A.max()
    L = np.diag(A.sum(1)) - A
    weights = {name: value.detach().numpy() for name, value in CAPSULE.state_dict().items()}
    F0 = X @ weights["embed.weight"].T + weights["embed.bias"]
    G = []
    for p in range(1, P + 1):
        blocks = np.concatenate([np.linalg.matrix_power(L, k) @ F0**p for k in range(K + 1)], axis=1)
        of_p = slice((p - 1) * h, p * h)
        G.append(blocks @ weights["capsules.weight"][of_p].T + weights["capsules.bias"][of_p])
    leaky = lambda x: np.where(x > 0, x, 0.01 * x)  # noqa: E731
    F1 = leaky(np.concatenate(G, axis=1)) + F0
    out = leaky(F1 @ weights["out.weight"].T + weights["out.bias"])
    assert out.shape == (n, h)
    assert np.allclose(CAPSULE(torch.tensor(X)).detach().numpy(), out, atol=1e-12)


def test_nodes_on_one_place_and_a_node_alone():
    assert adjacency(torch.zeros(1, 3)).tolist() == [[0.0]]
    twins = adjacency(torch.tensor([[0.0], [0.0], [1.0]]))
    assert twins[0].tolist() == pytest.approx([0, 1, 1e-6])
    X = torch.zeros(3, 5).double().requires_grad_()
    CAPSULE(X).sum().backward()
    assert X.grad.isfinite().all()
    with pytest.raises(ValueError, match="X has a number that is not finite"):
        CAPSULE(torch.full((2, 5), math.nan).double())
    with pytest.raises(ValueError, match="X has shape"):
        CAPSULE(torch.zeros(2, 4).double())


def test_a_batch_norm_is_over_all_nodes():
    normed = GraphCapsule(5, 6, norm=True)
    seen = []
    normed.norm.register_forward_hook(lambda module, given, result: seen.append(result))
    normed(torch.rand(3, 7, 5))
    assert torch.allclose(seen[0].mean((0, 1)), torch.zeros(18), atol=1e-5)


def test_the_decoder_treats_rows_alike_and_nodes_by_their_keys():
    query, keys, values, logit_keys = (torch.randn(shape) for shape in ((4, 8), (4, 3, 8), (4, 3, 8), (4, 3, 8)))
    W_out, mask = torch.randn(8, 8), torch.tensor([[1, 1, 0], [1, 1, 1], [0, 1, 0], [1, 0, 1]])
    probs = mha_decoder(query, keys, values, W_out, logit_keys, mask, heads=2).probs
    assert probs.sum(-1).tolist() == pytest.approx([1] * 4)
    assert (probs[mask == 0] == 0).all()
    alone = mha_decoder(query[0], keys[0], values[0], W_out, logit_keys[0], mask[0], heads=2).probs
    assert torch.allclose(probs[0], alone)
    order = torch.tensor([2, 0, 1])
    turned = mha_decoder(query, keys[:, order], values[:, order], W_out, logit_keys[:, order], mask[:, order], heads=2)
    assert torch.allclose(turned.probs, probs[:, order], atol=1e-6)


def test_what_the_decoder_cannot_do():
    query, keys, W_out = torch.zeros(8), torch.zeros(3, 8), torch.zeros(8, 8)
    for heads, mask, words in ((3, [1, 1, 1], "heads=3"), (2, [0, 0, 0], "mask allows nothing"), (2, [1, 1], "mask")):
        with pytest.raises(ValueError, match=words):
            mha_decoder(query, keys, keys, W_out, keys, torch.tensor(mask), heads=heads)


def loss(logits, mask, action=(0,), old_logp=(0.0,), advantage=(1.0,)):
    given = (torch.tensor(value) for value in (mask, action, old_logp, advantage))
    return masked_ppo_loss(torch.as_tensor(logits), *given)


def test_what_is_forbidden_has_no_gradient_whatever_its_logit_is():
    for forbidden in (0.0, 50.0, -math.inf, math.inf, math.nan):
        logits = torch.tensor([[1.0, 2.0, forbidden]], requires_grad=True)
        masked = loss(logits, [[True, True, False]])
        (masked.loss + masked.entropy.sum()).backward()
        assert logits.grad[0, 2] == 0
        assert logits.grad.isfinite().all()
        assert masked.entropy.isfinite().all()
    assert torch.tensor([1.0, 0.0]).softmax(-1).tolist() == pytest.approx([0.7311, 0.2689], abs=1e-4)
    worked = loss([[1.0, 2.0, 0.0]], [[True, False, True]], action=(2,))
    assert worked.logp.exp().item() == pytest.approx(0.2689, abs=1e-4)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"action": (1,)}, "action is outside its mask"),
        ({"action": (3,)}, "action is none of the 3"),
        ({"action": (-1,)}, "action is none of the 3"),
        ({"mask": [[False] * 3]}, "mask allows nothing"),
        ({"mask": [[True, True]]}, "mask has shape"),
        ({"logits": [[math.nan, 0.0, 0.0]]}, "logits"),
        ({"advantage": (math.nan,)}, "advantage"),
        ({"old_logp": (0.0, 0.0)}, "old_logp"),
    ],
)
def test_what_the_loss_refuses(changed, words):
    with pytest.raises(ValueError, match=words):
        loss(**{"logits": [[0.0, 0.0, 0.0]], "mask": [[True, False, True]], **changed})
