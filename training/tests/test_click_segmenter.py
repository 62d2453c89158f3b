"""The bundled segmenter: its simulated user, its two looks, its batches, its training loop and its export."""

import json
import math
from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch

from ibis_training.click_segmenter import click_tool, load_onnx_net, mask_logits, segment_batch, torch_net
from ibis_training.clicknet import CANDIDATES, CHANNELS, FRAME_PX, ClickNet
from ibis_training.oracle import compute_dice, next_oracle_click
from ibis_training.segmenter import Click
from ibis_training.segmenter_data import files_of, split_files
from ibis_training.segmenter_export import export_segmenter
from ibis_training.segmenter_prompts import EXCLUDE, INCLUDE, INSIDE, PREVIOUS, add_prompt, coarse_guess, deepest, edit_mask, errors, store_previous
from ibis_training.segmenter_train import Stage, train_segmenter, validation_views
from ibis_training.targets import REPOSITORY
from ibis_training.tool import Prompt
from ibis_training.trajectory import Box, Scribble


def disc(shape, column, row, radius):
    y, x = np.mgrid[: shape[0], : shape[1]]
    return (x - column) ** 2 + (y - row) ** 2 <= radius**2


def picture_of(mask):
    return np.repeat(np.where(mask, 220, 40).astype(np.uint8)[..., None], 3, 2)


def prompt(truth, clicks, box=None, scribbles=(), previous=None):
    return Prompt(picture_of(truth), "", tuple(clicks), box, tuple(scribbles), previous)


class BrightnessNet:
    """Takes what is bright for the target: a net whose answers are known."""

    def __init__(self):
        self.frames = []

    def __call__(self, frames):
        self.frames += list(frames)
        logits = np.repeat((frames[:, :1] - 130) / 20, CANDIDATES, 1)
        return logits, np.full((len(frames), CANDIDATES), 0.9, np.float32)


def test_the_simulated_user_clicks_where_the_oracle_does():
    rng = np.random.default_rng(0)
    for _ in range(20):
        mask, truth = disc((40, 50), *rng.integers(5, 35, 2), 9), disc((40, 50), *rng.integers(5, 35, 2), 8)
        click = next_oracle_click(mask, truth)
        label, depth = errors(mask, truth)
        x, y = deepest(depth)
        assert (label, x, y) == (click.label, click.column + 0.5, click.row + 0.5)


def test_a_prompt_lies_on_what_is_wrong_and_none_is_given_where_nothing_is():
    rng, truth = np.random.default_rng(1), disc((64, 64), 30, 30, 12)
    for _ in range(30):
        frame = np.zeros((len(CHANNELS), 64, 64), np.float32)
        frame[INSIDE] = 1
        mask = disc((64, 64), 36, 30, 12)
        assert add_prompt(frame, truth, mask, False, rng)
        assert (frame[INCLUDE] + frame[EXCLUDE]).any()
        assert (frame[INCLUDE] * (truth & ~mask)).any() or (frame[EXCLUDE] * (mask & ~truth)).any()
    assert not add_prompt(frame, truth, truth, False, rng)


def test_what_is_kept_of_an_answer_stays_inside_the_image_and_within_bounds():
    rng, truth = np.random.default_rng(2), disc((64, 64), 20, 20, 12)
    frame = np.zeros((len(CHANNELS), 64, 64), np.float32)
    frame[INSIDE, :40] = 1
    for _ in range(40):
        store_previous(frame, rng.normal(0, 20, (64, 64)).astype(np.float32), truth, rng)
        assert np.abs(frame[PREVIOUS]).max() <= 6.0001 and not frame[PREVIOUS, 40:].any()
        assert compute_dice(edit_mask(disc((64, 64), 23, 20, 12), truth, rng), truth) > 0.5
        assert compute_dice(coarse_guess(truth, rng) > 0, truth) > 0.5


