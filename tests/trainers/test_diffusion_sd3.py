"""A tiny random Stable Diffusion 3: the transformer alone, with adapters, and a pipeline from a folder."""

from __future__ import annotations

import json

import pytest
import torch

diffusers = pytest.importorskip("diffusers")

from jurybox.judges import judge  # noqa: E402
from jurybox.trainers import FlowGRPOConfig, FlowGRPOTrainer, GRPOGuardConfig, GRPOGuardTrainer  # noqa: E402
from jurybox.trainers.diffusion.sd3 import SD3Velocity, sd3_lora  # noqa: E402

WIDTH = 16


def transformer(joint: int = WIDTH, pooled: int = WIDTH):
    torch.manual_seed(0)
    return diffusers.SD3Transformer2DModel(
        sample_size=8, patch_size=2, in_channels=4, out_channels=4, num_layers=1, num_attention_heads=2,
        attention_head_dim=8, joint_attention_dim=joint, caption_projection_dim=WIDTH, pooled_projection_dim=pooled,
        pos_embed_max_size=8,
    )  # fmt: skip


def embeddings(prompts):
    """The same numbers for the same prompt."""
    drawn = [torch.randn(6, WIDTH, generator=torch.Generator().manual_seed(len(prompt))) for prompt in prompts]
    embeds = torch.stack(drawn)
    return {
        "prompt_embeds": embeds,
        "pooled_prompt_embeds": embeds.mean(1),
        "negative_prompt_embeds": torch.zeros_like(embeds),
        "negative_pooled_prompt_embeds": torch.zeros_like(embeds.mean(1)),
    }


@judge(reads="completion")
def positive(latent):
    return float(torch.sigmoid(latent.float().mean() * 10))


SMALL = {"max_rollouts": 1, "num_generations": 4, "prompts_per_rollout": 2, "num_steps": 4, "eval_num_steps": 3}
ROWS = [{"prompt": "a cat"}, {"prompt": "a horse"}]


@pytest.mark.parametrize(("guidance", "lora"), [(4.5, False), (1.0, False), (4.5, True)])
def test_the_transformer_learns(guidance, lora, tmp_path):
    velocity = SD3Velocity(transformer(), embeddings, guidance_scale=guidance)
    assert velocity.shape == (4, 8, 8)
    before = {name: weight.clone() for name, weight in velocity.module.named_parameters()}
    args = GRPOGuardConfig(str(tmp_path), learning_rate=1e-3, num_iterations=2, **SMALL)
    run = GRPOGuardTrainer(velocity, positive, args=args, train_dataset=ROWS, peft_config=sd3_lora(4) if lora else None)
    assert bool(lora) == all("lora_" in name for name in run.learner.names)
    weights = [parameter.detach().clone() for parameter in run.learner.parameters]
    run.train()
    entry = run.log_history[0]
    assert entry["updates"] == 4
    assert abs(entry["ratio/mean-1/0"]) < 1e-3
    assert any(not torch.equal(a, b) for a, b in zip(weights, run.learner.parameters, strict=True))
    if not lora:
        assert set(before) == set(run.learner.names)
    run.save_model(tmp_path / "saved")
    assert any((tmp_path / "saved").glob("*.safetensors"))


def test_guidance_goes_from_no_prompt_towards_the_prompt():
    network = transformer()
    x, sigma = torch.randn(2, 4, 8, 8), torch.full((2,), 0.5)
    condition = embeddings(["a cat", "a horse"])
    plain = SD3Velocity(network, embeddings, guidance_scale=1.0)
    unconditional = {name.removeprefix("negative_"): value for name, value in condition.items() if "negative" in name}
    with torch.no_grad():
        with_prompt, without = plain(x, sigma, condition), plain(x, sigma, unconditional)
        guided = SD3Velocity(network, embeddings, guidance_scale=3.0)(x, sigma, condition)
    assert torch.allclose(guided, without + 3 * (with_prompt - without), atol=1e-5)
    with pytest.raises(ValueError, match="guidance_scale"):
        SD3Velocity(network, embeddings, guidance_scale=0.5)


