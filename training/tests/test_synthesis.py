import random

import numpy as np
import pytest
from tasks import disc_tool, make_case, make_task

from ibis_training.grammar import ClickAction, parse_step
from ibis_training.image import pixel_from_normalised
from ibis_training.oracle import compute_iou
from ibis_training.reasoning import DIRECTIONS, check_direction, write_click_step, measure
from ibis_training.synthesis import KINDS, LEAST_DICE, MAX_STEPS, is_click_wrong, other_region, synthesise, wrong_mask
from ibis_training.trajectory import Edit, GivenMask, Undo, unpack_mask
from dataclasses import replace


def made(kind, seed=0, **shape):
    """The trajectory of a kind on a disc that one click fills well, or on a larger one that needs several."""
    task = replace(make_task(present=kind != "absent", **shape), seed=seed)
    return next(synthesise([(task, kind)], disc_tool()), None), task


def several(kind):
    found = [made(kind, seed, radius=r, column=30 + seed) for seed in range(6) for r in (9, 13, 16)]
    return [(t, task) for t, task in found if t is not None]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_ends_with_its_stop_and_a_good_mask(kind):
    trajectories = several(kind)
    assert trajectories
    for trajectory, task in trajectories:
        assert trajectory.outcome.stop_reason == ("target-absent" if kind == "absent" else "policy-stop")
        assert kind == "absent" or trajectory.outcome.dice >= LEAST_DICE
        assert len(trajectory.policy_turns) <= MAX_STEPS
        for turn in trajectory.policy_turns:
            parse_step(turn.policy_text)


def test_only_right_clicks_are_learned_and_nothing_of_the_user():
    for kind in KINDS:
        for trajectory, task in several(kind):
            for turn in trajectory.turns:
                assert not (turn.learn and (turn.actor == "user" or turn.undone))
                if turn.learn and isinstance(turn.action, ClickAction) and kind != "absent":
                    height, width = task.truth.shape
                    column, row = pixel_from_normalised(turn.action.x, turn.action.y, width, height)
                    assert task.truth[row, column] == (turn.action.label == "include"), kind


def test_a_wrong_click_is_not_learned_and_what_follows_says_so():
    for trajectory, task in several("wrong-click"):
        wrong = [k for k, t in enumerate(trajectory.turns) if not t.learn]
        assert len(wrong) == 1 and is_click_wrong(trajectory.turns[wrong[0]].action, task.truth)
        assert "The last click was misplaced." in trajectory.turns[wrong[0] + 1].policy_text or isinstance(trajectory.turns[wrong[0] + 1].action, type(trajectory.turns[-1].action))


def test_a_mask_of_something_else_is_named_and_discarded():
    for trajectory, task in several("wrong-mask"):
        given, first = trajectory.turns[:2]
        assert isinstance(given.action, GivenMask) and compute_iou(unpack_mask(given.mask), task.truth) == 0
        assert "shows something else than the disc: I discard it and begin anew." in first.policy_text
        assert any(t.action.label == "exclude" for t in trajectory.policy_turns if isinstance(t.action, ClickAction))


def test_what_the_user_did_is_among_the_observations_that_the_policy_goes_on_from():
    for kind, act in (("user-click", ClickAction), ("user-edit", Edit), ("user-undo", Undo)):
        acted = [(t, u) for t, _ in several(kind) for u in t.turns if u.actor == "user"]
        assert acted, kind
        for trajectory, turn in acted:
            assert isinstance(turn.action, act)
            after = trajectory.turns[turn.step_index + 1]
            assert after.actor == "policy" and after.seen.mask == turn.mask
            if kind == "user-click":
                assert len(after.seen.history) == len(turn.seen.history) + 1


def test_a_good_mask_is_left_alone():
    for trajectory, _ in several("stop"):
        assert [t.actor for t in trajectory.turns] == ["user", "policy"] and "This is good enough." in trajectory.turns[1].policy_text


def test_what_is_absent_is_refused_in_words_without_a_click():
    for trajectory, _ in several("absent"):
        (turn,) = trajectory.turns
        assert turn.learn and turn.mask is None and turn.action.target_absent and "not in this image" in turn.policy_text


def test_a_wrong_mask_is_clicked_away_and_the_target_found_in_its_place():
    for trajectory, task in several("wrong-mask"):
        given, last = unpack_mask(trajectory.turns[0].mask), unpack_mask(trajectory.turns[-1].mask)
        assert (last & given & ~task.truth).sum() < 0.3 * given.sum() and compute_iou(last, task.truth) > compute_iou(given, task.truth) + 0.5


def test_a_wrong_click_is_reversed_and_redone():
    for trajectory, task in several("wrong-click"):
        wrong = next(k for k, t in enumerate(trajectory.turns) if not t.learn)
        assert trajectory.turns[-1].iou > trajectory.turns[wrong].iou
        assert any(t.learn and isinstance(t.action, ClickAction) for t in trajectory.turns[wrong + 1 :])


def test_what_cannot_be_segmented_well_is_dropped():
    assert next(synthesise([(make_task(radius=14), "oracle")], disc_tool(radius=1)), None) is None  # dots, where a disc is wanted


def test_the_same_seed_makes_the_same_trajectory():
    assert made("shaken", 3, radius=14)[0] == made("shaken", 3, radius=14)[0]


def test_the_mask_of_something_else_is_not_the_target(disc):
    case = make_case()
    other = other_region(case, np.random.default_rng(0))
    assert other.sum() > 0.5 * case.truth.sum() and not (other & case.truth).any()


def test_a_wrong_mask_is_at_times_that_of_another_structure_and_is_discarded_as_well():
    other = make_case(row=12, column=12, radius=8).truth
    task = make_task(row=40, column=55)
    drawn = [wrong_mask(task.case, [other], np.random.default_rng(seed)) for seed in range(20)]
    assert {np.array_equal(mask, other) for mask in drawn} == {True, False}
    tasks = [(replace(task, seed=seed), "wrong-mask") for seed in range(8)]
    given = [unpack_mask(t.turns[0].mask) for t in synthesise(tasks, disc_tool(), find_structures=lambda case: [other])]
    assert any(np.array_equal(mask, other) for mask in given)


@pytest.mark.parametrize("axis", sorted(DIRECTIONS))
def test_direction_words_match_the_click_and_swap_in_the_mirror(axis):
    """Written for a place and for its mirror image: the words change sides and both are right."""
    rng = random.Random(1)
    truth = make_case(row=30, column=40, radius=14).truth
    left, right = DIRECTIONS[axis][:2]
    for _ in range(60):
        place = (rng.uniform(0.3, 0.7), rng.uniform(0.3, 0.65))
        mirrored = (1 - place[0], place[1])
        mask = np.zeros_like(truth)
        mask[28:33, 38:43] = True
        text = write_click_step("disc", axis, measure(mask, truth, place, False), "include", exact=True)
        flipped = write_click_step("disc", axis, measure(mask[:, ::-1], truth[:, ::-1], mirrored, False), "include", exact=True)
        assert check_direction(text, axis, truth, False) is True
        assert check_direction(flipped, axis, truth[:, ::-1], False) is True
        if f"toward {left}." in text:
            assert f"toward {right}." in flipped and not check_direction(text.replace(left, right), axis, truth, False)


def test_synthesised_words_point_where_their_clicks_are():
    for kind in ("oracle", "shaken", "wrong-mask", "user-edit"):
        for trajectory, task in several(kind):
            for turn in trajectory.policy_turns:
                said = check_direction(turn.policy_text, task.case.target.axis, task.truth, turn.seen.mask is None)
                assert said is not False, turn.policy_text
