"""BGPO on networks: the memory of one masking, the gradient of the objective, canvases, and the trainer's refusals."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from datasets import Dataset
from online_papers import PAPERS
from paper_runs import build, losses, weights
from seam_tiny import tiny_mask_filler, tiny_model, tiny_tokenizer
from torch import Tensor
from transformers import BertConfig, BertForMaskedLM, ModernBertConfig, ModernBertForMaskedLM

from jurybox.benchmarks.papers.bgpo.noise import Saved
from jurybox.judges import ExactJudge
from jurybox.trainers import BGPOConfig, BGPOTrainer
from jurybox.trainers.papers.bgpo import BGPO, Canvas, elbo_ratio_objective, stratified_masks
from jurybox.trainers.papers.bgpo.network import masked_elbo
from jurybox.trainers.seam._parts import in_parts

MASK, WORDS, LENGTH = 11, 12, 8


def batch(model: Any, n: int, seed: int = 0, rows: int = 6) -> Any:
    """Random canvases after prompts of two lengths, with maskings and advantages of both signs."""
    generator = torch.Generator().manual_seed(seed)
    prompt_mask = torch.ones(rows, 3, dtype=torch.long)
    prompt_mask[::2, 0] = 0
    advantages = torch.linspace(-1.0, 1.5, rows)
    return SimpleNamespace(
        model=model,
        prompt_ids=torch.randint(2, 10, (rows, 3), generator=torch.Generator().manual_seed(7)),
        prompt_mask=prompt_mask,
        completion_ids=torch.randint(2, 10, (rows, LENGTH), generator=torch.Generator().manual_seed(8)),
        completion_mask=torch.ones(rows, LENGTH, dtype=torch.long),
        advantages=advantages.unsqueeze(1),
        columns=Columns(
            masks=torch.stack([stratified_masks(LENGTH, n, generator) for _ in range(rows)]), weight=torch.ones(rows)
        ),
    )


class Columns(dict[str, Tensor]):
    """What the estimator put beside the tokens."""


class Recorded(SimpleNamespace):
    """A batch that is asked for its columns."""

    def __getitem__(self, name: str) -> Tensor:
        column: Tensor = self.columns[name]
        return column


def bgpo_step(model: Any, n: int, seed: int = 0) -> Tensor:
    """The gradient of one step in parts, flat."""
    objective = BGPO(SimpleNamespace(num_maskings=n, clip=None))
    objective.mask_id = MASK
    model.zero_grad()
    loss, _ = in_parts(objective.loss(Recorded(**vars(batch(model, n, seed)))), model, Accelerator(cpu=True), 1.0)
    loss.backward()
    return gradient(model)


def elbo_ratio_step(model: Any, n: int, seed: int = 0) -> Tensor:
    """The gradient of what is bounded, with the graphs of all maskings."""
    given = batch(model, n, seed)
    model.zero_grad()
    tensors = (given.prompt_ids, given.prompt_mask, given.completion_ids, given.completion_mask)
    elbo = torch.stack([masked_elbo(model, *tensors, hidden, MASK) for hidden in given.columns["masks"].unbind(1)], 1)
    (-elbo_ratio_objective(elbo, elbo, given.advantages.squeeze(1))).backward()
    return gradient(model)


def gradient(model: Any) -> Tensor:
    return torch.cat([p.grad.flatten() for p in model.parameters()])


@pytest.mark.parametrize("n", [1, 4, 16])
def test_on_policy_the_step_has_the_gradient_of_the_objective(n: int) -> None:
    model = tiny_mask_filler(WORDS)
    torch.testing.assert_close(bgpo_step(model, n), elbo_ratio_step(model, n), atol=1e-6, rtol=0)


def test_memory_is_that_of_one_masking() -> None:
    model, most = tiny_mask_filler(WORDS), {}
    for step in (bgpo_step, elbo_ratio_step):
        for n in (1, 16):
            with Saved() as saved:
                step(model, n)
            assert saved.now == 0
            most[step, n] = saved.most
    assert most[bgpo_step, 16] == pytest.approx(most[bgpo_step, 1], rel=0.05)
    assert most[elbo_ratio_step, 16] > 10 * most[elbo_ratio_step, 1]


def test_more_maskings_are_less_noise() -> None:
    model = tiny_mask_filler(WORDS)

    def noise(n: int) -> float:
        drawn = torch.stack([bgpo_step(model, n, seed) for seed in range(24)])
        return (drawn.var(0).sum() / drawn.mean(0).square().sum()).item()

    assert noise(16) < noise(1) / 4


def test_left_padding_changes_nothing_also_with_absolute_positions() -> None:
    model = bert(WORDS).eval()
    given = batch(model, 1)
    hidden = given.columns["masks"][:, 0]
    rows = (given.prompt_ids, given.prompt_mask, given.completion_ids, given.completion_mask, hidden)
    together = masked_elbo(model, *rows, MASK)
    alone = masked_elbo(model, given.prompt_ids[:1, 1:], given.prompt_mask[:1, 1:], *(x[:1] for x in rows[2:]), MASK)
    torch.testing.assert_close(together[:1], alone)


def test_an_empty_canvas_and_one_of_masks_alone() -> None:
    model = tiny_mask_filler(WORDS)
    given = batch(model, 1)
    hidden = torch.ones_like(given.columns["masks"][:, 0])
    hidden[0] = False
    given.completion_mask[0] = 0
    found = masked_elbo(
        model, given.prompt_ids, given.prompt_mask, given.completion_ids, given.completion_mask, hidden, MASK
    )
    assert found[0] == 0.0
    assert (found[1:] < 0).all()
    found[0].backward()
    assert (gradient(model) == 0).all()


class Sure:
    """A network that is surest of the right end of a canvas, and would like best to say the mask."""

    device = torch.device("cpu")

    def __init__(self) -> None:
        self.seen: list[Tensor] = []

    def __call__(self, input_ids: Tensor, attention_mask: Tensor) -> Any:
        self.seen.append(input_ids.clone())
        logits = torch.zeros(*input_ids.shape, WORDS)
        logits[..., 5] = torch.arange(input_ids.size(1)) + 1.0
        logits[..., MASK] = 99.0
        return SimpleNamespace(logits=logits)


def test_a_canvas_is_filled_block_by_block_the_surest_tokens_first() -> None:
    model = Sure()
    canvas = Canvas(length=6, block=4, steps=4, temperature=0.0)
    assert canvas.schedule() == [[2, 1, 1], [2]]
    assert canvas.fill(model, [[3, 4], [3]], MASK, 0, rows=2) == [[5] * 6] * 2
    M = MASK
    assert [ids[0].tolist() for ids in model.seen] == [
        [3, 4, M, M, M, M, M, M],
        [3, 4, M, M, 5, 5, M, M],
        [3, 4, M, 5, 5, 5, M, M],
        [3, 4, 5, 5, 5, 5, M, M],
    ]
    assert model.seen[0][1].tolist() == [3, M, M, M, M, M, M, 0]


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"steps": 1}, "one a block"),
        ({"steps": 7}, "one a token"),
        ({"length": 0}, "length=0"),
        ({"block": 0}, "block=0"),
        ({"temperature": -1.0}, "temperature"),
    ],
)
def test_canvases_that_cannot_be(sizes: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Canvas(**{"length": 6, "block": 4, "steps": 4, "temperature": 1.0, **sizes})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"num_maskings": 0}, "num_maskings"),
        ({"clip": [0.2, 0.2]}, "clip"),
        ({"clip": [0.2, 0.2, 0.5]}, "dual_clip_c"),
        ({"top_p": 0.9}, "top_p"),
        ({"disable_dropout": False}, "disable_dropout"),
        ({"max_completion_length": None}, "max_completion_length"),
        ({"diffusion_steps": 600}, "diffusion steps"),
    ],
)
def test_settings_that_are_refused(settings: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        BGPOConfig(str(tmp_path), use_cpu=True, bf16=False, **settings)


def trainer_of(model: Any, tmp_path: Path, **settings: Any) -> BGPOTrainer:
    return build(PAPERS["bgpo"], model, str(tmp_path), **settings)  # type: ignore[no-any-return]


def plain_trainer(model: Any, tmp_path: Path, reward: Any = None, **settings: Any) -> BGPOTrainer:
    config = BGPOConfig(
        str(tmp_path),
        **{
            "use_cpu": True, "bf16": False, "gradient_checkpointing": False, "report_to": "none", "max_steps": 1,
            "num_generations": 4, "per_device_train_batch_size": 4, "max_completion_length": 6, "temperature": 1.0,
            "num_maskings": 2, "mask_token_id": 2, "learning_rate": 0.1, "weight_decay": 0.0, "optim": "sgd",
            "save_strategy": "no", "disable_tqdm": True, "logging_steps": 1, **settings,
        },
    )  # fmt: skip
    return BGPOTrainer(
        model,
        reward or ExactJudge("letter"),
        args=config,
        train_dataset=Dataset.from_list([{"prompt": "say e", "letter": "e"}] * 8),
        processing_class=tiny_tokenizer(),
    )


@pytest.mark.parametrize(
    ("model", "settings", "message"),
    [
        (tiny_model, {}, "causal"),
        (tiny_mask_filler, {"mask_token_id": None}, "mask_token_id"),
        (tiny_mask_filler, {"mask_token_id": 9999}, "9999"),
        (tiny_mask_filler, {"beta": 0.1}, "beta"),
        (tiny_mask_filler, {"entropy_coef": 0.1}, "entropy_coef"),
    ],
)
def test_models_and_settings_that_the_trainer_refuses(model: Any, settings: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        plain_trainer(model(len(tiny_tokenizer())), tmp_path, **settings)


REMOTE = """
import torch
from transformers import PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutputWithPast

