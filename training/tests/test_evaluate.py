"""The evaluation's figures, on policies whose behaviour is known."""

from dataclasses import replace

import pytest
import torch
from tasks import disc_tool, make_case

from ibis_training.evaluate import evaluate_cases, summarise
from ibis_training.grammar import ClickAction, TerminateAction, format_step
from ibis_training.play import Reply
from ibis_training.requests import requests_of
from ibis_training.targets import load_targets

CASES = [replace(make_case(column=c), dataset="sunnybrook_cmr", target=load_targets("sunnybrook_cmr").targets[0], case_id=f"sunnybrook_cmr/f/left-ventricle/{c}") for c in (30, 38, 50)]
KNOWN = {text.lower().rstrip(".") for _, text in requests_of("sunnybrook_cmr", "left-ventricle")}


class Scripted:
    """Says what `speak` makes of an observation."""

    def __init__(self, speak):
        self.speak = speak

    def reply(self, observations, temperature, generator):
        return [Reply(None, (), torch.zeros(0), self.speak(o), 0) for o in observations]


def expert(observation) -> str:
    if observation.request.lower().rstrip(".") not in KNOWN:
        return format_step("It is not there.", TerminateAction("Target absent: it is not in this image."))
    if observation.history:
        return format_step("Good enough.", TerminateAction("Segmented: left ventricle."))
    truth = observation.case.truth
    x = (truth.any(0).nonzero()[0].mean() + 0.5) / truth.shape[1]
    side = "the right of the image" if x > 0.5 else "the left of the image"
    return format_step(f"No mask yet. The left ventricle lies toward {side}.", ClickAction("include", round(float(x), 2), 0.5))


def test_an_expert_is_as_good_as_the_oracle_refuses_and_points_right_also_in_the_mirror():
    rows = evaluate_cases(Scripted(expert), disc_tool(13), CASES)
    summary = summarise(rows)
    target, whole = summary["sunnybrook_cmr/left-ventricle"], summary["all"]
    assert target["n"] == 3 and target["dice"] == pytest.approx(target["oracle"], abs=0.02) and target["steps"] == 2
    assert target["mirrored"] == pytest.approx(target["dice"], abs=0.02)
    assert (whole["parsed"], whole["refusedOfAbsent"], whole["refusedOfPresent"], whole["directionsRight"], whole["directionsRightMirrored"]) == (1, 1, 0, 1, 1)
    assert {r["part"] for r in rows} == {"present", "absent", "mirrored"} and len(rows) == 9


def test_one_that_always_refuses_is_seen_to():
    summary = summarise(evaluate_cases(Scripted(lambda o: format_step("No.", TerminateAction("Target absent: no."))), disc_tool(13), CASES))
    assert summary["all"]["refusedOfPresent"] == 1 and summary["all"]["refusedOfAbsent"] == 1 and summary["all"]["dice"] == 0


def test_only_words_without_a_click_count_as_a_refusal():
    def late(observation):
        first = format_step("Here?", ClickAction("include", 0.1, 0.1))
        return format_step("No.", TerminateAction("Target absent: no.")) if observation.history else first

    for speak in (late, lambda o: format_step("Done.", TerminateAction("Segmented: left ventricle."))):
        assert summarise(evaluate_cases(Scripted(speak), disc_tool(13), CASES))["all"]["refusedOfAbsent"] == 0


def test_wrong_sides_and_broken_texts_are_counted():
    swapped = {"the left of the image": "the right of the image", "the right of the image": "the left of the image"}

    def mistaken(observation):
        text = expert(observation)
        for old, new in swapped.items():
            if old in text:
                return text.replace(old, new)
        return text if "Segmented" not in text else "I stop."

    summary = summarise(evaluate_cases(Scripted(mistaken), disc_tool(13), CASES))
    assert summary["all"]["directionsRight"] < 0.5
    assert 0 < summary["all"]["parsed"] < 1