def test_a_small_target_is_looked_at_twice_and_a_large_one_once():
    for truth, looks in ((disc((200, 300), 220, 60, 9), 2), (disc((200, 300), 150, 100, 80), 1)):
        net = BrightnessNet()
        row, column = np.argwhere(truth)[len(np.argwhere(truth)) // 2]
        (result,) = segment_batch(net, [prompt(truth, [Click(int(column), int(row), "include")])])
        assert len(net.frames) == looks
        assert compute_dice(result.mask, truth) > 0.97
        assert result.low_res_logits.shape == (1, 1, FRAME_PX, FRAME_PX)


def test_the_next_answer_starts_where_the_last_one_found_the_target():
    truth, net = disc((200, 300), 220, 60, 9), BrightnessNet()
    (first,) = segment_batch(net, [prompt(truth, [Click(220, 60, "include")])])
    (second,) = segment_batch(net, [prompt(truth, [Click(220, 60, "include"), Click(10, 10, "exclude")], previous=first.low_res_logits)])
    assert len(net.frames) == 3  # two looks, then one
    assert compute_dice(second.mask, truth) > 0.97
    assert (net.frames[2][PREVIOUS] > 0).any()


def test_a_box_or_a_mask_drawn_by_hand_says_where_to_look():
    truth = disc((200, 300), 220, 60, 9)
    for given in (prompt(truth, [], box=Box(205 / 300, 45 / 200, 235 / 300, 75 / 200)), prompt(truth, [], scribbles=[Scribble("include", ((220 / 300, 0.3),))], previous=mask_logits(truth))):
        net = BrightnessNet()
        (result,) = segment_batch(net, [given])
        assert len(net.frames) == 1 and compute_dice(result.mask, truth) > 0.97


def test_many_requests_at_once_get_the_answers_that_each_gets_alone():
    torch.manual_seed(0)
    run = torch_net(ClickNet((8, 8, 16, 16, 16)).eval())
    rng = np.random.default_rng(3)
    prompts = []
    for k in range(5):
        shape = (int(rng.integers(40, 300)), int(rng.integers(40, 300)))
        prompts.append(prompt(disc(shape, 20, 20, 6 + 8 * k), [Click(20, 20, "include")], previous=mask_logits(disc(shape, 22, 20, 9)) if k % 2 else None))
    together = click_tool(run).segment(prompts)
    for one, p in zip(together, prompts):
        (alone,) = segment_batch(run, [p])
        assert one.mask.shape == p.rgb.shape[:2]
        assert (one.mask != alone.mask).mean() < 0.002
        assert abs(one.score - alone.score) < 1e-2


@pytest.mark.parametrize("dataset", ["dsb2018_nuclei", "sunnybrook_cmr", "hc18_fetal_us", "msd_hippocampus_mri"])
def test_no_file_is_both_trained_on_and_held_out_or_tested(dataset):
    trained, held_out, tested = files_of(dataset, False), files_of(dataset, True), split_files(dataset, "test")
    assert trained and held_out and tested
    assert len({*trained, *held_out, *tested}) == len(trained) + len(held_out) + len(tested)


def test_the_bundled_segmenter_is_small():
    graph = onnx.load(REPOSITORY / "resources" / "models" / "ibis-click" / "click.onnx").graph
    count = sum(math.prod(t.dims) for t in graph.initializer)
    assert 1e6 < count <= 8e6


def write_pictures(folder):
    """Two pictures in place of the packed data sets."""
    truth = disc((60, 80), 30, 30, 14).astype(np.uint16)
    gray = np.where(truth > 0, 200, 50).astype(np.uint8)
    arrays = {f"{k:05d}-{s}-{n}": v for k, s in enumerate(("nuclei", "ventricle")) for n, v in (("gray", gray), ("labels", truth))}
    for part in ("train", "validation"):
        np.savez(folder / f"pictures-{part}.npz", **arrays)


def test_training_runs_its_stages_resumes_after_them_and_exports_what_onnx_answers_alike(tmp_path, capsys):
    write_pictures(tmp_path)
    stages = [Stage(64, 0.02, 4, 1e-3), Stage(96, 0.02, 2, 1e-3)]
    for bounds in ({"minutes": 0}, {"steps": 1}, {"steps": 1}):
        train_segmenter(tmp_path, [replace(stages[0], minutes=60)], threads=1, seed=0, **bounds)
    bounded = torch.load(tmp_path / "last.pt", weights_only=True)["state"]
    assert (bounded["stage"], bounded["step"]) == (0, 1)
    train_segmenter(tmp_path, stages, threads=1, seed=0)
    saved = torch.load(tmp_path / "last.pt", weights_only=True)
    assert saved["state"]["stage"] == 2 and saved["state"]["step"] > 1
    assert all(torch.isfinite(v).all() for v in saved["average"].values())
    train_segmenter(tmp_path, stages, threads=1, seed=0)
    assert torch.load(tmp_path / "last.pt", weights_only=True)["state"]["step"] == saved["state"]["step"]
    assert "validation" in capsys.readouterr().out
    rows = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert rows and all({f"validation/{s}/{n}" for s in ("nuclei", "ventricle") for n in range(1, 6)} <= set(row) for row in rows if "minutes" not in row)
    assert list((tmp_path / "tensorboard").iterdir())
    assert len(validation_views(tmp_path, 64)) == 2

    export_segmenter(tmp_path / "last.pt", tmp_path / "model", "0.0.1", "nothing")
    net = ClickNet().eval()
    net.load_state_dict(saved["average"])
    frames = np.random.default_rng(0).random((3, len(CHANNELS), FRAME_PX, FRAME_PX), dtype=np.float32) * 50
    with torch.no_grad():
        logits, iou = net(torch.from_numpy(frames))
    found_logits, found_iou = load_onnx_net(tmp_path / "model" / "click.onnx")(frames)
    scale = logits.abs().max().item()
    assert np.abs(found_logits - logits.numpy()).max() < 0.02 * scale and np.abs(found_iou - iou.numpy()).max() < 0.01