class FillerConfig(PretrainedConfig):
    model_type = "remote_filler"
    def __init__(self, vocab_size=280, mask_token_id=2, **more):
        self.vocab_size, self.mask_token_id = vocab_size, mask_token_id
        super().__init__(**more)

class FillerLM(PreTrainedModel):
    config_class = FillerConfig
    base_model_prefix = "model"
    def __init__(self, config):
        super().__init__(config)
        self.words = torch.nn.Embedding(config.vocab_size, 16)
        self.head = torch.nn.Linear(16, config.vocab_size)
        self.post_init()
    def _init_weights(self, module):
        pass
    def get_input_embeddings(self):
        return self.words
    def forward(self, input_ids=None, attention_mask=None, **more):
        words = self.words(input_ids) * attention_mask.unsqueeze(-1)
        return CausalLMOutputWithPast(logits=self.head(words + words.mean(1, keepdim=True)))
"""


def remote_checkpoint(folder: Path) -> str:
    """A checkpoint that brings its own modelling code, as LLaDA's does, and cannot generate."""
    folder.mkdir()
    (folder / "modeling_filler.py").write_text(REMOTE)
    classes = {"AutoConfig": "FillerConfig", "AutoModelForCausalLM": "FillerLM"}
    auto_map = {auto: f"modeling_filler.{own}" for auto, own in classes.items()}
    words = len(tiny_tokenizer())
    config = {"model_type": "remote_filler", "architectures": ["FillerLM"], "auto_map": auto_map, "vocab_size": words}
    (folder / "config.json").write_text(json.dumps(config))
    shapes = {"words.weight": (words, 16), "head.weight": (words, 16), "head.bias": (words,)}
    torch.manual_seed(0)
    torch.save({name: torch.randn(shape) for name, shape in shapes.items()}, folder / "pytorch_model.bin")
    return str(folder)


