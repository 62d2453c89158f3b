"""The commands for a config that names a published model: synthesise, sft, rl, evaluate, export."""

import itertools
import json
import random
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import torch
from accelerate import PartialState
from accelerate.utils import gather_object

from .cases import Case, load_cases
from .environment import Task
from .evaluate import absent_task, evaluate_cases, plain_task, summarise, write_rows
from .examples import trajectory_files, write_pictures
from .export_data import FORMATS, export_data
from .nano_commands import draw_kind_task, make_tool, write_untried
from .plan import training_cases, validation_cases
from .rl import RlSettings, train_rl
from .stored_sessions import TraceError
from .synthesis import KINDS, synthesise
from .tool import SegmenterTool
from .traces import export_sessions
from .variants import load_case, other_structures
from .vlm import VlmPlayer, choose_trained_parts, load_vlm
from .vlm_export import export_vlm
from .vlm_sft import accumulation_steps, train_sft


def cases_of(dataset: str, part: str, limit: int | None) -> list[Case]:
    cases = training_cases(dataset) if part == "train" else validation_cases(dataset) if part == "validation" else list(load_cases(dataset, part))
    return cases[:limit]


def list_cases(config: dict, work: Path, part: str) -> dict[str, list[str]]:
    """Case ids of each data set; the first process looks through the data once, and a file keeps them for the others."""
    path, state = work / f"cases-{part}.json", PartialState()
    wanted = {"datasets": config["data"]["datasets"], "limit": config["data"].get("limit")}
    with state.main_process_first():
        if state.is_main_process and not (path.exists() and json.loads(path.read_text())["of"] == wanted):
            work.mkdir(parents=True, exist_ok=True)
            ids = {d: [c.case_id for c in cases_of(d, part, wanted["limit"])] for d in wanted["datasets"]}
            empty = [d for d, found in ids.items() if not found]
            if empty:
                raise ValueError(f"There are no {part} cases in {empty[0]}. Look at its split.json and targets.json: minPixels, labels and slices decide what is a case.")
            path.write_text(json.dumps({"of": wanted, "cases": ids}))
    return json.loads(path.read_text())["cases"]


def synthesise_all(config: dict, work: Path, tool: SegmenterTool) -> None:
    """<work>/trajectories/<dataset>.jsonl: the kinds take turns over the training cases."""
    settings = config["synthesise"]
    for dataset in config["data"]["datasets"]:
        kinds, rng = itertools.cycle(KINDS if settings["kinds"] == "all" else settings["kinds"]), random.Random(f"{config['seed']}/{dataset}")
        cases = cases_of(dataset, "train", config["data"].get("limit"))
        tasks = [(draw_kind_task(case, kind, rng), kind) for case in cases for kind in itertools.islice(kinds, settings["perCase"])]
        path = work / "trajectories" / f"{dataset}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_untried(tasks, path, lambda part: synthesise(part, tool, find_structures=other_structures))


def with_defaults(config: dict, work: Path) -> dict:
    return {**config, "data": {**config["data"], "trajectories": config["data"].get("trajectories") or [str(work / "trajectories")]}}


def trained_folder(work: Path) -> Path | None:
    """What the latest stage left; None: nothing is trained yet."""
    return next((folder for folder in (work / "rl" / "best", work / "rl" / "last", work / "sft") if folder.is_dir()), None)


def load_player(config: dict, trained: Path | None) -> VlmPlayer:
    vlm = load_vlm(config["model"], trained)
    model = choose_trained_parts(vlm.model, config["model"])
    return VlmPlayer(replace(vlm, model=model), config["rl"]["writeTogether"], config["rl"]["gradientCheckpointing"])


def reinforce(config: dict, work: Path, tool: SegmenterTool) -> None:
    settings, case_ids, validation = config["rl"], list_cases(config, work, "train"), list_cases(config, work, "validation")

    def draw_task(rng: random.Random) -> Task:
        """Data sets with equal chance; a share of requests is for what is not in the picture."""
        case = load_case(rng.choice(case_ids[rng.choice(sorted(case_ids))]))
        return draw_kind_task(case, "absent" if rng.random() < settings["absentShare"] else "policy", rng)

    chosen = [load_case(i) for ids in validation.values() for i in ids[: settings["validationCases"]]]
    player = load_player(config, work / "sft" if (work / "sft").is_dir() else None)
    player.model.to(PartialState().device)
    absent = [absent_task(c) for c in chosen] if settings["absentShare"] else []
    train_rl(player, tool, draw_task, [*map(plain_task, chosen), *absent], settings["rewards"], work / "rl",
             RlSettings(
                 minutes=settings["minutes"], iterations=settings["steps"], tasks=accumulation_steps(settings["batchSize"], settings["group"], PartialState().num_processes), group=settings["group"],
                 batch=settings["perDevice"], rate=settings["rate"], temperature=settings["temperature"], max_steps=settings["maxSteps"], step_share=settings["stepShare"], kl=settings["kl"],
                 save_seconds=settings["saveSeconds"], validate_every=settings["validateEvery"],
             ), config["seed"])


def evaluate(config: dict, work: Path, tool: SegmenterTool) -> dict[str, dict]:
    """Beside the click simulator, as the small policy is; cases are shared out among the processes."""
    state, split = PartialState(), config["evaluate"]["split"]
    player = load_player(config, trained_folder(work))
    player.model.to(state.device)
    ids = [i for found in list_cases(config, work, split).values() for i in found][state.process_index :: state.num_processes]
    rows = gather_object(evaluate_cases(player, tool, [load_case(i) for i in ids]))
    if state.is_main_process:
        write_rows(rows, work / f"evaluation-{split}.json")
        print(json.dumps(summarise(rows), indent=1), flush=True)
    return summarise(rows)


def export_trajectories(config: dict, work: Path, kind: str | None, out: Path | None) -> None:
    if kind is None or out is None:
        raise SystemExit(f"export-data needs --format ({', '.join(FORMATS)}) and --out FOLDER.")
    files = trajectory_files([Path(f) for f in with_defaults(config, work)["data"]["trajectories"]])
    write_pictures(files)
    print(f"{export_data(files, kind, config['model']['systemPrompt'], config['model']['imagePx'], out)} steps in {out}")


def read_traces(config: dict, source: Path | None, out: Path | None) -> None:
    if source is None or out is None:
        raise SystemExit("traces needs the workstation's database, a trace.jsonl or a folder of traces, and --out FOLDER.")
    try:
        written = export_sessions(source, out, config["model"]["systemPrompt"], config["model"]["imagePx"])
    except TraceError as error:
        raise SystemExit(str(error)) from None
    print(", ".join(f"{count} {what}" for what, count in written.items()), f"in {out}")


def run_large(command: str, config: dict, runs: Path) -> None:
    """Work lies in <runs>/<name of the config>."""
    # The first process may validate for long while the others wait.
    state, work = PartialState(cpu=not torch.cuda.is_available(), timeout=timedelta(hours=2)), runs / config["name"]
    config = with_defaults(config, work)
    match command:
        case "synthesise":
            synthesise_all(config, work, make_tool(config, runs))
        case "sft":
            train_sft(config, work)
        case "rl":
            reinforce(config, work, make_tool(config, runs))
        case "evaluate":
            evaluate(config, work, make_tool(config, runs))
        case "export":
            export_vlm(config, trained_folder(work), Path(config["export"].get("folder") or work / "export" / config["name"]))
        case _:
            raise SystemExit(f"{command} is not for large models: they go through synthesise, sft, rl, evaluate and export.")
