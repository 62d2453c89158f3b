"""A task and a segmenter that can be foreseen, for the tests of the loop."""

import numpy as np

from ibis_training.cases import Case
from ibis_training.environment import Task
from ibis_training.grammar import ClickAction, format_step
from ibis_training.segmenter import SegmenterResult
from ibis_training.targets import Target
from ibis_training.tool import SegmenterTool, sample_scribble
from ibis_training.trajectory import Request

DISC_PX = 9
TARGET = Target("disc", "disc", (1,), ("Segment the disc.",), "acquired", {"rule": "all"}, "merged", 1, {"rule": "percentile", "low": 1, "high": 99}, None)


def step_text(label: str, x: float, y: float) -> str:
    return format_step("Here.", ClickAction(label, x, y))


def make_case(row=32, column=40, radius=12, height=64, width=80) -> Case:
    rows, columns = np.mgrid[:height, :width]
    truth = (rows - row) ** 2 + (columns - column) ** 2 <= radius**2
    image = (40 + 150 * truth).astype(np.uint8)
    return Case("made/disc.png/disc/0", "made", "disc.png", TARGET, 0, image, truth)


def make_task(present=True, **shape) -> Task:
    return Task(make_case(**shape), Request("Segment the disc.", "name" if present else "absent", present, "disc", "disc"))


def disc_tool(radius=DISC_PX) -> SegmenterTool:
    """An include click adds the pixels of its gray within a disc to the previous mask, an exclude click takes such out; a box is filled."""

    def segment(prompts):
        results = []
        for p in prompts:
            rows, columns = np.mgrid[: p.rgb.shape[0], : p.rgb.shape[1]]
            mask = np.zeros(p.rgb.shape[:2], bool) if p.previous is None else p.previous > 0
            if p.box:
                x, y = (columns + 0.5) / p.rgb.shape[1], (rows + 0.5) / p.rgb.shape[0]
                mask = mask | ((x > p.box.left) & (x < p.box.right) & (y > p.box.top) & (y < p.box.bottom))
            for c in [*p.clicks, *(c for s in p.scribbles for c in sample_scribble(s, p.rgb.shape[:2]))]:
                disc = ((rows - c.row) ** 2 + (columns - c.column) ** 2 <= radius**2) & (p.rgb[..., 0] == p.rgb[c.row, c.column, 0])
                mask = mask | disc if c.label == "include" else mask & ~disc
            results.append(SegmenterResult(mask, 0.5, np.where(mask, 1.0, -1.0)))
        return results

    return SegmenterTool(segment, lambda mask: np.where(mask, 1.0, -1.0))
