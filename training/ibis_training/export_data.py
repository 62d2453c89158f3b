"""Trajectories as data sets of other trainers: LLaMA-Factory, TRL and verl. One row a step to learn.

Every row shows the picture of its moment with the mask on it, as the workstation would, and asks for one step of the
grammar. Pictures of LLaMA-Factory lie beside its file; those of TRL and verl are inside the parquet files.
"""

import base64
import io
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from datasets import Dataset, Features, Value
from datasets import Image as ImageFeature
from PIL import Image

from .examples import ExamplePlace, Look, find_examples, read_example, read_trajectory
from .trajectory import Trajectory, pack_mask, unpack_mask
from .variants import load_case

MESSAGE = {"role": Value("string"), "content": [{"type": Value("string"), "text": Value("string")}]}
FORMATS = ("llamafactory", "trl", "verl")


def png_bytes(picture: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="PNG")
    return buffer.getvalue()


def prompt_rows(system: str, user: str) -> list[dict]:
    """As vlm.prompt_messages, every part with the same fields, which a table needs."""
    head = [{"role": "system", "content": [{"type": "text", "text": system}]}] if system else []
    return [*head, {"role": "user", "content": [{"type": "image", "text": None}, {"type": "text", "text": user}]}]


def reply_rows(text: str) -> list[dict]:
    return [{"role": "assistant", "content": [{"type": "text", "text": text}]}]


def write_llamafactory(places: Sequence[ExamplePlace], system: str, image_px: int, out: Path) -> None:
    """ShareGPT with images, and the entry of dataset_info.json that names the columns."""
    (out / "images").mkdir(parents=True, exist_ok=True)
    rows = []
    for k, place in enumerate(places):
        example, name = read_example(place, image_px), f"images/{k:07d}.png"
        (out / name).write_bytes(png_bytes(example.look.picture))
        rows.append({"system": system, "conversations": [{"from": "human", "value": f"<image>{example.look.user}"}, {"from": "gpt", "value": example.text}], "images": [name]})
    (out / "ibis.json").write_text(json.dumps(rows, ensure_ascii=False, indent=1))
    info = {"ibis": {"file_name": "ibis.json", "formatting": "sharegpt", "columns": {"messages": "conversations", "system": "system", "images": "images"}}}
    (out / "dataset_info.json").write_text(json.dumps(info, indent=1))


def write_trl(places: Sequence[ExamplePlace], system: str, image_px: int, out: Path) -> None:
    """Conversational prompt and completion with images, for SFTTrainer."""

    def rows() -> Iterator[dict]:
        for place in places:
            example = read_example(place, image_px)
            yield {"prompt": prompt_rows(system, example.look.user), "completion": reply_rows(example.text), "images": [{"bytes": png_bytes(example.look.picture), "path": None}]}

    write_parquet(rows, Features({"prompt": [MESSAGE], "completion": [MESSAGE], "images": [ImageFeature()]}), out / "train.parquet")


def write_preferences(pairs: Iterable[tuple[Look, str, str]], system: str, path: Path) -> None:
    """TRL's DPO form with images: (what was seen, chosen text, rejected text)."""

    def rows() -> Iterator[dict]:
        for look, chosen, rejected in pairs:
            yield {"prompt": prompt_rows(system, look.user), "chosen": reply_rows(chosen), "rejected": reply_rows(rejected), "images": [{"bytes": png_bytes(look.picture), "path": None}]}

    write_parquet(rows, Features({"prompt": [MESSAGE], "chosen": [MESSAGE], "rejected": [MESSAGE], "images": [ImageFeature()]}), path)


def write_verl(places: Sequence[ExamplePlace], system: str, image_px: int, out: Path) -> None:
    """States to act from, with what a rule needs to reward the answer: the mask of what is asked for, empty where it is absent."""

    def rows() -> Iterator[dict]:
        for k, place in enumerate(places):
            example, trajectory = read_example(place, image_px), read_trajectory(place)
            yield {
                "data_source": f"ibis/{trajectory.dataset}", "ability": "segmentation",
                "prompt": [*([{"role": "system", "content": system}] if system else []), {"role": "user", "content": f"<image>{example.look.user}"}],
                "images": [{"bytes": png_bytes(example.look.picture), "path": None}],
                "reward_model": {"style": "rule", "ground_truth": json.dumps(truth_of(trajectory))},
                "extra_info": {"split": "train", "index": k, "trajectory_id": trajectory.trajectory_id, "case_id": trajectory.case_id, "step_index": place.turn, "reference": example.text},
            }

    text = Value("string")
    write_parquet(rows, Features({
        "data_source": text, "ability": text, "prompt": [{"role": text, "content": text}], "images": [{"bytes": Value("binary"), "path": text}], "reward_model": {"style": text, "ground_truth": text},
        "extra_info": {"split": text, "index": Value("int64"), "trajectory_id": text, "case_id": text, "step_index": Value("int64"), "reference": text},
    }), out / "train.parquet")


def truth_of(trajectory: Trajectory) -> dict:
    """Packed as in a trajectory. Of a stored session the truth is the mask that the user accepted."""
    if not trajectory.request.present:
        truth = np.zeros((trajectory.image.height, trajectory.image.width), bool)
    elif trajectory.source == "workstation":
        last = [t.mask for t in trajectory.turns if not t.undone][-1]
        truth = np.zeros((trajectory.image.height, trajectory.image.width), bool) if last is None else unpack_mask(last)
    else:
        truth = load_case(trajectory.case_id).truth
    mask = pack_mask(truth)
    return {"width": mask.width, "height": mask.height, "bounds": mask.bounds, "bits": base64.b64encode(mask.bits).decode()}


def write_parquet(rows: Callable[[], Iterator[dict]], features: Features, path: Path) -> None:
    """By way of the disk: a data set of pictures need not fit in memory."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as cache:
        Dataset.from_generator(rows, features=features, cache_dir=cache).to_parquet(path)


def export_data(files: Sequence[Path], kind: str, system: str, image_px: int, out: Path) -> int:
    """How many rows were written."""
    places = list(find_examples(files))
    {"llamafactory": write_llamafactory, "trl": write_trl, "verl": write_verl}[kind](places, system, image_px, out)
    return len(places)
