"""Fine-tuning of the small policy: its budget, its logs, and going on after a cut."""

from dataclasses import replace

import numpy as np
import torch
from cuts import logged_steps, read_metrics, run_cut
from tasks import disc_tool, make_case, make_task

from ibis_training import nano_commands, sft
from ibis_training import samples as samples_module
from ibis_training.dense import CONCEPTS
from ibis_training.reasoning import Geometry
from ibis_training.samples import Sample
from ibis_training.trajectory import read_trajectories
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
        run_cut(monkeypatch, sft, "sft_loss", run, cut_at)
    run()
    return torch.load(folder / "policy.pt")["decoder.embedding.weight"]


def test_it_keeps_to_its_steps_logs_them_and_goes_on_after_a_cut_as_if_there_had_been_none(tmp_path, monkeypatch):
    whole, cut = train(tmp_path / "whole", monkeypatch), train(tmp_path / "cut", monkeypatch, cut_at=3)
    torch.testing.assert_close(cut, whole, atol=1e-5, rtol=1e-4)
    rows = read_metrics(tmp_path / "cut")
    assert logged_steps(rows) == [1, 2, 3, 4] and any("validation/text" in r for r in rows)
    assert list((tmp_path / "cut" / "tensorboard").iterdir())


def test_a_further_run_begins_anew_with_what_was_learned_and_draws_other_numbers(tmp_path, monkeypatch):
    first = train(tmp_path / "policy", monkeypatch, steps=2)
    second = train(tmp_path / "policy", monkeypatch, steps=2)
    assert not torch.equal(first, second)
    assert torch.load(tmp_path / "policy" / "progress.pt") == {"before": 4}


def test_it_is_watched_on_held_out_cases_which_nothing_is_learned_from(tmp_path, monkeypatch):
    """Trajectories of both kinds of cases, to samples, to what is trained on and what is only measured."""
    case = lambda name: replace(make_case(), case_id=f"made/{name}/disc/0", file_name=name)
    monkeypatch.setattr(nano_commands, "DATASETS", ("made",))
    monkeypatch.setattr(nano_commands, "varied_cases", lambda *_: [case("taught.png")])
    monkeypatch.setattr(nano_commands, "validation_cases", lambda _: [case("held-out.png")])
    monkeypatch.setattr(nano_commands, "make_tool", lambda *_: disc_tool())
    monkeypatch.setattr(nano_commands, "draw_kind_task", lambda case, kind, rng: replace(make_task(), case=case))
    monkeypatch.setattr(nano_commands, "other_structures", lambda _: [])
    monkeypatch.setattr(nano_commands, "load_maps", lambda _: None)
    monkeypatch.setattr(samples_module, "prepare_samples", lambda paths, maps, folder, warps, seed: prepared.update({folder: ([t.case_id for path in paths for t in read_trajectories(path)], warps)}))
    monkeypatch.setattr(nano_commands, "load_seen_samples", lambda folder: [folder])
    monkeypatch.setattr(sft, "train_sft", lambda training, validation, *_, **__: used.extend([training, validation]))
    monkeypatch.setattr(sft, "sample_weights", lambda _: None)
    prepared, used = {}, []
    config = {"seed": 0, "threads": 1, "tool": "", "synthesise": {"oracle": 1, "shaken": 0, "other": 0}, "prepare": {"warps": 2}, "sft": {"minutes": 1, "rate": 1, "batchSize": 1}}
    for stage in ("synthesise", "prepare", "sft"):
        nano_commands.NANO_COMMANDS[stage](config, tmp_path)
    assert prepared[tmp_path / "samples"] == (["made/taught.png/disc/0"], 2)
    ids, warps = prepared[tmp_path / "held-out" / "samples"]
    assert ids and set(ids) == {"made/held-out.png/disc/0"} and warps == 0
    assert used == [[tmp_path], [tmp_path / "held-out"]]
