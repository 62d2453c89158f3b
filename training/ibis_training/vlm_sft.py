"""Stage 1 for a large policy: TRL's SFTTrainer on single steps, the loss on what is to be written only."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import torch
from accelerate import PartialState
from accelerate.utils import broadcast_object_list
from datasets import Dataset
from PIL import Image
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_utils import get_last_checkpoint
from trl import SFTConfig, SFTTrainer

from .examples import ExamplePlace, find_examples, read_example, trajectory_files, write_pictures
from .vlm import choose_trained_parts, load_vlm, prompt_messages

SPENT = "spent.json"  # in a checkpoint


class StopInTime(TrainerCallback):
    """Ends training when its time is up, that before a cut counted: the first process decides for all, so that none waits for
    another. Each checkpoint keeps the seconds spent until then."""

    def __init__(self, minutes: float, checkpoint: Path | None, clock: Callable[[], float] = time.monotonic):
        self.clock, self.seconds = clock, 60 * minutes
        before = 0.0 if checkpoint is None or not (checkpoint / SPENT).exists() else json.loads((checkpoint / SPENT).read_text())["seconds"]
        self.begun = clock() - before

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_) -> None:
        control.should_training_stop |= broadcast_object_list([self.clock() - self.begun > self.seconds])[0]
        control.should_save |= control.should_training_stop

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_) -> None:
        if state.is_world_process_zero:
            (Path(args.output_dir) / f"checkpoint-{state.global_step}" / SPENT).write_text(json.dumps({"seconds": self.clock() - self.begun}))


def examples_dataset(places: list[ExamplePlace], image_px: int, system: str) -> Dataset:
    """Rows of TRL's conversational form with images, drawn when they are asked for."""

    def draw(rows: dict) -> dict:
        examples = [read_example(places[k], image_px) for k in rows["place"]]
        return {
            "prompt": [prompt_messages(system, e.look.user) for e in examples],
            "completion": [[{"role": "assistant", "content": [{"type": "text", "text": e.text}]}] for e in examples],
            "images": [[Image.fromarray(e.look.picture)] for e in examples],
        }

    return Dataset.from_dict({"place": list(range(len(places)))}).with_transform(draw)


def accumulation_steps(batch_size: int, per_device: int, processes: int) -> int:
    if batch_size % (per_device * processes):
        raise ValueError(f"A batch of {batch_size} cannot be made of {processes} processes with {per_device} at a time. Change batchSize or perDevice.")
    return batch_size // (per_device * processes)


def train_sft(config: dict, work: Path) -> Path:
    """Goes on from the last checkpoint; the trained adapter or model lies in <work>/sft."""
    settings, model_settings = config["sft"], config["model"]
    state, files = PartialState(), trajectory_files([Path(f) for f in config["data"]["trajectories"]])
    with state.main_process_first():
        if state.is_main_process:
            write_pictures(files)
    vlm = load_vlm(model_settings)
    dataset = examples_dataset(list(find_examples(files)), vlm.image_px, vlm.system)
    bfloat = model_settings["dtype"] == "bfloat16"
    arguments = SFTConfig(
        output_dir=str(work / "sft-checkpoints"), learning_rate=settings["rate"], num_train_epochs=settings["epochs"], max_steps=settings.get("steps") or -1,
        per_device_train_batch_size=settings["perDevice"], gradient_accumulation_steps=accumulation_steps(settings["batchSize"], settings["perDevice"], state.num_processes),
        lr_scheduler_type="cosine", warmup_steps=settings["warmup"], max_grad_norm=1.0, weight_decay=settings["weightDecay"], bf16=bfloat, seed=config["seed"], data_seed=config["seed"],
        gradient_checkpointing=settings["gradientCheckpointing"], gradient_checkpointing_kwargs={"use_reentrant": False}, completion_only_loss=True, max_length=None, remove_unused_columns=False, dataloader_num_workers=settings["workers"],
        logging_steps=settings["logEvery"], save_steps=settings["saveEvery"], save_total_limit=2, report_to=["tensorboard"], ddp_find_unused_parameters=False, use_cpu=not torch.cuda.is_available(),
    )
    kept = get_last_checkpoint(arguments.output_dir) if (work / "sft-checkpoints").is_dir() else None
    trainer = SFTTrainer(choose_trained_parts(vlm.model, model_settings), args=arguments, train_dataset=dataset, processing_class=vlm.processor, callbacks=[StopInTime(settings["minutes"], kept and Path(kept))])
    trainer.train(resume_from_checkpoint=kept)
    trainer.save_model(str(work / "sft"))
    state.wait_for_everyone()
    return work / "sft"
