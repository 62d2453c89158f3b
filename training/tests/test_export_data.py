"""Data sets for other trainers, loaded back by the libraries that would train on them, or by their documented form."""

import base64
import io
import json
from pathlib import Path

import numpy as np
import pytest
from datasets import load_dataset
from lab import DATASET, tiny_config, write_discs
from PIL import Image
from tasks import disc_tool
from trl import SFTConfig, SFTTrainer

from ibis_training.environment import Task
from ibis_training.examples import find_examples, read_example, write_pictures
from ibis_training.export_data import export_data
from ibis_training.plan import training_cases
from ibis_training.synthesis import synthesise
from ibis_training.traces import export_sessions
from ibis_training.trajectory import PackedMask, Request, append_trajectories, unpack_mask
from ibis_training.vlm import load_vlm

SYSTEM, PX = "Click.", 112
FIXTURE_PX = 32  # of traceFixture.test.ts


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """(file of trajectories of a lab's own data, their examples, the truth of the first)"""
    folder = tmp_path_factory.mktemp("lab")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IBIS_DATA", str(folder))
        write_discs(folder)
        present, absent = training_cases(DATASET)[:2]
        tasks = [(Task(present, Request("Segment the disc.", "name", True, "disc", "disc")), "oracle"), (Task(absent, Request("Segment the liver.", "absent", False, "liver", None)), "absent")]
        append_trajectories(folder / "made.jsonl", synthesise(tasks, disc_tool()))
        assert write_pictures([folder / "made.jsonl"]) == 2
        yield folder / "made.jsonl", [read_example(p, PX) for p in find_examples([folder / "made.jsonl"])], present.truth


def test_trl_trains_on_its_form(made, tmp_path):
    file, examples, _ = made
    assert export_data([file], "trl", SYSTEM, PX, tmp_path) == len(examples)
    rows = load_dataset("parquet", data_files=str(tmp_path / "train.parquet"), split="train", cache_dir=str(tmp_path / "cache"))
    for row, example in zip(rows, examples, strict=True):
        np.testing.assert_array_equal(np.asarray(row["images"][0]), example.look.picture)
        assert row["prompt"][1]["content"][1]["text"] == example.look.user and row["completion"][0]["content"][0]["text"] == example.text
    vlm = load_vlm(tiny_config("qwen2_5_vl", tmp_path)["model"])
    settings = SFTConfig(output_dir=str(tmp_path / "out"), max_steps=1, per_device_train_batch_size=2, report_to=[], use_cpu=True, bf16=False, max_length=None, completion_only_loss=True)
    assert SFTTrainer(vlm.model, args=settings, train_dataset=rows, processing_class=vlm.processor).train().training_loss > 0


def test_llamafactory_finds_the_columns_that_its_dataset_info_names(made, tmp_path):
    """ShareGPT form of LLaMA-Factory's data/README.md: roles human and gpt in turn, one <image> in the words for each picture."""
    file, examples, _ = made
    export_data([file], "llamafactory", SYSTEM, PX, tmp_path)
    info = json.loads((tmp_path / "dataset_info.json").read_text())["ibis"]
    assert info["formatting"] == "sharegpt"
    rows = json.loads((tmp_path / info["file_name"]).read_text())
    for row, example in zip(rows, examples, strict=True):
        turns, pictures = row[info["columns"]["messages"]], row[info["columns"]["images"]]
        assert [t["from"] for t in turns] == ["human", "gpt"] and row[info["columns"]["system"]] == SYSTEM
        assert turns[0]["value"].count("<image>") == len(pictures) == 1
        assert turns[0]["value"] == f"<image>{example.look.user}" and turns[1]["value"] == example.text
        np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / pictures[0])), example.look.picture)
    assert len(load_dataset("json", data_files=str(tmp_path / info["file_name"]), split="train", cache_dir=str(tmp_path / "cache"))) == len(examples)


def test_verl_gets_states_with_the_mask_that_a_rule_rewards_by(made, tmp_path):
    """Fields of verl's "Prepare data for post-training"; its RLHFDataset splits the words at <image> and takes images as {"bytes"}."""
    file, examples, truth = made
    export_data([file], "verl", SYSTEM, PX, tmp_path)
    rows = load_dataset("parquet", data_files=str(tmp_path / "train.parquet"), split="train", cache_dir=str(tmp_path / "cache"))
    assert {"data_source", "prompt", "ability", "reward_model", "extra_info", "images"} <= set(rows.column_names)
    truths = []
    for row, example in zip(rows, examples, strict=True):
        assert [m["role"] for m in row["prompt"]] == ["system", "user"] and row["prompt"][1]["content"] == f"<image>{example.look.user}"
        np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(row["images"][0]["bytes"]))), example.look.picture)
        stored = json.loads(row["reward_model"]["ground_truth"])
        truths.append(unpack_mask(PackedMask(stored["width"], stored["height"], stored["bounds"] and tuple(stored["bounds"]), base64.b64decode(stored["bits"]))))
        assert row["reward_model"]["style"] == "rule" and row["extra_info"]["reference"] == example.text
    np.testing.assert_array_equal(truths[0], truth)
    assert not truths[-1].any()  # the request for what is absent


def test_a_stored_session_gives_the_rows_that_the_workstation_exports(tmp_path):
    """test/fixtures/trace holds the workstation's own export of the session in both: of its trace, and as these three forms."""
    fixture = Path(__file__).parents[2] / "test/fixtures/trace"
    assert export_sessions(fixture / "trace.jsonl", tmp_path, "Click.", FIXTURE_PX)["sessions"] == 1
    source = [tmp_path / "trajectories.jsonl"]
    for kind in ("llamafactory", "trl", "verl"):
        assert export_data(source, kind, "Click.", FIXTURE_PX, tmp_path / kind) > 1
    ours, theirs = tmp_path / "llamafactory", fixture / "llamafactory"
    rows = json.loads((theirs / "ibis.json").read_text())
    assert rows == json.loads((ours / "ibis.json").read_text())
    assert json.loads((theirs / "dataset_info.json").read_text()) == json.loads((ours / "dataset_info.json").read_text())
    for row in rows:
        (name,) = row["images"]
        np.testing.assert_array_equal(np.asarray(Image.open(theirs / name)), np.asarray(Image.open(ours / name)))
    for kind in ("trl", "verl"):
        made, expected = (read_parquet(folder / kind / "train.parquet", tmp_path / f"cache-{n}-{kind}") for n, folder in enumerate((fixture, tmp_path)))
        assert made == expected


def read_parquet(path, cache):
    """(types of the columns, rows with pictures as lists of numbers and words of JSON read)"""
    table = load_dataset("parquet", data_files=str(path), split="train", cache_dir=str(cache))
    rows = []
    for row in table:
        pictures = [np.asarray(Image.open(io.BytesIO(each["bytes"])) if isinstance(each, dict) else each).tolist() for each in row.pop("images")]
        if "reward_model" in row:
            row["reward_model"]["ground_truth"] = json.loads(row["reward_model"]["ground_truth"])
        rows.append({**row, "images": pictures})
    return table.features.to_dict(), rows
