"""Writes test/fixtures/parity/*.json: cases on which Python and TypeScript must agree.

Every file is {"schemaVersion": 1, "cases": [...]}; images and masks are arrays of rows.
"""

import json

import numpy as np

from .cases import PLANES, canonical_slice
from .grammar import ClickAction, GrammarError, TerminateAction, format_action, parse_step
from .image import apply_window, blend_overlay, luma, normalised_from_pixel, percentile_window, pixel_from_normalised, resize_bilinear
from .oracle import compute_dice, compute_iou, next_oracle_click
from .prompts import SYSTEM_PROMPT, USER_TEMPLATE, format_user
from .reasoning import DIRECTIONS, check_direction
from .segmenter_fixtures import click_frame_cases, click_window_cases
from .targets import REPOSITORY, Ranked, rank_instances, select_slices, split_instances

FOLDER = REPOSITORY / "test" / "fixtures" / "parity"

GRAMMAR_TEXTS = [
    "<think>a</think><action>Positive Point (0.5100, 0.4200)</action>",
    "<think></think><action>Negative Point (0.0000, 1.0000)</action>",
    " <think> a\nb </think>\n\t<action>Positive Point (1.0000, 0.9999)</action>\r\n",
    "<think>area < 5 and > 3</think><action>Terminate</action><answer>Segmented: left ventricle.</answer>",
    "<think>x</think> <action>Terminate</action> <answer> Target absent: no fetal head here. </answer> ",
    "<think>x</think><action>Terminate</action>",
    "<think>x</think><action>Terminate</action><answer>  </answer>",
    "<think>x</think><action>Terminate </action><answer>done</answer>",
    "<think>x</think><action>Positive Point (0.51, 0.42)</action>",
    "<think>x</think><action>Positive Point (0.51000, 0.42000)</action>",
    "<think>x</think><action>Positive Point (1.0001, 0.4200)</action>",
    "<think>x</think><action>Positive Point (-0.1000, 0.4200)</action>",
    "<think>x</think><action>Positive Point (0.5100,0.4200)</action>",
    "<think>x</think><action>positive point (0.5100, 0.4200)</action>",
    "<think>x</think><action> Positive Point (0.5100, 0.4200)</action>",
    "<think>x</think><action>Positive Point (0.5100, 0.4200)</action><answer>a</answer>",
    "<think>x</think><action>Positive Point (0.5100, 0.4200)</action><action>Terminate</action><answer>a</answer>",
    "<think>x</think><think>y</think><action>Terminate</action><answer>a</answer>",
    "<think>x<think>y</think><action>Terminate</action><answer>a</answer>",
    "<action>Positive Point (0.5100, 0.4200)</action>",
    "<think>x</think>then<action>Positive Point (0.5100, 0.4200)</action>",
    "<think>x</think>\u00a0<action>Positive Point (0.5100, 0.4200)</action>",
    "<think>x</think><action>Positive Point (0.\u0665100, 0.4200)</action>",
    "<think>x</think><action>Positive Point (NaN, 0.4200)</action>",
    "<THINK>x</THINK><action>Terminate</action><answer>a</answer>",
    "<think>x</think><action>Positive Point (0.5100, 0.4200)</action> bye",
    "",
    "Terminate",
]


def grammar_cases() -> list[dict]:
    cases = []
    for text in GRAMMAR_TEXTS:
        try:
            step = parse_step(text)
        except GrammarError:
            cases.append({"text": text, "ok": False})
            continue
        if isinstance(step.action, TerminateAction):
            action = {"kind": "terminate", "answer": step.action.answer, "targetAbsent": step.action.target_absent}
        else:
            action = {"kind": "click", "label": step.action.label, "x": step.action.x, "y": step.action.y}
        cases.append({"text": text, "ok": True, "reasoning": step.reasoning, "action": action})
    return cases


