"""The finer network that finds every nucleus: what it is shown, and going on after a cut."""

import numpy as np
import torch
from cuts import logged_steps, read_metrics, run_cut

from ibis_training import nuclei_train, one_cycle
from ibis_training.dense import CONCEPTS
from ibis_training.nuclei_net import even_out
from ibis_training.nuclei_train import draw_pictures, train_nuclei, vary_contrast
from ibis_training.vision import ConceptMaps


def pictures() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two pictures whose nuclei are their left half."""
    half = np.zeros((256, 256), np.uint8)
    half[:, :128] = 200
    return np.stack([half, half // 4]), np.broadcast_to((half > 0).astype(np.uint8) * 255, (2, 2, 256, 256)).copy(), np.array([True, False])


def train(folder, monkeypatch, cut_at=None) -> dict:
    """Four steps; `cut_at`: killed before that one, then begun again."""
    monkeypatch.setattr(nuclei_train, "load_pictures", lambda _: pictures())
    monkeypatch.setattr(nuclei_train, "validation_cases", lambda _: [])
    monkeypatch.setattr(one_cycle, "LOG_STEPS", 1)
    monkeypatch.setattr(one_cycle, "SAVE_STEPS", 1)
    folder.mkdir()
    run = lambda: train_nuclei(folder, 60, 1, 0, 1e-3, 2, steps=4)
    if cut_at:
        run_cut(monkeypatch, nuclei_train, "nuclei_loss", run, cut_at)
    run()
    return torch.load(folder / "nuclei.pt")


def test_it_keeps_to_its_steps_logs_them_and_goes_on_after_a_cut_as_if_there_had_been_none(tmp_path, monkeypatch):
    whole, cut = train(tmp_path / "whole", monkeypatch), train(tmp_path / "cut", monkeypatch, cut_at=3)
    assert whole["step"] == cut["step"] == 4 and "optimiser" not in whole
    for name, weights in whole["net"].items():
        torch.testing.assert_close(cut["net"][name], weights, atol=1e-5, rtol=1e-4)
    assert logged_steps(read_metrics(tmp_path / "cut" / "nuclei")) == [1, 2, 3, 4]


def test_a_faint_picture_looks_like_its_bright_twin():
    bright = torch.rand(1, 1, 64, 64)
    torch.testing.assert_close(even_out(bright), even_out(bright * 0.5), atol=0.2, rtol=0.1)


def test_varied_pictures_stay_in_range_and_keep_what_is_brighter_unless_inverted():
    gray = torch.from_numpy(pictures()[0])[:1, None].float() / 255
    for seed in range(20):
        varied = vary_contrast(gray, np.random.default_rng(seed))
        assert 0 <= varied.min() and varied.max() <= 1
        assert abs(float(varied[..., :128].mean() - varied[..., 128:].mean())) > 0.02


def test_half_are_whole_pictures_and_along_the_edges_of_the_warped_ones_nothing_is_learnt():
    gray, truth, holds = draw_pictures(pictures(), 4, np.random.default_rng(0))
    assert holds[:2].min() == 1 and holds[2:, :, 0].max() == 0 and holds[2:, :, 20:100, 20:100].min() == 1
    for k in range(2):  # only turned and flipped: half of each is still nucleus, and nothing lies between
        assert sorted(set(truth[k, 0].unique().tolist())) == [0.0, 1.0] and float(truth[k, 0].mean()) == 0.5
    assert ((gray > 0.1) == (truth[:, :1] > 0.5)).float().mean() > 0.95


def test_where_the_coarse_network_sees_no_nuclei_there_is_no_single_one():
    torch.manual_seed(0)
    maps = ConceptMaps(CONCEPTS).eval()
    gray = torch.rand(1, 1, 256, 256)
    with torch.no_grad():
        maps.nuclei.head.bias.fill_(5.0)  # the finer one sees them everywhere
        last = maps.concepts.head.bias
        last[-1] = 50.0
        there = maps(gray)[:, CONCEPTS.learned - 1 :]
        last[-1] = -50.0
        gone = maps(gray)[:, CONCEPTS.learned - 1 :]
    assert there[:, 0].min() > 0.5 and there[:, 1:].amax() > 0.5 and gone.amax() < 1e-3
