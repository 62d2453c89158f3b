"""What a user may say: names, synonyms, descriptions, references by place, size and order, and what is not there.

The plain requests stand in the target files, where the workstation reads them too; here is the variety beyond them that
a policy is trained on. Every phrase stands for one target; `kind` says what sort of reference it is.
"""

import functools
import random

from .targets import Target, load_targets
from .trajectory import Request

ASKING = ("Segment {}.", "Outline {}.", "Please segment {} in this image.", "Find and mark {}.", "Delineate {}.", "Show me {}.", "Mark {}.", "Can you segment {}?", "Contour {}.", "{}")

# target id -> (kind, phrases)
PHRASES: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "left-ventricle": (
        ("synonym", ("the left ventricular cavity", "the LV blood pool", "the left ventricular blood pool", "the cavity of the left heart chamber", "the LV lumen")),
        ("description", ("the bright cavity of the heart", "the round bright blood pool of the heart", "the bright chamber inside the heart muscle ring", "the pumping chamber of the heart")),
    ),
    "fetal-head": (
        ("synonym", ("the head of the fetus", "the fetal skull", "the baby's head", "the head of the baby", "the fetal cranium")),
        ("description", ("the oval head in this ultrasound", "the large oval bright outline and what it encloses", "the skull of the unborn child")),
    ),
    "hippocampus": (
        ("synonym", ("the hippocampal formation", "the entire hippocampal formation", "the hippocampi in this slice")),
        ("description", ("the curved memory structure of the temporal lobe", "the seahorse shaped structure", "the long curved gray structure of the medial temporal lobe")),
    ),
    "hippocampus-anterior": (
        ("synonym", ("the head of the hippocampal formation", "the front part of the hippocampus", "the front of the hippocampus")),
        ("place", ("the part of the hippocampus on the left of the image", "the hippocampus toward the face")),
    ),
    "hippocampus-posterior": (
        ("synonym", ("the tail of the hippocampus", "the back part of the hippocampus", "the back of the hippocampus")),
        ("place", ("the part of the hippocampus on the right of the image", "the hippocampus toward the back of the head")),
    ),
    "cerebellum": (
        ("synonym", ("the little brain", "the cerebellar hemispheres", "the whole cerebellum")),
        ("description", ("the folded structure at the back of the skull base", "the part of the brain below the occipital lobes")),
    ),
    "nuclei": (("all", ("all cell nuclei", "every cell nucleus", "all of the nuclei", "each nucleus in the image", "the cell nuclei", "all stained nuclei")),),
    "largest-nucleus": (("size", ("the biggest nucleus", "the biggest cell nucleus", "the largest cell nucleus", "the largest of the nuclei", "the nucleus with the greatest area")),),
    "smallest-nucleus": (("size", ("the tiniest nucleus", "the smallest cell nucleus", "the smallest of the nuclei", "the nucleus with the least area")),),
    "leftmost-nucleus": (
        ("place", ("the nucleus nearest the left edge", "the cell nucleus on the far left", "the farthest left nucleus")),
        ("order", ("the first nucleus from the left", "the first from the left", "the first of the nuclei from the left")),
    ),
    "second-nucleus-from-left": (("order", ("the second from the left", "the second leftmost nucleus", "the second cell nucleus from the left", "nucleus number two from the left")),),
    "third-nucleus-from-left": (("order", ("the third from the left", "the third leftmost nucleus", "the third cell nucleus from the left", "nucleus number three from the left")),),
    "rightmost-nucleus": (
        ("place", ("the nucleus nearest the right edge", "the cell nucleus on the far right", "the farthest right nucleus")),
        ("order", ("the first nucleus from the right", "the first from the right", "the first of the nuclei from the right")),
    ),
    "second-nucleus-from-right": (("order", ("the second from the right", "the second rightmost nucleus", "the second cell nucleus from the right", "nucleus number two from the right")),),
    "topmost-nucleus": (("place", ("the nucleus at the very top", "the highest nucleus", "the uppermost cell nucleus", "the nucleus nearest the top edge", "the first nucleus from the top")),),
    "bottommost-nucleus": (("place", ("the nucleus at the very bottom", "the lowest nucleus", "the lowermost cell nucleus", "the nucleus nearest the bottom edge", "the first nucleus from the bottom")),),
}
# Paired structures of axial slices, in which the patient's left is on the image right.
PAIRED = {"thalamus": ("the {} thalamus",), "caudate": ("the {} caudate nucleus", "the head of the {} caudate"), "putamen": ("the {} putamen", "the {} lentiform putamen")}
PAIRED_PHRASES = {
    f"{side}-{part}": (
        ("synonym", tuple(p.format(side) for p in names) + (f"the {part} on the patient's {side} side",)),
        ("place", (f"the {part} on the {'right' if side == 'left' else 'left'} of the image", f"the {part} on the image {'right' if side == 'left' else 'left'}")),
    )
    for part, names in PAIRED.items() for side in ("left", "right")
}
PLAIN_KINDS = {"nuclei": "all", "largest-nucleus": "size", "smallest-nucleus": "size", "leftmost-nucleus": "place", "rightmost-nucleus": "place", "topmost-nucleus": "place",
               "bottommost-nucleus": "place", "second-nucleus-from-left": "order", "third-nucleus-from-left": "order", "second-nucleus-from-right": "order"}