def coordinate_cases() -> list[dict]:
    cases = []
    for width, height, column, row in [(256, 256, 0, 255), (800, 540, 407, 269), (51, 35, 50, 17), (16, 8, 0, 1), (16, 8, 15, 7), (1, 1, 0, 0)]:
        x, y = normalised_from_pixel(column, row, width, height)
        text = format_action(ClickAction("include", x, y))
        cases.append({"kind": "toNormalised", "width": width, "height": height, "column": column, "row": row, "x": x, "y": y, "actionText": text})
    for width, height, x, y in [(256, 256, 0.51, 0.42), (800, 540, 0.0, 1.0), (51, 35, 1.0, 0.0), (51, 35, 0.9999, 0.5), (3, 3, 1 / 3, 2 / 3), (100, 100, 0.29, 0.57)]:
        column, row = pixel_from_normalised(x, y, width, height)
        cases.append({"kind": "toPixel", "width": width, "height": height, "x": x, "y": y, "column": column, "row": row})
    return cases


def window_cases(rng: np.random.Generator) -> list[dict]:
    arrays = [
        (np.array([[0, 1, 2, 3]]), 0, 100), (np.arange(12).reshape(3, 4) * 10, 1, 99), (rng.integers(-1024, 3000, (5, 7)), 1, 99),
        (np.round(rng.normal(0, 1, (4, 4)), 3), 1, 99), (np.full((2, 3), 7), 1, 99), (rng.integers(0, 256, (6, 6)), 5, 90),
    ]
    cases = []
    for values, low, high in arrays:
        lo, hi = percentile_window(values, low, high)
        cases.append({"values": values.tolist(), "low": low, "high": high, "lo": lo, "hi": hi, "gray": apply_window(values, lo, hi).tolist()})
    values = np.array([[-200, -161, -160, -159, 40, 239, 240, 241]])
    cases.append({"values": values.tolist(), "centre": 40, "width": 400, "lo": -160.0, "hi": 240.0, "gray": apply_window(values, -160, 240).tolist()})
    return cases


def overlay_cases(rng: np.random.Generator) -> list[dict]:
    cases = []
    for rgb in (rng.integers(0, 256, (3, 4, 3)), np.repeat(np.arange(0, 256, 1).reshape(16, 16, 1), 3, axis=2)):
        mask = rng.random(rgb.shape[:2]) < 0.6
        cases.append({"rgb": rgb.tolist(), "mask": mask.astype(int).tolist(), "expected": blend_overlay(rgb.astype(np.uint8), mask).tolist()})
    return cases


def gray_cases(rng: np.random.Generator) -> list[dict]:
    pictures = [rng.integers(0, 256, (6, 9, 3)), np.repeat(np.arange(256).reshape(16, 16, 1), 3, axis=2), np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]])]
    return [{"rgb": p.tolist(), "gray": luma(p.astype(np.uint8)).tolist()} for p in pictures]


def resize_cases(rng: np.random.Generator) -> list[dict]:
    """Gray images; a 256x256 result is given as its sum, weighted sum and some pixels to stay small."""
    cases = []
    for (h, w), (out_h, out_w) in [((5, 7), (9, 11)), ((9, 11), (5, 4)), ((6, 6), (6, 3)), ((4, 5), (4, 5)), ((17, 23), (8, 31)), ((35, 51), (256, 256)), ((64, 40), (256, 256))]:
        image = rng.integers(0, 256, (h, w)).astype(np.uint8)
        out = resize_bilinear(image, out_w, out_h)
        case = {"image": image.tolist(), "widthPx": out_w, "heightPx": out_h}
        if out.size <= 400:
            case["expected"] = out.tolist()
        else:
            flat = out.ravel().astype(int)
            case["checksum"] = {"sum": int(flat.sum()), "weightedSum": int((flat * (np.arange(flat.size) % 251)).sum()), "firstRow": out[0].tolist(), "row128": out[128].tolist()}
        cases.append(case)
    ramp = [[(3 * c + 5 * r) % 256 for c in range(800)] for r in range(540)]
    out = resize_bilinear(np.array(ramp, dtype=np.uint8), 256, 256)
    flat = out.ravel().astype(int)
    cases.append({"ramp": {"widthPx": 800, "heightPx": 540, "formula": "(3 * column + 5 * row) % 256"}, "widthPx": 256, "heightPx": 256,
                  "checksum": {"sum": int(flat.sum()), "weightedSum": int((flat * (np.arange(flat.size) % 251)).sum()), "firstRow": out[0].tolist(), "row128": out[128].tolist()}})
    return cases