def bert(words: int) -> Any:
    config = BertConfig(
        vocab_size=words, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64
    )
    return BertForMaskedLM(config)


def modern_bert(words: int) -> Any:
    sizes = {"vocab_size": words, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
    special = dict.fromkeys(("eos_token_id", "bos_token_id", "cls_token_id", "sep_token_id"), 1)
    config = ModernBertConfig(num_attention_heads=2, attention_dropout=0.3, pad_token_id=0, **sizes, **special)
    return ModernBertForMaskedLM(config)


def many_letters(completions: list[str], **_: Any) -> list[float]:
    return [float(len(set(text))) for text in completions]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["bert", "modern_bert", "by name, with its own code"])
def test_networks_that_cannot_generate_are_trained(kind: str, tmp_path: Path) -> None:
    """Twice on a generation: the old ℓ that is kept is the new one's, dropout or not."""
    makers = {"bert": bert, "modern_bert": modern_bert}
    name = remote_checkpoint(tmp_path / "filler") if kind not in makers else ""
    model = name or makers[kind](len(tiny_tokenizer()))
    own = {"mask_token_id": None, "trust_remote_code": True} if name else {}
    trainer = plain_trainer(model, tmp_path / "out", many_letters, num_iterations=2, max_steps=2, **own)
    before = weights(trainer).clone()
    trainer.train()
    gains = [row["bgpo/gain_max"] for row in trainer.state.log_history if "bgpo/gain_max" in row]
    assert gains[0] == pytest.approx(0.0, abs=1e-5), "nothing has moved yet"
    assert abs(gains[1]) > 1e-4
    assert not torch.equal(before, weights(trainer))


