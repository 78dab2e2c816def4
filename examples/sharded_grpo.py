"""GRPO on a policy that is split over GPUs, with a composed reward; the models and the data set are yours.

    accelerate launch --config_file examples/fsdp2.yaml examples/sharded_grpo.py MODEL DATASET
    accelerate launch --config_file examples/zero3.yaml examples/sharded_grpo.py MODEL DATASET

MODEL: a folder or a name of a hub. DATASET: JSON Lines with the columns `prompt` and `solution`.
"""

from __future__ import annotations

import sys

from datasets import load_dataset

from jurybox.judges import FormatJudge, MathJudge
from jurybox.trainers import GRPO, ObjectiveConfig, ObjectiveTrainer


def main(model: str, rows: str) -> None:
    """Train, and save what was trained."""
    trainer = ObjectiveTrainer(
        model,
        MathJudge() + 0.2 * FormatJudge(),
        args=ObjectiveConfig(
            output_dir="sharded-grpo",
            per_device_train_batch_size=8,
            gradient_accumulation_steps=4,
            num_generations=8,
            max_completion_length=1024,
            learning_rate=1e-6,
            beta=0.0,
            dynamic_sampling=True,
            logging_steps=1,
            save_steps=50,
            report_to="none",
        ),
        train_dataset=load_dataset("json", data_files=rows, split="train"),
        objective=GRPO,
    )
    trainer.train()
    trainer.save_model()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
