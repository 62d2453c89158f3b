import random

import numpy as np
import pytest
import torch

from ibis_training.grammar import ClickAction, parse_step
from ibis_training.image import apply_window, gray_to_rgb, render_observation
from ibis_training.oracle import border_distance, next_oracle_click
from ibis_training.policy import LoadedPolicy, Policy, generate_step, pixel_values
from ibis_training.decoder import DecoderShape
from ibis_training.follow import read_place
from ibis_training.prompts import format_user
from ibis_training.reasoning import DIRECTIONS, Geometry, direction, measure, write_absent_step, write_click_step, write_stop_step
from ibis_training.samples import Sample
from ibis_training.sft import ABSENT_SHARE, IMAGE_TOKENS, TARGETS, collate, corpus, write_sample
from ibis_training.tokens import build_tokenizer, coordinate_ids, prompt_text
from ibis_training.vision import FIELD, SUMMARY, bearing, deepest, measure_concepts, separate_overlay, soft_depth

TOKENIZER = build_tokenizer(corpus())


def test_the_oracle_clicks_the_deepest_missing_pixel_then_the_deepest_surplus(disc):
    truth = disc(60, 80, 30, 40, 12)
    click = next_oracle_click(np.zeros_like(truth), truth)
    assert (click.column, click.row, click.label) == (40, 30, "include")
    click = next_oracle_click(truth | disc(60, 80, 20, 70, 8), truth)
    assert (click.column, click.row, click.label) == (70, 20, "exclude")
    assert next_oracle_click(truth, truth) is None


def test_the_image_edge_counts_as_boundary():
    assert border_distance(np.ones((5, 9), bool)).max() == 3


@pytest.mark.parametrize(("axis", "place", "words"), [
    ("axial", (0.9, 0.5), "the patient's left"), ("axial", (0.5, 0.1), "anterior"), ("coronal", (0.1, 0.5), "the patient's right"), ("coronal", (0.5, 0.9), "inferior"),
    ("sagittal", (0.1, 0.5), "anterior"), ("sagittal", (0.5, 0.1), "superior"), ("acquired", (0.1, 0.5), "the left of the image"), ("axial", (0.51, 0.5), None),
])
def test_directions_mean_the_patients_side_where_orientation_is_known(axis, place, words):
    assert direction(axis, (0.5, 0.5), place) == words


def test_reasoning_states_what_was_measured(disc):
    truth = disc(100, 100, 50, 50, 20)
    mask = truth.copy()
    mask[:, 50:] = False
    text = write_click_step("left thalamus", "axial", measure(mask, truth, (0.6, 0.5), False), "include")
    assert "About 50% of the left thalamus is covered, 0% of the mask is outside" in text
    assert "missing part lies toward the patient's left" in text
    assert parse_step(text).action == ClickAction("include", 0.6, 0.5)


def test_every_written_step_parses_and_its_words_are_single_tokens():
    for target_id, (_, target) in TARGETS.items():
        g = Geometry(0.4, 0.3, False, (0.5, 0.5), (0.7, 0.2), True)
        for text in (write_click_step(target.name, target.axis, g, "exclude"), write_stop_step(target.name, g), write_absent_step()):
            parse_step(text)
            ids = TOKENIZER.encode(text, add_special_tokens=False).ids
            assert len(ids) <= 60, target_id
            assert TOKENIZER.decode(ids, skip_special_tokens=True) == text


def test_a_coordinate_is_one_token_of_a_hundred():
    tokens = TOKENIZER.encode("<action>Negative Point (0.0700, 0.9900)</action>", add_special_tokens=False).ids
    pairs = coordinate_ids(TOKENIZER)
    assert [pairs.index(t) for t in tokens if t in pairs] == [7, 99]
    assert len(set(pairs)) == 100


def test_unknown_words_survive_the_tokenizer():
    text = format_user("Größe der Läsion? 漢字", "unknown", [ClickAction("include", 0.1234, 1.0)])
    assert TOKENIZER.decode(TOKENIZER.encode(text, add_special_tokens=False).ids, skip_special_tokens=True) == text


def test_the_encoder_reads_the_drawn_mask_back_from_the_colours(disc):
    gray = apply_window(np.random.default_rng(0).normal(0, 1, (256, 256)), -2, 2)
    mask = disc(256, 256, 120, 90, 40)
    picture, seen = separate_overlay(pixel_values(render_observation(gray_to_rgb(gray), mask))[:, 0])
    np.testing.assert_allclose(seen[0, 0].numpy(), mask, atol=0.03)
    np.testing.assert_allclose(picture[0, 0].numpy(), gray / 255, atol=0.01)


def place_in(region: np.ndarray) -> tuple[float, float]:
    """The deepest place of a region bool [64, 64], in cells."""
    _, place = deepest(soft_depth(torch.from_numpy(region.astype(np.float32))[None, None]))
    x, y = (place[0, 0] * 64).tolist()
    return x, y


