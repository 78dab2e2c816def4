"""The world of coloured shapes: the proxy can be hacked, gold cannot, and what the figure needs survives JSON."""

from __future__ import annotations

import pytest
import torch

from jurybox.benchmarks.experiment import Result
from jurybox.benchmarks.papers.grpo_guard import images
from jurybox.benchmarks.papers.grpo_guard.figure import SHOWN, grid, packed, save_figure, unpacked
from jurybox.benchmarks.report import store
from jurybox.benchmarks.worlds.shapes import Bank, Painter, draw, gold_judge, proxy_judge
from jurybox.benchmarks.worlds.shapes.base import corrupted, pretrained
from jurybox.benchmarks.worlds.shapes.drawing import all_captions
from jurybox.benchmarks.worlds.shapes.judging import diversity, trained_classifier
from jurybox.benchmarks.worlds.shapes.network import encode, from_patches, to_patches


@pytest.fixture(scope="module")
def classifier():
    return trained_classifier(3, steps=200)


@pytest.fixture(scope="module")
def bank():
    return Bank(each=100)


@pytest.fixture
def real():
    ids = all_captions(4)
    return draw(ids, torch.Generator().manual_seed(5)), ids


def test_gold_knows_pictures_and_a_hacked_proxy_does_not_buy_it(classifier, bank, real):
    pictures, ids = real
    gold, proxy = gold_judge(bank), proxy_judge(classifier)
    said = gold.verdicts(list(pictures), ids=ids.tolist())
    assert sum(verdict.score for verdict in said) > 0.85 * len(said)
    assert sum(verdict.score for verdict in proxy.verdicts(list(pictures), ids=ids.tolist())) > 0.85 * len(said)
    wrong = gold.verdicts(list(pictures), ids=ids.roll(1, 0).tolist())
    assert sum(verdict.score for verdict in wrong) == 0
    assert {verdict.reason for verdict in wrong} <= {"another caption", "no such picture"}

    hacked = torch.zeros_like(pictures).requires_grad_()
    for _ in range(60):
        (slope,) = torch.autograd.grad(classifier.certainty(hacked, ids).sum(), hacked)
        hacked = (hacked + 0.1 * slope.sign()).clamp(-1, 1).detach().requires_grad_()
    assert min(verdict.score for verdict in proxy.verdicts(list(hacked.detach()), ids=ids.tolist())) > 0.95
    assert {verdict.reason for verdict in gold.verdicts(list(hacked.detach()), ids=ids.tolist())} == {"no such picture"}


def test_captions_are_what_is_drawn():
    pictures = draw(torch.tensor([[1, 0, 0], [1, 2, 3]]), torch.Generator().manual_seed(0))
    assert pictures.shape == (2, 3, 16, 16)
    assert pictures.abs().max() <= 1
    assert pictures[0, :, :8, :8].mean((1, 2)).argmax() == 0  # red, upper left
    assert pictures[1, :, 8:, 8:].mean((1, 2)).argmax() == 2  # blue, lower right
    assert encode(["a red disc, upper left", "a blue disc, lower right"]).tolist() == [[1, 0, 0], [1, 2, 3]]


def test_patches_come_back_in_their_places():
    x = torch.randn(2, 3, 16, 16)
    assert torch.equal(from_patches(to_patches(x)), x)
    assert torch.equal(to_patches(x)[0, 1].view(3, 4, 4), x[0, :, :4, 4:8])


def test_pretraining_lowers_the_loss_and_captions_are_wrong_now_and_then():
    ids = all_captions(50)
    kept = (corrupted(ids, torch.Generator().manual_seed(1)) == ids).float().mean().item()
    assert 0.88 < kept < 0.94  # 12 % replaced, some of them by themselves
    painter, fresh = pretrained(0, 30, rows=32), Painter()
    x, noise = draw(ids[:48], torch.Generator().manual_seed(2)), torch.randn(48, 3, 16, 16)
    errors = [
        ((network(0.5 * x + 0.5 * noise, torch.full((48,), 0.5), ids[:48]) - (noise - x)) ** 2).mean().item()
        for network in (painter, fresh)
    ]
    assert errors[0] < 0.9 * errors[1]


def test_pictures_survive_and_the_figure_is_drawn(real, tmp_path):
    pictures = list(real[0])
    kept = unpacked(packed(pictures))
    assert torch.allclose(kept[1] / 127.5 - 1, pictures[SHOWN[1]], atol=0.005)
    assert grid(packed(pictures)).shape == (4 * 17, 6 * 17, 3)
    assert diversity(pictures) > 0
    curves = {name: [(0, 0.5), (2, 0.6)] for name in ("proxy", "gold", "distance")}
    notes = {"before": packed(pictures), "after": packed(pictures)}
    runs = [
        store.Run(arm, 0, Result(final={}, curves=curves, notes=notes), 1.0) for arm in ("flow-loose", "guard-tight")
    ]
    save_figure(store.document(images.EXPERIMENT, runs, steps=2), tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 1000


def test_gold_is_compared_where_the_proxy_is_equal():
    curves = {"proxy": [(0, 0.5), (2, 0.7), (4, 0.6), (6, 0.9)], "gold": [(0, 0.4), (2, 0.6), (4, 0.5), (6, 0.2)]}
    result = Result(final={}, curves=curves)
    assert images.gold_at(result, 0.6) == pytest.approx(0.5)  # at the first crossing
    assert images.gold_at(result, 0.8) == pytest.approx(0.3)
    assert images.gold_at(result, 0.95) != images.gold_at(result, 0.95)  # never reached: NaN