def oracle_cases(rng: np.random.Generator) -> list[dict]:
    def box(h, w, r0, r1, c0, c1):
        m = np.zeros((h, w), bool)
        m[r0:r1, c0:c1] = True
        return m

    empty = np.zeros((8, 10), bool)
    pairs = [
        (empty, box(8, 10, 2, 7, 3, 8)), (empty, box(8, 10, 0, 8, 0, 10)), (empty, box(8, 10, 2, 6, 3, 7)), (box(8, 10, 0, 8, 0, 10), box(8, 10, 2, 7, 3, 8)),
        (box(8, 10, 2, 7, 3, 8), box(8, 10, 2, 7, 3, 8)), (box(8, 10, 0, 3, 0, 3), box(8, 10, 5, 8, 7, 10)), (empty, empty), (box(8, 10, 1, 4, 1, 9), empty),
    ]
    pairs += [(rng.random((9, 12)) < 0.4, rng.random((9, 12)) < 0.5) for _ in range(4)]
    yy, xx = np.mgrid[0:20, 0:24]
    disc = (yy - 9) ** 2 + (xx - 12) ** 2 < 49
    pairs += [((yy - 11) ** 2 + (xx - 8) ** 2 < 30, disc), ((yy - 9) ** 2 + (xx - 12) ** 2 < 90, disc)]
    cases = []
    for mask, truth in pairs:
        click = next_oracle_click(mask, truth)
        expected = click and {"column": click.column, "row": click.row, "label": click.label, "distancePx": click.distance_px}
        cases.append({"mask": mask.astype(int).tolist(), "truth": truth.astype(int).tolist(), "click": expected,
                      "iou": compute_iou(mask, truth), "dice": compute_dice(mask, truth)})
    return cases


def orientation_cases() -> list[dict]:
    """volume[i][j][k] with its NIfTI affine (RAS+, mm) -> the canonical slice, rows from the top."""
    volume = np.arange(2 * 3 * 4).reshape(2, 3, 4)
    affines = [np.diag([1.0, 1, 1, 1]), np.diag([-1.0, -1, 2, 1]), np.array([[0, 0, 2.0, 5], [-1, 0, 0, 3], [0, -1.5, 0, 1], [0, 0, 0, 1]]),
               np.array([[0.9, 0.2, 0, 0], [-0.2, 0.9, 0.1, 0], [0, -0.1, 0.95, 0], [0, 0, 0, 1]])]
    return [{"volume": volume.tolist(), "affine": a.tolist(), "axis": axis, "sliceIndex": 1, "slice": canonical_slice(volume, a, axis, 1).tolist()}
            for a in affines for axis in PLANES]


def slice_rule_cases() -> list[dict]:
    areas = [0, 10, 40, 90, 90, 70, 31, 30, 29, 0, 55]
    rules = [{"rule": "all"}, {"rule": "largest-area"}, {"rule": "area-quantiles", "count": 3}, {"rule": "area-quantiles", "count": 20}]
    return [{"areas": a, "rule": r, "minPixels": 30, "slices": select_slices(np.array(a), r, 30)} for a in (areas, [0, 3]) for r in rules]


def instance_cases() -> list[dict]:
    region = np.array([[1, 1, 0, 0, 0], [0, 0, 1, 0, 1], [0, 0, 1, 0, 1], [1, 0, 1, 0, 0]])
    return [{"region": region.tolist(), "instances": i, "minPixels": m, "masks": [x.astype(int).tolist() for x in split_instances(region > 0, i, m)]}
            for i in ("merged", "largest", "each") for m in (1, 2)]


