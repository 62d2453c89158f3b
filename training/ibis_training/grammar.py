"""The policy's text: one step is one think tag and one action tag, and with Terminate an answer tag.

The TypeScript engine parses the same grammar; test/fixtures/parity/grammar.json holds the cases
that both must agree on. Only space, tab, CR and LF count as whitespace.
"""

import math
import re
from dataclasses import dataclass
from typing import Literal

_BODY = r"((?:(?!</?(?:think|action|answer)>)[\s\S])*)"
_WS = r"[ \t\r\n]*"
_STEP = re.compile(
    rf"{_WS}<think>{_BODY}</think>{_WS}<action>{_BODY}</action>{_WS}(?:<answer>{_BODY}</answer>{_WS})?"
)
_NUMBER = r"(0\.[0-9]{4}|1\.0000)"
_POINT = re.compile(rf"(Positive|Negative) Point \({_NUMBER}, {_NUMBER}\)")

ABSENT_PREFIX = "Target absent"


@dataclass(frozen=True)
class ClickAction:
    label: Literal["include", "exclude"]
    x: float  # normalised image coordinate, to the right, in [0, 1]
    y: float  # normalised image coordinate, downward, in [0, 1]


@dataclass(frozen=True)
class TerminateAction:
    answer: str

    @property
    def target_absent(self) -> bool:
        return self.answer.startswith(ABSENT_PREFIX)


@dataclass(frozen=True)
class ParsedStep:
    reasoning: str
    action: ClickAction | TerminateAction


class GrammarError(ValueError):
    """The text is not one step of the grammar; the message is the sentence that the policy may be told."""


def parse_step(text: str) -> ParsedStep:
    """Parse one step strictly; raises GrammarError."""
    match = _STEP.fullmatch(text)
    if not match:
        raise GrammarError("The reply must be <think>...</think><action>...</action>, with <answer>...</answer> after Terminate.")
    reasoning, action, answer = (part if part is None else part.strip(" \t\r\n") for part in match.groups())
    if match.group(2) == "Terminate":
        if not answer:
            raise GrammarError("Terminate must be followed by <answer>...</answer>.")
        return ParsedStep(reasoning, TerminateAction(answer))
    point = _POINT.fullmatch(match.group(2))
    if not point:
        raise GrammarError("The action must be Positive Point (x, y), Negative Point (x, y) or Terminate, with x and y in [0, 1] and 4 decimals.")
    if answer is not None:
        raise GrammarError("Only Terminate may be followed by an answer.")
    label = "include" if point.group(1) == "Positive" else "exclude"
    return ParsedStep(reasoning, ClickAction(label, float(point.group(2)), float(point.group(3))))


def format_number(value: float) -> str:
    """4 decimals, halves rounded up (neither Python's nor JavaScript's own formatting does this alike)."""
    return f"{math.floor(value * 10000 + 0.5) / 10000:.4f}"


def format_action(action: ClickAction | TerminateAction) -> str:
    """The text inside the action tag."""
    if isinstance(action, TerminateAction):
        return "Terminate"
    word = "Positive" if action.label == "include" else "Negative"
    return f"{word} Point ({format_number(action.x)}, {format_number(action.y)})"


def format_step(reasoning: str, action: ClickAction | TerminateAction) -> str:
    answer = f"<answer>{action.answer}</answer>" if isinstance(action, TerminateAction) else ""
    return f"<think>{reasoning}</think><action>{format_action(action)}</action>{answer}"
