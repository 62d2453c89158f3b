"""Pytest plugin: writes what `npm test` sums up to the file named by IBIS_TEST_REPORT (scripts/lib/summary.mjs)."""

import json
import os

_RANK = {"skipped": 0, "passed": 1, "failed": 2}
_results: dict[str, dict[str, str]] = {}
_problems: list[str] = []


def _reason(report) -> str:
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    return ""


def pytest_runtest_logreport(report):
    """Three reports a test (setup, call, teardown): the worst counts, and a set-up that passed alone is no pass."""
    if report.when != "call" and report.outcome == "passed":
        return
    known = _results.get(report.nodeid)
    if known is None or _RANK[report.outcome] > _RANK[known["state"]]:
        note = _reason(report) if report.outcome == "skipped" else ""
        _results[report.nodeid] = {"name": report.nodeid, "state": report.outcome, "note": note}


def pytest_collectreport(report):
    if report.outcome == "failed":
        _problems.append(f"{report.nodeid}: does not load")
    elif report.outcome == "skipped":
        _results[report.nodeid] = {
            "name": report.nodeid,
            "state": "skipped",
            "note": _reason(report),
        }


def pytest_sessionfinish(session):
    with open(os.environ["IBIS_TEST_REPORT"], "w", encoding="utf-8") as file:
        json.dump({"results": list(_results.values()), "problems": _problems}, file)
