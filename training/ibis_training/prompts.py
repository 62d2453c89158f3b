"""What the policy is told. Both strings are stored in the manifest; the engine formats them alike."""

from .grammar import ClickAction, format_action

SYSTEM_PROMPT = "Segment one target in a medical image by clicks. Green shows the current mask."
USER_TEMPLATE = "Request: {request}\nOrientation: {orientation}\nHistory: {history}\n{error}"


def format_history(actions: list[ClickAction]) -> str:
    return "; ".join(format_action(a) for a in actions) or "none"


def format_user(request: str, orientation: str, actions: list[ClickAction], error: str = "") -> str:
    """The user's turn. Placeholders are filled in one pass, so braces in a request stay as they are."""
    values = {"request": request, "orientation": orientation, "history": format_history(actions), "error": error}
    text = USER_TEMPLATE
    parts, rest = [], text
    while "{" in rest:
        before, _, after = rest.partition("{")
        name, _, rest = after.partition("}")
        parts += [before, values[name]]
    return "".join(parts) + rest