# What nobody trained on; a third of it is kept for validation, to see whether refusing is more than a list.
UNTRAINED = (
    "liver", "spleen", "left kidney", "right kidney", "pancreas", "bladder", "prostate", "left lung", "right lung", "tumour", "lesion", "optic disc", "aorta", "stomach", "gallbladder", "esophagus",
    "trachea", "thyroid", "uterus", "ovary", "rectum", "colon", "duodenum", "adrenal gland", "portal vein", "inferior vena cava", "femur", "tibia", "hip bone", "sacrum", "vertebra", "rib", "sternum",
    "clavicle", "scapula", "humerus", "mandible", "maxillary sinus", "parotid gland", "larynx", "heart valve", "right atrium", "left atrium", "pulmonary artery", "pericardium", "pleural effusion",
    "pneumothorax", "nodule", "polyp", "cyst", "fracture", "haemorrhage", "stroke lesion", "edema", "metastasis", "retinal vessels", "optic cup", "macula", "cornea", "tooth", "placenta",
    "umbilical cord", "fetal abdomen", "fetal femur", "skin lesion", "melanoma", "breast mass", "lymph node", "appendix", "knee cartilage", "meniscus", "patella", "spinal cord", "pituitary gland",
    "eyeball", "optic nerve", "glomerulus", "mitochondria", "cell membrane", "red blood cells", "bacteria", "axon", "surgical instrument", "catheter", "pacemaker", "needle", "stent", "implant",
)
# What may well be in the pictures of a set though nobody outlined it: never said to be absent there.
VISIBLE = {
    "sunnybrook_cmr": ("liver", "spleen", "stomach", "aorta", "left lung", "right lung", "esophagus", "inferior vena cava", "vertebra", "rib", "sternum", "scapula", "humerus", "heart valve",
                       "right atrium", "left atrium", "pulmonary artery", "pericardium", "pleural effusion", "spinal cord", "lymph node", "trachea", "breast mass", "cyst", "edema"),
    "hc18_fetal_us": ("placenta", "umbilical cord", "uterus", "cyst"),
    "msd_hippocampus_mri": ("lesion", "edema"),
    "demo_colin27": ("eyeball", "optic nerve", "maxillary sinus", "mandible", "tooth", "pituitary gland", "vertebra", "spinal cord", "parotid gland", "lymph node"),
    "dsb2018_nuclei": ("tumour", "lesion", "cell membrane", "mitochondria", "red blood cells", "bacteria", "axon", "glomerulus", "melanoma", "metastasis", "cyst", "liver", "spleen", "colon"),
}
HELD_OUT_UNTRAINED = UNTRAINED[2::3]
TAUGHT_UNTRAINED = tuple(w for w in UNTRAINED if w not in HELD_OUT_UNTRAINED)
SYLLABLES = ("ba", "cor", "dys", "el", "fo", "gran", "hy", "il", "jun", "ker", "lo", "mer", "nox", "os", "pla", "qua", "ra", "sten", "tri", "ur", "ven", "xi", "yl", "zo", "oma", "itis", "us", "ia")
BRAIN = ("msd_hippocampus_mri", "demo_colin27")


