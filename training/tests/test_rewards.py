import pytest

from ibis_training.rewards import StepFacts, answer_reward, click_reward, episode_reward, episode_terms, format_reward, length_reward, progress_reward, step_credit, trajectory_reward


def click(before, after, right=True):
    return StepFacts("click", right, before, after, 2 * after / (1 + after))


def stop(iou):
    return StepFacts("terminate", None, iou, iou, 2 * iou / (1 + iou))


UNPARSED = StepFacts("unparsed", None, 0.5, 0.5, 2 / 3)


def test_one_step_that_does_not_parse_takes_the_format_reward():
    assert format_reward([click(0, 0.6), stop(0.6)]) == 1
    assert format_reward([click(0, 0.6), UNPARSED]) == 0


@pytest.mark.parametrize(("iou", "reward"), [(0.81, 3), (0.8, 2), (0.71, 2), (0.7, 1), (0.51, 1), (0.5, 0), (0, 0)])
def test_the_answer_is_graded_by_its_final_iou(iou, reward):
    assert answer_reward([click(0, 0.9), stop(iou)]) == reward


def test_clicks_count_for_and_against_and_a_stop_does_not_count():
    assert click_reward([click(0, 0.5), click(0.5, 0.4, right=False), click(0.4, 0.6), stop(0.6)]) == pytest.approx(1 / 3)
    assert click_reward([stop(0)]) == 0


def test_progress_is_the_share_of_clicks_that_raised_the_iou_by_more_than_noise():
    assert progress_reward([click(0, 0.5), click(0.5, 0.5005), click(0.5, 0.4), click(0.4, 0.6), stop(0.6)]) == 0.5


@pytest.mark.parametrize(("steps", "reward"), [(5, 1), (6, -0.2), (8, -0.6)])
def test_length_costs_from_the_sixth_step_on(steps, reward):
    assert length_reward([click(0, 0.8)] * (steps - 1) + [stop(0.8)]) == pytest.approx(reward)


def test_stopping_early_with_nothing_earns_no_length_reward():
    assert length_reward([stop(0.1)]) == 0
    assert length_reward([click(0, 0.1)] * 7 + [stop(0.1)]) == pytest.approx(-0.6)


def test_the_trajectory_reward_is_lower_when_the_best_mask_was_clicked_away():
    kept = [click(0, 0.6), click(0.6, 0.9), stop(0.9)]
    lost = [click(0, 0.6), click(0.6, 0.9), click(0.9, 0.7, right=False), stop(0.7)]
    dice = 2 * 0.9 / 1.9
    assert trajectory_reward(kept) == pytest.approx(0.2 + 0.8 * min(1, 0.45 + 0.5 * dice - 0.03 + 0.09))
    assert trajectory_reward(lost) < trajectory_reward([click(0, 0.7), stop(0.7)])


def test_the_trajectory_reward_stays_between_0_and_1():
    assert trajectory_reward([click(0, 1.0), stop(1.0)]) == 1
    assert trajectory_reward([UNPARSED] + [click(0.9, 0.0, right=False)] * 20) == 0


def test_the_episode_reward_is_the_weighted_mean_and_terms_can_be_switched_off():
    steps = [click(0, 0.9), stop(0.9)]
    assert episode_terms(steps) == pytest.approx({"format": 1, "answer": 3, "click": 1, "progress": 1, "length": 1, "trajectory": trajectory_reward(steps)})
    assert episode_reward(steps, {"format": 1, "answer": 1, "click": 1, "progress": 1, "length": 1}) == pytest.approx(7 / 5)
    assert episode_reward(steps, {"answer": 2, "format": 1, "click": 0}) == pytest.approx(7 / 3)


def test_an_unknown_reward_or_none_at_all_is_refused():
    with pytest.raises(ValueError, match="speed"):
        episode_reward([stop(1)], {"speed": 1})
    with pytest.raises(ValueError, match="above 0"):
        episode_reward([stop(1)], {"format": 0})


def test_a_right_click_has_more_credit_than_a_wrong_one_that_moved_the_mask_alike():
    assert step_credit(click(0.2, 0.5)) > step_credit(click(0.2, 0.5, right=False)) > step_credit(UNPARSED)
