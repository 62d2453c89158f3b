"""Reference pixels of files, decoded by pydicom, imagecodecs, dcmtk, GDCM, nibabel and Pillow.

    python reference.py OUT_DIR FILE...

Writes OUT_DIR/index.json, a list with one entry a file:
  {file, verdict, reason, transferSyntax, photometric, decodedBy, lossy, images}
  verdict  'image' | 'directory' | 'no-pixels' | 'broken' | 'not-an-image' | 'video'
  images   [{sop, frame, rows, columns, samples, type, raw}], raw = name of the file with the pixels
Pixels are what src/domain/study.ts (ImageInfo) promises: little endian, unused bits dropped, modality LUTs
and palettes applied, colour as 8-bit RGB. Of long multi-frame files only the first and last frame are kept.
"""

import copy
import gzip
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import warnings
import zipfile
import zlib

import numpy as np
import pydicom
from pydicom.encaps import generate_frames
from pydicom.pixels import apply_color_lut, apply_modality_lut, convert_color_space

warnings.filterwarnings("ignore")
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE

MOST_FRAMES = 20
STEM = "1.2.840.10008.1.2"
JPEG = {f"{STEM}.4.{n}" for n in (50, 51, 57, 70)}
JPEG_LS = {f"{STEM}.4.{n}" for n in (80, 81)}
JPEG_2000 = {f"{STEM}.4.{n}" for n in (90, 91, 201, 202, 203)}
LOSSY = {f"{STEM}.4.{n}" for n in (50, 51, 81, 91, 203)}
NATIVE = {STEM, f"{STEM}.1", f"{STEM}.2", f"{STEM}.1.99"}


def keep_stored_bits(array, ds):
    stored = int(ds.get("BitsStored", ds.BitsAllocated))
    high = int(ds.get("HighBit", stored - 1))
    values = (array.astype(np.int64) >> max(0, high + 1 - stored)) & ((1 << stored) - 1)
    if int(ds.get("PixelRepresentation", 0)) == 1:
        values = values - ((values >> (stored - 1)) << stored)
    return values


def stored_type(ds):
    allocated = int(ds.BitsAllocated)
    bits = 8 if allocated <= 8 else 16 if allocated <= 16 else 32
    signed = int(ds.get("PixelRepresentation", 0)) == 1 and allocated > 1
    return f"{'int' if signed else 'uint'}{bits}"


