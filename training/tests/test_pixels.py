import numpy as np
import pytest

from ibis_training.cases import canonical_slice, slice_areas
from ibis_training.grammar import ClickAction, TerminateAction, format_step, parse_step
from ibis_training.image import apply_window, blend_overlay, gray_to_rgb, normalised_from_pixel, pixel_from_normalised, render_observation


@pytest.mark.parametrize(("width", "height"), [(256, 256), (800, 540), (51, 35), (1, 1)])
def test_every_pixel_centre_survives_text_and_back(width, height):
    for column in range(0, width, max(1, width // 40)):
        for row in range(0, height, max(1, height // 40)):
            x, y = normalised_from_pixel(column, row, width, height)
            action = parse_step(format_step("a", ClickAction("include", x, y))).action
            assert pixel_from_normalised(action.x, action.y, width, height) == (column, row)


def test_an_answer_that_begins_with_target_absent_means_no_mask():
    assert parse_step(format_step("a", TerminateAction("Target absent: nothing."))).action.target_absent
    assert not parse_step(format_step("a", TerminateAction("Segmented: liver."))).action.target_absent


def test_overlay_leaves_pixels_outside_the_mask_untouched(disc):
    rgb = gray_to_rgb(np.arange(64 * 48, dtype=np.uint8).reshape(64, 48))
    mask = disc(64, 48, 30, 20, 9)
    drawn = blend_overlay(rgb, mask)
    assert (drawn[~mask] == rgb[~mask]).all()
    assert (drawn[mask][:, 1] > drawn[mask][:, 0]).all()


def test_observation_is_stretched_to_the_policy_size(disc):
    rgb = gray_to_rgb(apply_window(np.linspace(0, 1, 35 * 51).reshape(35, 51), 0, 1))
    assert render_observation(rgb, disc(35, 51, 17, 25, 8)).shape == (256, 256, 3)


@pytest.mark.parametrize("signs", [(1, 1, 1), (-1, 1, 1), (-1, -1, 1), (1, -1, -1)])
def test_display_orientation_does_not_depend_on_how_the_file_is_stored(signs):
    """The same patient stored along other axis directions gives the same canonical picture."""
    anatomy = np.random.default_rng(0).integers(0, 100, (4, 5, 6))  # RAS+
    stored = anatomy[:: signs[0], :: signs[1], :: signs[2]]
    affine = np.diag([*map(float, signs), 1.0])
    for axis, k, n in (("sagittal", 0, 4), ("coronal", 1, 5), ("axial", 2, 6)):
        index = 1 if signs[k] > 0 else n - 2
        np.testing.assert_array_equal(canonical_slice(stored, affine, axis, index), canonical_slice(anatomy, np.eye(4), axis, 1))


def test_the_patients_left_is_on_the_right_of_axial_and_coronal_pictures():
    volume = np.zeros((4, 5, 6))
    volume[0] = 1  # RAS+: low i is the patient's left
    assert canonical_slice(volume, np.eye(4), "axial", 2)[:, -1].all()
    assert canonical_slice(volume, np.eye(4), "coronal", 2)[:, -1].all()
    front = np.zeros((4, 5, 6))
    front[:, -1] = 1
    assert canonical_slice(front, np.eye(4), "axial", 2)[0].all()
    assert canonical_slice(front, np.eye(4), "sagittal", 2)[:, 0].all()
    assert slice_areas(front > 0, np.eye(4), "coronal").tolist() == [0, 0, 0, 0, 24]