def ranked_instance_cases(rng: np.random.Generator) -> list[dict]:
    values = np.zeros((7, 11), int)
    for value, rows, columns in ((9, (0, 2), (7, 10)), (2, (1, 5), (0, 3)), (5, (4, 7), (4, 6)), (7, (5, 6), (8, 11))):
        values[slice(*rows), slice(*columns)] = value
    values[6, 0] = 9  # one value in two pieces is one instance
    slices = [values, values[:, ::-1], rng.integers(0, 6, (5, 6)), np.zeros((2, 3), int)]
    rules = [Ranked(by, order, rank, margin) for by in ("area", "x", "y") for order in ("ascending", "descending") for rank in (0, 1, 4) for margin in (0.0, 0.15)]
    cases = []
    for v in slices:
        for rule in rules:
            mask = rank_instances(v, rule)
            cases.append({"values": v.tolist(), "by": rule.by, "order": rule.order, "rank": rule.rank, "margin": rule.margin, "mask": None if mask is None else mask.astype(int).tolist()})
    return cases


def direction_cases() -> list[dict]:
    truth = np.zeros((5, 8), bool)
    truth[1:3, 5:7] = True
    step = "<think>{}</think><action>{}</action>".format
    texts = [step(f"The left ventricle lies toward {words}.", f"Positive Point ({x:.4f}, {y:.4f})") for words in sorted({w for d in DIRECTIONS.values() for w in d}) for x, y in ((0.2, 0.3), (0.72, 0.8))]
    texts += [step(f"The main missing part lies {where}.", f"Negative Point ({x:.4f}, {y:.4f})") for where in ("near its centre", "near the image centre", "somewhere") for x, y in ((0.5, 0.5), (0.7, 0.36), (0.61, 0.45))]
    texts += [step("The target lies toward the top of the image. The main missing part lies toward the left of the image.", "Positive Point (0.9000, 0.1000)"),
              step("It lies toward the top of the image, I think.", "Positive Point (0.9000, 0.1000)"), step("The part lies near its centre. I click.", "Positive Point (0.7000, 0.3500)"),
              step("The part lies toward the right of the image.", "Terminate") + "<answer>Done.</answer>", "It lies toward the left of the image."]
    texts += [step("The part lies toward the left of the image.", f"Positive Point ({x}, 0.5000)") for x in ("0.5050", "0.5099", "0.5101", "0.7590", "0.7610")]  # on either side of what still counts
    return [{"text": t, "axis": axis, "truth": truth.astype(int).tolist(), "first": first, "right": check_direction(t, axis, truth, first)} for axis in DIRECTIONS for t in texts for first in (True, False)]


def prompt_cases() -> list[dict]:
    clicks = [ClickAction("include", 0.51, 0.42), ClickAction("exclude", 0.03125, 0.8)]
    inputs = [("Segment the {request} {history}.", "unknown", [], ""), ("Segment the left ventricle.", "axial, patient's left on the image right", clicks, "Bad reply.")]
    return [{"systemPrompt": SYSTEM_PROMPT, "userTemplate": USER_TEMPLATE, "request": r, "orientation": o,
             "history": [{"label": c.label, "x": c.x, "y": c.y} for c in h], "error": e, "user": format_user(r, o, h, e)} for r, o, h, e in inputs]


def make_fixtures() -> dict[str, list[dict]]:
    """All fixture files by name, the same on every run."""
    return {
        "grammar": grammar_cases(), "coordinates": coordinate_cases(), "window": window_cases(np.random.default_rng(1)),
        "overlay": overlay_cases(np.random.default_rng(2)), "gray": gray_cases(np.random.default_rng(6)), "resize": resize_cases(np.random.default_rng(3)), "oracle": oracle_cases(np.random.default_rng(4)),
        "orientation": orientation_cases(), "slice-rules": slice_rule_cases(), "instances": instance_cases(),
        "ranked-instances": ranked_instance_cases(np.random.default_rng(5)), "prompt": prompt_cases(), "directions": direction_cases(),
        "click-window": click_window_cases(), "click-frame": click_frame_cases(np.random.default_rng(6)),
    }


def write_fixtures() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, cases in make_fixtures().items():
        lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
        (FOLDER / f"{name}.json").write_text('{"schemaVersion":1,"cases":[\n' + lines + "\n]}\n")