def with_tool(path, command):
    """Pixels of the file after an outside tool has decompressed it; None where the tool cannot."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out.dcm")
        done = subprocess.run(
            [part.format(src=path, out=out) for part in command],
            capture_output=True,
            timeout=60,
            check=False,
        )
        if done.returncode != 0 or not os.path.exists(out):
            return None
        plain = pydicom.dcmread(out)
        frames = plain.pixel_array
        if int(plain.get("NumberOfFrames", 1) or 1) == 1:
            frames = frames[np.newaxis]
        return plain, frames


def items_by_length(path):
    """Fragments of the (only) frame, joined; the offset table is left out."""
    with open(path, "rb") as source:
        data = source.read()
    at = re.search(rb"\xe0\x7f\x10\x00O[BW]\x00\x00\xff\xff\xff\xff", data).end()
    items = []
    while data[at : at + 4] == b"\xfe\xff\x00\xe0":
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        items.append(data[at + 8 : at + 8 + length])
        at += 8 + length
    return b"".join(items[1:])


def one_bit_rle(ds, count):
    """1-bit frames: one PackBits segment of packed bits; pydicom decodes 8 bits and more only."""
    import imagecodecs

    shape = (int(ds.Rows), int(ds.Columns))
    decoded = []
    for frame in generate_frames(ds.PixelData, number_of_frames=count):
        start = int.from_bytes(frame[4:8], "little")
        data = imagecodecs.packbits_decode(frame[start:])
        bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
        decoded.append(bits[: shape[0] * shape[1]].reshape(shape))
    return np.stack(decoded)


def decode(path, ds, uid):
    """Frames [n, rows, columns(, samples)] before palette and modality LUT, and who decoded them."""
    count = int(ds.get("NumberOfFrames", 1) or 1)
    if "FloatPixelData" in ds or "DoublePixelData" in ds or "DoubleFloatPixelData" in ds:
        frames = ds.pixel_array
        return ds, frames if count > 1 else frames[np.newaxis], "pydicom"
    if uid == f"{STEM}.5" and int(ds.BitsAllocated) == 1:
        return ds, one_bit_rle(ds, count), "PackBits (imagecodecs)"
    if uid in NATIVE or uid == f"{STEM}.5":
        frames = ds.pixel_array
        return ds, frames if count > 1 else frames[np.newaxis], "pydicom"
    if uid in JPEG:
        for name, command in (
            ("dcmtk", ["dcmdjpeg", "{src}", "{out}"]),
            ("GDCM", ["gdcmconv", "--raw", "{src}", "{out}"]),
        ):
            done = with_tool(path, command)
            if done is not None:
                return done[0], done[1], name
        raise ValueError("neither dcmtk nor GDCM decodes it")
    import imagecodecs

    frames = list(generate_frames(ds.PixelData, number_of_frames=count))
    if count == 1 and frames[0][-2:] != b"\xff\xd9" and frames[0][-3:-1] != b"\xff\xd9":
        # pydicom stops at a delimiter inside a codestream: walk the items by their lengths instead.
        frames = [items_by_length(path)]
    if uid == f"{STEM}.8.1":
        shape = (int(ds.Rows), int(ds.Columns))
        decoded = []
        for frame in frames:
            data = zlib.decompressobj(-15).decompress(frame)
            bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
            decoded.append(
                bits[: shape[0] * shape[1]].reshape(shape)
                if int(ds.BitsAllocated) == 1
                else np.frombuffer(data, f"<u{int(ds.BitsAllocated) // 8}")[: shape[0] * shape[1]].reshape(shape)
            )
        return ds, np.stack(decoded), "zlib"
    if uid in JPEG_LS:
        return ds, np.stack([imagecodecs.jpegls_decode(frame) for frame in frames]), "CharLS (imagecodecs)"
    if uid in JPEG_2000:
        return ds, np.stack([imagecodecs.jpeg2k_decode(frame) for frame in frames]), "OpenJPEG (imagecodecs)"
    raise ValueError(f"no reference decoder for {uid}")


def finish(ds, plain, frame):
    """One frame -> (array, type) as ImageInfo promises."""
    if "FloatPixelData" in ds or "DoubleFloatPixelData" in ds:
        return frame, str(frame.dtype)
    photometric = str(plain.get("PhotometricInterpretation", ""))
    if str(ds.get("PhotometricInterpretation", "")) == "PALETTE COLOR":
        if ds.original_encoding[1] is False:
            # pydicom 3.0 reads the tables as little endian whatever the file is.
            little = copy.deepcopy(ds)
            for colour in ("Red", "Green", "Blue"):
                name = f"{colour}PaletteColorLookupTableData"
                swapped = np.frombuffer(getattr(ds, name), "<u2").byteswap().tobytes()
                setattr(little, name, swapped)
            ds = little
        coloured = apply_color_lut(frame, ds)
        wide = coloured.dtype.itemsize > 1
        return (coloured >> 8 if wide else coloured).astype(np.uint8)[..., :3], "uint8"
    if int(ds.get("SamplesPerPixel", 1)) > 1:
        if photometric in ("YBR_FULL", "YBR_FULL_422"):
            frame = convert_color_space(frame.astype(np.uint8), photometric, "RGB")
        shift = max(0, int(plain.get("BitsStored", 8)) - 8)
        return (frame.astype(np.int64) >> shift).astype(np.uint8), "uint8"
    if "ModalityLUTSequence" in ds:
        return apply_modality_lut(frame, ds).astype(np.uint16), "uint16"
    if int(ds.BitsAllocated) == 1:
        return (frame > 0).astype(np.uint8), "uint8"
    kind = stored_type(ds)
    return keep_stored_bits(frame, ds).astype(kind), kind


class Writer:
    def __init__(self, folder):
        self.folder = folder
        self.count = 0

    def write(self, sop, frame, array, kind):
        raw = f"{self.count}.raw"
        self.count += 1
        np.ascontiguousarray(array).astype(np.dtype(kind).newbyteorder("<")).tofile(
            os.path.join(self.folder, raw)
        )
        return {
            "sop": sop,
            "frame": frame,
            "rows": int(array.shape[0]),
            "columns": int(array.shape[1]),
            "samples": int(array.shape[2]) if array.ndim == 3 else 1,
            "type": kind,
            "raw": raw,
        }


def chosen(count):
    return range(count) if count <= MOST_FRAMES else (0, count - 1)


def judge_dicom(path, writer):
    entry = {"transferSyntax": "", "photometric": "", "decodedBy": "", "lossy": False, "images": []}
    try:
        ds = pydicom.dcmread(path)
    except Exception:
        ds = pydicom.dcmread(path, force=True)
        if len(ds) < 2:
            return {**entry, "verdict": "not-an-image", "reason": "no DICOM data set"}
    if len(ds) == 0:
        # A missing closing delimiter leaves pydicom with nothing; the pixels are all there.
        with open(path, "rb") as source:
            ds = pydicom.dcmread(io.BytesIO(source.read() + b"\xfe\xff\xdd\xe0\x00\x00\x00\x00"))
    meta = getattr(ds, "file_meta", None)
    if meta is not None and str(meta.get("MediaStorageSOPClassUID", "")) == "1.2.840.10008.1.3.10":
        return {**entry, "verdict": "directory", "reason": "DICOMDIR"}
    uid = str(meta.get("TransferSyntaxUID", "")) if meta is not None else ""
    if uid == "":
        little, implicit = ds.original_encoding[1] is not False, ds.original_encoding[0]
        uid = STEM if implicit else f"{STEM}.1" if little else f"{STEM}.2"
        if meta is not None:
            meta.TransferSyntaxUID = pydicom.uid.UID(uid)
    entry |= {
        "transferSyntax": uid,
        "photometric": str(ds.get("PhotometricInterpretation", "")),
        "lossy": uid in LOSSY,
    }
    if not any(key in ds for key in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        return {**entry, "verdict": "no-pixels", "reason": "no pixel data element"}
    if ".4.10" in uid:
        return {**entry, "verdict": "video", "reason": "video"}
    try:
        plain, frames, by = decode(path, ds, uid)
        sop = str(ds.get("SOPInstanceUID", ""))
        images = []
        for n in chosen(len(frames)):
            array, kind = finish(ds, plain, frames[n])
            images.append(writer.write(sop, n + 1, array, kind))
        return {**entry, "verdict": "image", "reason": "", "decodedBy": by, "images": images}
    except Exception as error:
        return {**entry, "verdict": "broken", "reason": f"{type(error).__name__}: {error}"[:200]}


def judge_nifti(path, writer):
    import nibabel

    image = nibabel.load(path)
    data = np.asarray(image.dataobj.get_unscaled())
    data = data.reshape(data.shape[:3] + (-1,))
    images = []
    slices = data.shape[2]
    for n in chosen(slices * data.shape[3]):
        array = data[:, :, n % slices, n // slices].T
        images.append(writer.write("", n + 1, array, array.dtype.newbyteorder("=").name))
    return {
        "verdict": "image",
        "reason": "",
        "transferSyntax": "NIfTI",
        "photometric": "",
        "decodedBy": "nibabel",
        "lossy": False,
        "images": images,
    }


def judge_picture(path, writer):
    from PIL import Image

    image = Image.open(path)
    lossy = image.format == "JPEG"
    array = np.asarray(image.convert("L" if image.mode == "L" else "RGB"))
    return {
        "verdict": "image",
        "reason": "",
        "transferSyntax": image.format,
        "photometric": image.mode,
        "decodedBy": "Pillow",
        "lossy": lossy,
        "images": [writer.write("", 1, array, "uint8")],
    }


def judge_archive(path, writer, folder):
    """Members one by one; the verdict is 'image' when one of them is."""
    members = []
    if path.endswith(".zip"):
        with zipfile.ZipFile(path) as archive:
            for n, name in enumerate(archive.namelist()):
                target = os.path.join(folder, f"member-{n}")
                with open(target, "wb") as out:
                    out.write(archive.read(name))
                members.append(target)
    else:
        target = os.path.join(folder, "gunzipped")
        with gzip.open(path) as source, open(target, "wb") as out:
            out.write(source.read())
        members.append(target)
    verdicts = [judge_dicom(member, writer) for member in members]
    images = [image for verdict in verdicts for image in verdict["images"]]
    first = next((verdict for verdict in verdicts if verdict["images"]), verdicts[0])
    return {**first, "images": images}


def judge(path, writer):
    with open(path, "rb") as source:
        head = source.read(400)
    if head[:4] == b"\x89PNG" or head[:3] == b"\xff\xd8\xff":
        return judge_picture(path, writer)
    if head[344:347] == b"n+1" or head[4:7] == b"n+2" or path.endswith(".nii.gz"):
        return judge_nifti(path, writer)
    if head[:2] == b"\x1f\x8b" or head[:2] == b"PK":
        with tempfile.TemporaryDirectory() as folder:
            return judge_archive(path, writer, folder)
    return judge_dicom(path, writer)


def main():
    folder, *files = sys.argv[1:]
    writer = Writer(folder)
    entries = []
    for path in files:
        try:
            verdict = judge(path, writer)
        except Exception as error:
            verdict = {
                "verdict": "broken",
                "reason": f"{type(error).__name__}: {error}"[:200],
                "transferSyntax": "",
                "photometric": "",
                "decodedBy": "",
                "lossy": False,
                "images": [],
            }
        entries.append({"file": path, **verdict})
    with open(os.path.join(folder, "index.json"), "w", encoding="utf-8") as out:
        json.dump(entries, out)


if __name__ == "__main__":
    main()