@pytest.mark.slow
@pytest.mark.parametrize("clip", [None, [0.2, 0.2, 3.0]])
def test_groups_without_a_spread_have_no_gradient(clip: Any, tmp_path: Path) -> None:
    trainer = plain_trainer(tiny_mask_filler(), tmp_path, lambda completions, **_: [0.1] * len(completions), clip=clip)
    before = weights(trainer).clone()
    trainer.train()
    assert torch.equal(before, weights(trainer))


@pytest.mark.slow
def test_judges_read_what_stands_before_the_first_end_and_all_of_it_is_learnt(tmp_path: Path) -> None:
    seen: list[tuple[str, list[int]]] = []

    def reward(completions: list[str], completion_ids: list[list[int]], **_: Any) -> list[float]:
        seen.extend(zip(completions, completion_ids, strict=True))
        return [float(len(ids)) for ids in completion_ids]

    model = tiny_mask_filler()
    with torch.no_grad():
        model.lm_head.weight[1] *= 4  # ends are likely
    trainer = plain_trainer(model, tmp_path, reward, max_steps=3, eval_strategy="no")
    masks: list[Tensor] = []
    maskings = trainer.policy_objective.maskings
    trainer.policy_objective.maskings = lambda rollout: masks.append(maskings(rollout)) or masks[-1]  # type: ignore
    trainer.train()
    lengths = [len(ids) for _, ids in seen]
    assert len(set(lengths)) > 1
    for text, ids in seen:
        assert 2 not in ids, "the mask is never said"
        assert ids.count(1) == (ids[-1] == 1), "an end is the last token"
        assert text == trainer._tokenizer.decode(ids, skip_special_tokens=True)
    assert all(mask.shape == (4, 2, 6) for mask in masks)
    assert torch.cat(masks)[:, :, -1].any(), "tokens behind an end are masked and learnt too"


@pytest.mark.slow
def test_a_canvas_that_is_left_out_changes_nothing(tmp_path: Path) -> None:
    """Answers without an end are taken out of the loss, and out of its denominator."""
    trainer = plain_trainer(tiny_mask_filler(), tmp_path, many_letters, mask_truncated_completions=True)
    before = weights(trainer).clone()
    trainer.train()
    assert torch.isfinite(torch.tensor(losses(trainer))).all()
    assert torch.isfinite(weights(trainer)).all()
    assert torch.equal(before, weights(trainer)), "random weights do not end: every canvas is empty"
