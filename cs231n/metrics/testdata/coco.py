"""Writes coco.json: CIDEr-D and ROUGE-L of made-up corpora as pycocoevalcap, the evaluation code of COCO, sees them.

    pip install pycocoevalcap==1.2 numpy==2.4.6
    python coco.py > coco.json

The captions are split into words already, so that its tokenizer, which needs Java, is not used.
"""

import importlib.metadata
import json
import platform
import random

from pycocoevalcap.cider.cider import Cider
from pycocoevalcap.rouge.rouge import Rouge

WORDS = "a the on of in man dog red frisbee with catching park small horse rides beach two three grass café".split()
COMMON = [1 / (rank + 1) for rank in range(len(WORDS))]

HORSE = ["a man rides a horse on the beach", "a man on a brown horse near the sea"]
DOG = ["a dog is catching a frisbee in the park", "the dog jumps for a red frisbee"]
CATS = ["two cats sleep on a sofa", "two cats on a sofa"]


def corpus(seed, size, candidate, reference, references):
    """Captions that share phrases: each is a changed or shortened copy of another of its image."""
    r = random.Random(seed)

    def variant(base, shortest, longest):
        words = [r.choices(WORDS, COMMON)[0] if r.random() < 0.25 else w for w in base]
        start = r.randrange(3)
        return " ".join(words[start : start + r.randint(shortest, longest)])

    pairs = []
    for _ in range(size):
        base = r.choices(WORDS, COMMON, k=max(candidate[1], reference[1]) + 2)
        pairs.append((variant(base, *candidate), [variant(base, *reference) for _ in range(r.randint(*references))]))
    return pairs


CORPORA = {
    "five references": corpus(1, 61, (7, 13), (6, 14), (5, 5)),
    "one reference": corpus(2, 37, (5, 11), (5, 11), (1, 1)),
    "one to seven references": corpus(3, 43, (3, 9), (2, 17), (1, 7)),
    "short and empty candidates": corpus(4, 41, (0, 4), (1, 6), (2, 3)),
    "short and empty references": corpus(5, 31, (1, 6), (0, 4), (1, 4)),
    "two images": corpus(6, 2, (7, 9), (7, 9), (2, 3)),
    "one image": corpus(7, 1, (7, 9), (7, 9), (5, 5)),
    "one image, a copy": [(HORSE[0], HORSE)],
    "all images alike": [(HORSE[0], HORSE), (HORSE[1], HORSE), (DOG[0], HORSE)],
    "copies": [(HORSE[0], HORSE[:1] * 3), (DOG[1], DOG[1:]), (CATS[0], CATS)],
    "edges": [
        ("", HORSE),
        ("a man rides a horse", HORSE + [""]),
        ("zebra giraffe elephant", HORSE),
        ("zebra horse horse beach sea", HORSE),
        ("horse horse horse horse horse horse horse horse", HORSE),
        ("a horse a horse a horse", ["a horse and a horse", "horse"]),
        ("beach the on horse a rides man a", HORSE),
        ("a man rides a horse on the beach " * 3 + "near the sea", HORSE),
        ("dog", DOG),
        ("dog frisbee", ["dog frisbee", "dog"]),
        ("frisbee", ["frisbee"]),
        ("a b c", ["a x b y c z", "a b"]),
        (CATS[1], CATS),
    ],
}


def main():
    corpora = []
    for name, pairs in CORPORA.items():
        candidates = {i: [candidate.strip()] for i, (candidate, _) in enumerate(pairs)}
        references = {i: theirs for i, (_, theirs) in enumerate(pairs)}
        cider, ciders = Cider().compute_score(references, candidates)
        rouge, rouges = Rouge().compute_score(references, candidates)
        corpora.append({
            "name": name,
            "candidates": [c for [c] in candidates.values()],
            "references": list(references.values()),
            "cider_d": float(cider),
            "cider_d_images": ciders.tolist(),
            "rouge_l": float(rouge),
            "rouge_l_images": rouges.tolist(),
        })
    versions = {package: importlib.metadata.version(package) for package in ["pycocoevalcap", "numpy"]}
    versions["python"] = platform.python_version()
    print(json.dumps({"versions": versions, "corpora": corpora}, ensure_ascii=False))


if __name__ == "__main__":
    main()