def test_of_several_places_as_deep_as_each_other_one_is_told_and_not_the_middle_between_them(disc):
    x, y = place_in(disc(64, 64, 12, 10, 4) | disc(64, 64, 50, 56, 4))
    assert (x, y) == pytest.approx((10.5, 12.5), abs=1)


def test_a_region_of_few_cells_in_the_corner_is_told_where_it_is():
    region = np.zeros((64, 64), bool)
    region[1:3, 2:4] = True  # nowhere deeper than one cell
    assert place_in(region) == pytest.approx((3, 2), abs=0.6)


def test_the_centre_of_a_few_cells_is_among_them_and_of_none_in_the_middle():
    few = torch.zeros(1, 2, FIELD, FIELD)
    few[0, 0, 50:52, 8:10] = 1
    small, empty = measure_concepts(few, torch.zeros(1, 1, FIELD, FIELD))[0].numpy()
    assert read_place(small, 2) == pytest.approx((9 / FIELD, 51 / FIELD), abs=0.002)
    assert read_place(empty, 2) == pytest.approx((0.5, 0.5), abs=0.001)


def test_a_bearing_tells_which_word_of_direction_is_right():
    rng = random.Random(3)
    for _ in range(300):
        origin, place = ((rng.random(), rng.random()) for _ in range(2))
        if rng.random() < 0.5:  # near one another
            place = tuple(o + rng.uniform(-0.08, 0.08) for o in origin)
        shares = bearing(torch.tensor(place, dtype=torch.float64) - torch.tensor(origin, dtype=torch.float64))
        assert float(shares.sum()) == pytest.approx(1)
        assert (None, *DIRECTIONS["acquired"])[int(shares.argmax())] == direction("acquired", origin, place)


def test_soft_depth_is_nearly_the_euclidean_distance(disc):
    for region in (disc(64, 64, 30, 30, 14), disc(64, 64, 0, 60, 20)):
        depth = soft_depth(torch.from_numpy(region.astype(np.float32))[None, None])[0, 0].numpy()
        assert np.abs(depth - border_distance(region)).max() < 0.15 * depth.max() + 0.5


def sample(label="include", history=()):
    place = None if label == "stop" else (0.314, 0.777)
    return Sample("sunnybrook_cmr", "left-ventricle", "acquired", tuple(history), Geometry(0.2, 0.1, not history, (0.4, 0.6), place), label,
                  np.zeros((len(TARGETS), SUMMARY), np.float16), "oracle")


def test_a_batch_puts_soft_places_on_the_two_coordinates_and_nothing_on_the_prompt():
    batch = collate([sample("include", [("exclude", 0.2, 0.3)]), sample("stop", [("include", 0.2, 0.3)])], TOKENIZER, random.Random(1))
    assert [round(float(v), 3) for v in batch["place"][0][batch["place"][0] >= 0]] == [31.4, 77.7]
    assert (batch["place"][1] < 0).all()
    pairs = coordinate_ids(TOKENIZER)
    assert [pairs.index(int(t)) for t, p in zip(batch["labels"][0], batch["place"][0]) if p >= 0] == [31, 78]
    for k in range(2):
        reply = TOKENIZER.decode([int(t) for t in batch["labels"][k] if t >= 0], skip_special_tokens=True)
        parse_step(reply)


def test_requests_for_what_is_not_there_are_answered_as_absent():
    rng = random.Random(0)
    replies = [write_sample(sample(), rng) for _ in range(200)]
    absent = [user for user, reply, *_ in replies if "Target absent" in reply]
    assert abs(len(absent) / 200 - ABSENT_SHARE) < 0.1
    assert not any("ventricle" in user or "LV" in user for user in absent)


def test_a_step_on_a_mask_is_never_answered_as_absent():
    rng = random.Random(0)
    assert not any("Target absent" in write_sample(sample("exclude", [("include", 0.2, 0.3)]), rng)[1] for _ in range(200))


def test_a_mask_of_something_else_is_said_to_be_so():
    g = Geometry(0.0, 1.0, False, (0.4, 0.6), (0.7, 0.6), foreign=True)
    text = write_click_step("liver", "acquired", g, "exclude")
    assert "shows something else than the liver: I discard it and begin anew" in text and "toward the right of the image" in text


def test_an_untrained_policy_runs_from_pixels_to_text():
    torch.manual_seed(0)
    policy = LoadedPolicy(Policy(DecoderShape(vocabulary=(TOKENIZER.get_vocab_size() + 7) // 8 * 8)).eval(), TOKENIZER)
    text, ids = generate_step(policy, np.zeros((256, 256, 3), np.uint8), format_user("Segment the liver.", "unknown", []))
    assert isinstance(text, str) and 0 < len(ids) <= 128
    assert TOKENIZER.encode(prompt_text("", IMAGE_TOKENS)).ids.count(TOKENIZER.token_to_id("<image>")) == IMAGE_TOKENS
