"""Stable Diffusion 3 as a velocity: its transformer alone, or a whole pipeline by name."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ...judges.options import one_of
from .velocity import Velocity

OUTPUTS = ("pt", "np", "pil")
LORA_TARGETS = ("add_k_proj", "add_q_proj", "add_v_proj", "to_add_out", "to_k", "to_out.0", "to_q", "to_v")


class SD3Velocity(Velocity):
    """An `SD3Transformer2DModel`.

    encode: prompts to a dict of `prompt_embeds` `(B, L, C)` and `pooled_prompt_embeds` `(B, P)`; with guidance also
        `negative_prompt_embeds` and `negative_pooled_prompt_embeds`.
    guidance_scale: w of v = v⁻ + w·(v⁺ − v⁻), in drawing and in learning; 1 for none.
    size: of latents, `(height, width)`; by default the one the transformer was built for.
    decode, shift: as in `Velocity`.

    Raises:
        ValueError: the guidance scale is below 1.
    """

    def __init__(
        self,
        transformer: Any,
        encode: Callable[[Sequence[str]], Mapping[str, Tensor]],
        *,
        guidance_scale: float = 4.5,
        size: tuple[int, int] | None = None,
        decode: Callable[[Tensor], Sequence[Any]] | None = None,
        shift: float = 3.0,
    ) -> None:
        if not guidance_scale >= 1:
            raise ValueError(f"guidance_scale={guidance_scale}: give 1 for no guidance, or more")
        settings = transformer.config
        height, width = size or (settings.sample_size, settings.sample_size)
        super().__init__(transformer, (settings.in_channels, height, width), encode=encode, decode=decode, shift=shift)
        self.guidance_scale = guidance_scale
        self.scheduler: Any = None

    def __call__(self, x: Tensor, sigma: Tensor, condition: Mapping[str, Tensor]) -> Tensor:
        """v `(B, C, H, W)`."""
        if self.guidance_scale == 1:
            return self._asked(x, sigma, condition["prompt_embeds"], condition["pooled_prompt_embeds"])
        embeds = torch.cat([condition["negative_prompt_embeds"], condition["prompt_embeds"]])
        pooled = torch.cat([condition["negative_pooled_prompt_embeds"], condition["pooled_prompt_embeds"]])
        without, with_prompt = self._asked(torch.cat([x, x]), torch.cat([sigma, sigma]), embeds, pooled).chunk(2)
        return without + self.guidance_scale * (with_prompt - without)

    def _asked(self, x: Tensor, sigma: Tensor, embeds: Tensor, pooled: Tensor) -> Tensor:
        return self.module(
            hidden_states=x,
            timestep=1000 * sigma,
            encoder_hidden_states=embeds.to(x.dtype),
            pooled_projections=pooled.to(x.dtype),
            return_dict=False,
        )[0]

    def sigmas(self, steps: int) -> tuple[float, ...]:
        """The pipeline's own, if it came with one."""
        if self.scheduler is None:
            return super().sigmas(steps)
        scheduler = copy.deepcopy(self.scheduler)
        scheduler.set_timesteps(steps)
        return tuple(scheduler.sigmas.double().tolist())

    @classmethod
    def from_pipeline(
        cls,
        pipeline: Any,
        *,
        guidance_scale: float = 4.5,
        size: tuple[int, int] | None = None,
        output_type: str = "pt",
        max_sequence_length: int = 128,
        **options: Any,
    ) -> SD3Velocity:
        """A diffusers `StableDiffusion3Pipeline`, or its name or folder; only its transformer is trained.

            SD3Velocity.from_pipeline("stabilityai/stable-diffusion-3.5-medium", torch_dtype=torch.bfloat16)

        size: of latents. output_type: what judges read: "pt" tensors `(3, H, W)` in [0, 1], "np" arrays, "pil" images.
        options: of `from_pretrained`, where a name is given.

        Raises:
            ModuleNotFoundError: diffusers is not installed, and a name is given.
            ValueError: an unknown output type, or a scheduler whose schedule depends on the image's size.
        """
        one_of("output_type", output_type, OUTPUTS)
        if isinstance(pipeline, (str, bytes)) or hasattr(pipeline, "__fspath__"):
            pipeline = _named(pipeline, options)
        elif options:
            raise ValueError(f"{', '.join(options)}: options of a name, but a pipeline was given")
        if pipeline.scheduler.config.get("use_dynamic_shifting"):
            raise ValueError("the pipeline's scheduler has use_dynamic_shifting, which this sampler does not follow")
        for part in (pipeline.vae, pipeline.text_encoder, pipeline.text_encoder_2, pipeline.text_encoder_3):
            if part is not None:
                part.requires_grad_(False)
        velocity = cls(
            pipeline.transformer,
            _Encoding(pipeline, guidance_scale > 1, max_sequence_length),
            guidance_scale=guidance_scale,
            size=size,
            decode=_Decoding(pipeline, output_type),
        )
        velocity.scheduler = pipeline.scheduler
        return velocity


def sd3_lora(r: int = 32, alpha: int = 64) -> Any:
    """Adapters on every attention projection of an SD3 transformer, as `peft_config`; r and alpha are Flow-GRPO's."""
    from peft import LoraConfig

    return LoraConfig(r=r, lora_alpha=alpha, init_lora_weights="gaussian", target_modules=list(LORA_TARGETS))


class _Encoding:
    """The pipeline's text encoders."""

    def __init__(self, pipeline: Any, guided: bool, max_sequence_length: int) -> None:
        self.pipeline, self.guided, self.length = pipeline, guided, max_sequence_length

    def __call__(self, prompts: Sequence[str]) -> dict[str, Tensor]:
        device = next(self.pipeline.transformer.parameters()).device
        for encoder in (self.pipeline.text_encoder, self.pipeline.text_encoder_2, self.pipeline.text_encoder_3):
            if encoder is not None:
                encoder.to(device)
        texts = list(prompts)
        embeds, negative, pooled, negative_pooled = self.pipeline.encode_prompt(
            texts,
            texts,
            texts,
            device=device,
            do_classifier_free_guidance=self.guided,
            max_sequence_length=self.length,
        )
        condition = {"prompt_embeds": embeds, "pooled_prompt_embeds": pooled}
        if self.guided:
            condition |= {"negative_prompt_embeds": negative, "negative_pooled_prompt_embeds": negative_pooled}
        return condition


class _Decoding:
    """The pipeline's autoencoder."""

    def __init__(self, pipeline: Any, output_type: str) -> None:
        self.pipeline, self.output_type = pipeline, output_type

    @torch.no_grad()
    def __call__(self, latents: Tensor) -> list[Any]:
        vae = self.pipeline.vae.to(latents.device)
        scaled = latents.to(vae.dtype) / vae.config.scaling_factor + (vae.config.shift_factor or 0.0)
        images = vae.decode(scaled, return_dict=False)[0]
        return list(self.pipeline.image_processor.postprocess(images, output_type=self.output_type))


def _named(name: Any, options: Mapping[str, Any]) -> Any:
    try:
        from diffusers import StableDiffusion3Pipeline
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "a pipeline by name needs diffusers: pip install 'jurybox[diffusion]'", name=error.name
        ) from error
    return StableDiffusion3Pipeline.from_pretrained(name, **options)
