"""Trajectories as the small policy learns from them: states, labels, what follows a warp."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from cuts import logged_steps, read_metrics, run_cut
from tasks import disc_tool, make_case

from ibis_training import dense, one_cycle
from ibis_training.dense import CONCEPTS, load_channels
from ibis_training.concept_net import ConceptNet
from ibis_training.environment import Task
from ibis_training.nuclei_data import nucleus_cores
from ibis_training.nuclei_train import cell_truth
from ibis_training.plan import DATASETS
from ibis_training.samples import case_samples, load_samples, prepare_samples, states_of
from ibis_training.synthesis import synthesise
from ibis_training.targets import load_targets
from ibis_training.trajectory import Request, append_trajectories, unpack_mask
from ibis_training.variants import NUCLEI_DATASET
from ibis_training.vision import ConceptMaps

VENTRICLE = load_targets("sunnybrook_cmr").targets[0]
REQUEST = Request("Segment the left ventricle.", "name", True, "left ventricle", "left-ventricle")


def case(**shape):
    return replace(make_case(**shape), dataset="sunnybrook_cmr", target=VENTRICLE)


def net() -> ConceptMaps:
    torch.manual_seed(0)
    return ConceptMaps(CONCEPTS).eval()


def trajectory(kind: str, request: Request = REQUEST):
    made = (next(synthesise([(Task(case(radius=14), request, seed), kind)], disc_tool()), None) for seed in range(20))
    return next(t for t in made if t is not None)


def test_each_turn_of_the_policy_is_a_state_with_what_was_seen():
    t = trajectory("user-click")
    states = states_of(t)
    assert len(states) == len(t.policy_turns)
    assert [len(s.clicks) for s in states] == [len(u.seen.history) for u in t.policy_turns]


def test_a_refusal_gives_no_state_of_the_case_that_it_was_asked_on():
    absent = Request("Segment the liver.", "absent", False, "liver", None)
    assert states_of(trajectory("absent", absent)) == []


def test_unwarped_states_are_labelled_as_the_oracle_would_act():
    t = trajectory("oracle")
    samples = case_samples(case(radius=14), states_of(t), net(), False, np.random.default_rng(0))
    assert [s.label for s in samples] == [u.action.label if hasattr(u.action, "label") else "stop" for u in t.policy_turns]
    assert samples[0].geometry.click_place == pytest.approx((t.turns[0].action.x, t.turns[0].action.y), abs=1e-4)
    assert samples[-1].geometry.click_place is None


def test_a_given_mask_of_something_else_is_marked_and_one_that_clicks_made_is_not():
    foreign = case_samples(case(radius=14), states_of(trajectory("wrong-mask")), net(), False, np.random.default_rng(0))
    assert foreign[0].geometry.foreign and not any(s.geometry.foreign for s in foreign[1:])


def test_a_wrong_click_is_named_in_the_state_after_it():
    t = trajectory("wrong-click")
    samples = case_samples(case(radius=14), states_of(t), net(), False, np.random.default_rng(0))
    wrong = next(k for k, u in enumerate(t.policy_turns) if not u.learn)
    assert samples[wrong + 1].geometry.last_click_wrong and not samples[wrong].geometry.last_click_wrong


def test_no_state_is_labelled_with_what_was_deliberately_done_wrong():
    """The small policy is taught what is right where it stands, whatever was done there."""
    truth = case(radius=14).truth
    for kind in ("wrong-click", "shaken", "user-undo"):
        t = trajectory(kind)
        samples = case_samples(case(radius=14), states_of(t), net(), False, np.random.default_rng(0))
        for sample, turn in zip(samples, t.policy_turns, strict=True):
            if sample.label == "stop":
                continue
            x, y = sample.geometry.click_place
            assert truth[int(y * truth.shape[0]), int(x * truth.shape[1])] == (sample.label == "include")
            if not turn.learn:
                assert (turn.action.label, turn.action.x, turn.action.y) != (sample.label, x, y)


@pytest.mark.parametrize("kind", ["user-click", "user-edit", "user-undo", "user-box", "user-scribble"])
def test_what_the_user_did_is_seen_in_a_state_and_is_none_itself(kind):
    t = trajectory(kind)
    states, acted = states_of(t), [u for u in t.turns if u.actor == "user"]
    assert acted and len(states) == len(t.turns) - len(acted)
    for act in acted:
        after = next(s for s, u in zip(states, t.policy_turns, strict=True) if u.step_index > act.step_index)
        np.testing.assert_array_equal(after.mask, np.zeros_like(after.mask) if act.mask is None else unpack_mask(act.mask))


def test_a_good_given_mask_is_a_state_to_stop_at():
    (sample,) = case_samples(case(radius=14), states_of(trajectory("stop")), net(), False, np.random.default_rng(0))
    assert sample.label == "stop" and not sample.geometry.mask_empty and sample.history == ()


def test_a_warp_moves_picture_clicks_and_labels_together():
    t = trajectory("oracle")
    warped = case_samples(case(radius=14), states_of(t), net(), True, np.random.default_rng(3))
    first, second = warped[0].geometry.click_place, warped[1].history[0][1:]
    assert first == pytest.approx(second, abs=0.06)  # where the first click is due in the warped picture is where it was made


def test_cores_of_touching_nuclei_are_apart_and_none_is_empty(disc):
    labels = np.zeros((80, 80), np.int32)
    labels[disc(80, 80, 40, 25, 15)] = 1
    labels[disc(80, 80, 40, 54, 15)] = 2
    labels[5:7, 5:7] = 3
    cores = nucleus_cores(labels)
    assert all((cores & (labels == k)).any() for k in (1, 2, 3))
    assert not cores[40, 39:41].any() and cores[40, 25] and cores[40, 54]


def test_a_core_that_fills_three_quarters_of_a_cell_counts_as_a_whole_one():
    part = torch.zeros(1, 2, 256, 256)
    part[..., :2, :2] = torch.tensor([[1.0, 1.0], [1.0, 0.0]])
    assert cell_truth(part)[0, :, 0, 0].tolist() == [0.75, 1.0]


def made_dense_set(dataset: str) -> dense.DenseSet:
    """Two pictures whose concepts are all their left half."""
    channels = tuple(k for k, (d, _) in enumerate(CONCEPTS.names[: CONCEPTS.learned]) if d == dataset)
    if dataset == NUCLEI_DATASET:
        channels = (CONCEPTS.learned - 1,)
    half = np.zeros((256, 256), np.uint8)
    half[:, :128] = 255
    return dense.DenseSet(dataset, np.stack([half, half // 2]), np.broadcast_to(half, (2, len(channels), 256, 256)).copy(), channels)


def train_dense(folder, monkeypatch, cut_at=None):
    """Four steps; `cut_at`: killed before that one, then begun again."""
    sets = {d: made_dense_set(d) for d in DATASETS}
    monkeypatch.setattr(dense, "load_dense_sets", lambda _: (sets, sets))
    monkeypatch.setattr(dense, "validation_cases", lambda _: [])
    monkeypatch.setattr(one_cycle, "LOG_STEPS", 1)
    monkeypatch.setattr(one_cycle, "SAVE_STEPS", 1)
    folder.mkdir()
    run = lambda: dense.train_dense(folder, 60, 1, steps=4)
    if cut_at:
        run_cut(monkeypatch, dense, "dense_loss", run, cut_at)
    run()
    return torch.load(folder / "dense.pt")


def test_the_vision_encoder_keeps_to_its_steps_logs_them_and_goes_on_after_a_cut_as_if_there_had_been_none(tmp_path, monkeypatch):
    whole, cut = train_dense(tmp_path / "whole", monkeypatch), train_dense(tmp_path / "cut", monkeypatch, cut_at=3)
    assert whole["step"] == cut["step"] == 4 and "optimiser" not in whole  # done: a further run begins anew with these weights
    for name, weights in whole["net"].items():
        torch.testing.assert_close(cut["net"][name], weights, atol=1e-5, rtol=1e-4)
    rows = read_metrics(tmp_path / "cut" / "dense")
    assert logged_steps(rows) == [1, 2, 3, 4] and any("validation/left-ventricle" in r for r in rows)
    assert list((tmp_path / "cut" / "dense" / "tensorboard").iterdir())


def test_weights_of_fewer_concepts_are_kept_when_some_are_added():
    small, large = ConceptNet(12), ConceptNet(CONCEPTS.learned).eval()
    load_channels(large, small.state_dict())
    gray = torch.rand(1, 1, 256, 256)
    with torch.no_grad():
        torch.testing.assert_close(large(gray)[:, :12], small.eval()(gray))
        assert (large(gray)[:, 12:].sigmoid() < 0.5).float().mean() > 0.9


def test_trajectories_that_came_later_are_prepared_too_and_what_was_prepared_is_kept(tmp_path, monkeypatch):
    made, path, folder = trajectory("oracle"), tmp_path / "made.jsonl", tmp_path / "samples"
    monkeypatch.setattr("ibis_training.samples.CHUNK", 2)
    monkeypatch.setattr("ibis_training.samples.load_case", lambda _: case(radius=14))
    counts, written = [], []
    for added in (1, 3, 0):  # half a chunk; what fills it, and another; nothing new
        append_trajectories(path, [replace(made, case_id=f"{made.case_id}-{len(counts)}-{k}") for k in range(added)])
        prepare_samples([path], net(), folder, 0, 0)
        counts.append(len(load_samples(folder)))
        written.append({p.name: p.stat().st_mtime_ns for p in folder.glob("*.pkl")})
    assert counts == [counts[0], 4 * counts[0], 4 * counts[0]] and written[1] == written[2]
