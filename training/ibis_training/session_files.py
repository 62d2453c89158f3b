"""Whole sessions as one file each (src/contract/sessionFile.ts): what training needs lies in them, of DICOM images too."""

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

SESSION_FILE_SUFFIX = ".ibis"
SESSION_FILE_VERSION = 2  # version 2 added segmentations and measurements, which training does not read here
MOST_MEMBER_BYTES = 512 * 1024**2  # a trace of a thousand steps is a few megabytes


class SessionFileError(ValueError):
    """A sentence that says why a session file cannot be read."""


def read_members(path: Path, wanted: tuple[str, ...]) -> dict[str, bytes]:
    """Members by name, each held to its size and SHA-256 in the manifest. Nothing is unpacked to disk."""
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = parse_manifest(path, read_member(archive, path, "manifest.json"))
            expected = {f["path"]: f for f in manifest["files"]}
            members = {}
            for name in wanted:
                members[name] = read_member(archive, path, name)
                if name not in expected or hashlib.sha256(members[name]).hexdigest() != expected[name]["sha256"]:
                    raise SessionFileError(f"{path.name} is damaged: {name} is not what its manifest says. Export the session again.")
            return members
    except zipfile.BadZipFile as error:
        raise SessionFileError(f"{path.name} is damaged, or no session file ({error}). Export the session again.") from None


def read_member(archive: zipfile.ZipFile, path: Path, name: str) -> bytes:
    if name not in archive.namelist():
        raise SessionFileError(f"{path.name} is no session file, or damaged: it has no {name}.")
    if archive.getinfo(name).file_size > MOST_MEMBER_BYTES:
        raise SessionFileError(f"{path.name} was not read: {name} is larger than any that the workstation writes.")
    return archive.read(name)


def parse_manifest(path: Path, text: bytes) -> dict[str, Any]:
    manifest = json.loads(text)
    if manifest.get("kind") != "ibis-session":
        raise SessionFileError(f"{path.name} is no session file.")
    if manifest.get("schemaVersion") not in range(1, SESSION_FILE_VERSION + 1):
        raise SessionFileError(f"{path.name} is a session file of version {manifest.get('schemaVersion')}; this program reads versions 1 to {SESSION_FILE_VERSION}. Use the training package that came with the workstation.")
    return manifest


def read_trace_and_slice(path: Path) -> tuple[str, np.ndarray]:
    """(text of the trace, windowed slice uint8 [h, w, 3] pixel for pixel)."""
    members = read_members(path, ("trace.jsonl", "slice.png"))
    with Image.open(io.BytesIO(members["slice.png"])) as picture:
        return members["trace.jsonl"].decode("utf-8"), np.asarray(picture.convert("RGB"))