@functools.cache
def requests_of(dataset: str, target_id: str) -> tuple[tuple[str, str], ...]:
    """(kind, text) of everything that may be said of a target; the target file's own requests first."""
    target = next(t for t in load_targets(dataset).targets if t.id == target_id)
    said = [(PLAIN_KINDS.get(target_id, "name"), text) for text in target.requests]
    for kind, phrases in (*PHRASES.get(target_id, ()), *PAIRED_PHRASES.get(target_id, ())):
        said += [(kind, asking.format(phrase)) for phrase in phrases for asking in ASKING if not ("image" in phrase and "image" in asking)]
    return tuple(said)


def draw_request(dataset: str, target: Target, rng: random.Random, oriented: bool = True) -> Request:
    """A request for what is there: half of them plain. Without known orientation nothing is said of the image's sides
    where the name itself is of the patient's side."""
    said = requests_of(dataset, target.id)
    sided = target.id.startswith(("left-", "right-")) and target.id != "left-ventricle" or target.id.startswith("hippocampus-")
    varied = [(kind, text) for kind, text in said[len(target.requests) :] if oriented or not sided or kind != "place"]
    plain = said[: len(target.requests)]
    kind, text = rng.choice(plain if not varied or rng.random() < 0.5 else rng.choice([[v for v in varied if v[0] == k] for k in sorted({v[0] for v in varied})]))
    return Request(loosen(text, rng), kind, True, target.name, target.id)


def draw_absent_request(dataset: str, absent_ids: list[str], rng: random.Random, held_out: bool = False) -> Request:
    """A request for what is not in the picture: a trained target of another set, one of `absent_ids` of this set, or
    something nobody trained on (`held_out`: from the part that training never sees)."""
    kind = rng.random()
    if absent_ids and kind < 0.35:
        absent_id = rng.choice(absent_ids)
        target = next(t for t in load_targets(dataset).targets if t.id == absent_id)
        request = draw_request(dataset, target, rng)
        return Request(request.text, "absent", False, target.name, target.id)
    if kind < 0.7:
        other, target = rng.choice(foreign_targets(dataset))
        request = draw_request(other, target, rng)
        return Request(request.text, "absent", False, target.name, target.id)
    if not held_out and rng.random() < 0.4:  # a word in pieces that no list holds, so that refusing is more than knowing a list
        word = "".join(rng.choice(SYLLABLES) for _ in range(rng.randint(2, 4)))
        return Request(loosen(rng.choice(ASKING).format(f"the {word}"), rng), "absent", False, word, None)
    word = rng.choice([w for w in (HELD_OUT_UNTRAINED if held_out else TAUGHT_UNTRAINED) if w not in VISIBLE.get(dataset, ())])
    return Request(loosen(rng.choice(ASKING).format(f"the {word}"), rng), "absent", False, word, None)


@functools.cache
def foreign_targets(dataset: str) -> list[tuple[str, Target]]:
    """Trained targets that no picture of the set can hold: brains hold each other's."""
    from .plan import DATASETS

    return [(d, t) for d in DATASETS if d != dataset and not {d, dataset} <= set(BRAIN) for t in load_targets(d).targets]


def loosen(text: str, rng: random.Random) -> str:
    """As people type: now and then in lower case, without the full stop."""
    text = text[0].upper() + text[1:] if rng.random() < 0.5 else text
    return text.lower().rstrip(".") if rng.random() < 0.15 else text