def pipeline(folder):
    """A whole pipeline with two tiny text encoders and without the third, which may be left out."""
    from transformers import CLIPTextConfig, CLIPTextModelWithProjection, CLIPTokenizer

    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({word: place for place, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    tokenizer = CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=12)
    settings = CLIPTextConfig(
        vocab_size=len(words), hidden_size=8, intermediate_size=16, num_hidden_layers=2, num_attention_heads=2,
        max_position_embeddings=12, projection_dim=8, bos_token_id=52, eos_token_id=53, pad_token_id=53,
    )  # fmt: skip
    torch.manual_seed(1)
    autoencoder = diffusers.AutoencoderKL(
        block_out_channels=(8,), layers_per_block=1, latent_channels=4, norm_num_groups=4, sample_size=8,
        scaling_factor=1.5, shift_factor=0.06, use_quant_conv=False, use_post_quant_conv=False,
    )  # fmt: skip
    return diffusers.StableDiffusion3Pipeline(
        transformer=transformer(32, 16),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=2.0),
        vae=autoencoder,
        text_encoder=CLIPTextModelWithProjection(settings).eval(),
        tokenizer=tokenizer,
        text_encoder_2=CLIPTextModelWithProjection(settings).eval(),
        tokenizer_2=tokenizer,
        text_encoder_3=None,
        tokenizer_3=None,
    )


def test_a_pipeline_from_a_folder_learns_what_judges_see_of_its_images(tmp_path):
    pipeline(tmp_path).save_pretrained(tmp_path / "saved")
    velocity = SD3Velocity.from_pipeline(
        tmp_path / "saved", guidance_scale=2.0, output_type="np", text_encoder_3=None, tokenizer_3=None
    )
    assert velocity.sigmas(4) != SD3Velocity(transformer(), embeddings).sigmas(4)  # the pipeline's own shift
    seen = []

    @judge(reads="completion")
    def bright(image):
        seen.append(image.shape)
        return float(image.mean())

    args = FlowGRPOConfig(str(tmp_path / "run"), learning_rate=1e-3, **SMALL)
    run = FlowGRPOTrainer(velocity, bright, args=args, train_dataset=ROWS)
    weights = [parameter.detach().clone() for parameter in run.learner.parameters]
    run.train()
    assert set(seen) == {(8, 8, 3)}
    assert any(not torch.equal(a, b) for a, b in zip(weights, run.learner.parameters, strict=True))
    assert len(run.generate(["a cat"])) == 1


def test_the_ode_is_the_pipelines_own_sampler(tmp_path):
    whole = pipeline(tmp_path)
    velocity = SD3Velocity.from_pipeline(whole, guidance_scale=2.0)
    run = FlowGRPOTrainer(velocity, positive, args=FlowGRPOConfig(str(tmp_path / "run"), **SMALL), train_dataset=ROWS)
    ours = run.generate(["a cat"], seed=3)[0]
    from jurybox.trainers.diffusion.randomness import EVALUATION, row_noise

    noise = row_noise(3, EVALUATION, rows=[0], steps=1, shape=(4, 8, 8))[:, 0]
    whole.set_progress_bar_config(disable=True)
    theirs = whole("a cat", latents=noise, num_inference_steps=3, guidance_scale=2.0, height=8, width=8,
                   output_type="pt", max_sequence_length=128).images[0]  # fmt: skip
    assert torch.allclose(ours, theirs, atol=2e-3)


def test_what_cannot_be_followed_is_refused(tmp_path):
    whole = pipeline(tmp_path)
    with pytest.raises(ValueError, match="output_type must be one of"):
        SD3Velocity.from_pipeline(whole, output_type="latent")
    with pytest.raises(ValueError, match="torch_dtype"):
        SD3Velocity.from_pipeline(whole, torch_dtype=torch.float16)
    whole.scheduler = diffusers.FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True)
    with pytest.raises(ValueError, match="use_dynamic_shifting"):
        SD3Velocity.from_pipeline(whole)
