"""Fine-tuning of the small policy: its budget, its logs, and going on after a cut."""

import json

import numpy as np
import pytest
import torch

from ibis_training import sft
from ibis_training.dense import CONCEPTS
from ibis_training.reasoning import Geometry
from ibis_training.samples import Sample
from ibis_training.vision import SUMMARY, ConceptMaps


def samples() -> list[Sample]:
    rng = np.random.default_rng(0)
    summary = lambda: rng.normal(0, 0.3, (len(CONCEPTS.names), SUMMARY)).astype(np.float16)
    click = [Sample("sunnybrook_cmr", "left-ventricle", "acquired", (), Geometry(0, 0, True, (0.4, 0.6), (x, 0.6)), "include", summary(), "oracle") for x in (0.3, 0.5, 0.7)]
    stop = Sample("sunnybrook_cmr", "left-ventricle", "acquired", (("include", 0.4, 0.6),), Geometry(0.9, 0.1, False, (0.4, 0.6), None), "stop", summary(), "oracle")
    return [*click, stop]


def train(folder, monkeypatch, steps=4, cut_at=None) -> torch.Tensor:
    """The embedding that comes of it; `cut_at`: killed before that step, then begun again."""
    torch.manual_seed(0)
    maps = ConceptMaps(CONCEPTS)
    monkeypatch.setattr(sft, "LOG_STEPS", 1)
    monkeypatch.setattr(sft, "SAVE_SECONDS", -1)
    run = lambda: sft.train_sft(samples(), samples(), maps, folder, 60, 1, seed=0, rate=1e-3, batch_size=2, steps=steps)
    if cut_at is not None:
        true_loss, cut = sft.sft_loss, {"calls": 0}

        def cut_loss(model, *arguments):
            cut["calls"] += model.training
            if cut["calls"] == cut_at:
                raise KeyboardInterrupt
            return true_loss(model, *arguments)

        monkeypatch.setattr(sft, "sft_loss", cut_loss)
        with pytest.raises(KeyboardInterrupt):
            run()
        monkeypatch.setattr(sft, "sft_loss", true_loss)
    run()
    return torch.load(folder / "policy.pt")["decoder.embedding.weight"]


def test_it_keeps_to_its_steps_logs_them_and_goes_on_after_a_cut_as_if_there_had_been_none(tmp_path, monkeypatch):
    whole, cut = train(tmp_path / "whole", monkeypatch), train(tmp_path / "cut", monkeypatch, cut_at=3)
    torch.testing.assert_close(cut, whole, atol=1e-5, rtol=1e-4)
    rows = [json.loads(line) for line in (tmp_path / "cut" / "metrics.jsonl").read_text().splitlines()]
    assert [r["iteration"] for r in rows if "loss" in r] == [1, 2, 3, 4] and any("validation/text" in r for r in rows)
    assert list((tmp_path / "cut" / "tensorboard").iterdir())


def test_a_further_run_begins_anew_with_what_was_learned_and_draws_other_numbers(tmp_path, monkeypatch):
    first = train(tmp_path / "policy", monkeypatch, steps=2)
    second = train(tmp_path / "policy", monkeypatch, steps=2)
    assert not torch.equal(first, second)
    assert torch.load(tmp_path / "policy" / "progress.pt") == {"before": 4}
