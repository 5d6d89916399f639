"""Writes golden.json: BLEU of made-up corpora as NLTK and sacreBLEU see it.

    python golden.py > golden.json

Made with NLTK 3.10 and sacreBLEU 2.6. NLTK gives the scores where every candidate has four words or more.
It counts a candidate that is too short for an n-gram as one n-gram that does not match, which the paper
does not, so that sacreBLEU gives the scores of the other corpora. Both are asked where they agree.
"""

import json
import random
import warnings

from nltk.translate.bleu_score import corpus_bleu
from sacrebleu.metrics import BLEU

WORDS = "a the man dog frisbee with on red small is catching park".split()
PAPER = [
    "It is a guide to action which ensures that the military always obeys the commands of the party",
    "It is to insure the troops forever hearing the activity guidebook that party direct",
]
PAPER_REFERENCES = [
    "It is a guide to action that ensures that the military will forever heed Party commands",
    "It is the guiding principle which guarantees the military forces always being under the command of the Party",
    "It is the practical guide for the army always to heed the directions of the party",
]


def nltk_scores(candidates, references):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about precisions of zero
        scores = [corpus_bleu(references, candidates, weights=[1 / n] * n) for n in range(1, 5)]
    # NLTK puts the smallest float in the place of a precision of zero.
    return [0.0 if s < 1e-30 else s for s in scores]


def sacre(candidates, references):
    most = max(map(len, references))
    streams = [[" ".join(r[i]) if i < len(r) else None for r in references] for i in range(most)]
    results = [
        BLEU(max_ngram_order=n, smooth_method="none", tokenize="none", force=True).corpus_score(
            [" ".join(c) for c in candidates], streams
        )
        for n in range(1, 5)
    ]
    last = results[-1]
    return {
        "bleu": [r.score / 100 for r in results],
        "precision": [p / 100 for p in last.precisions],
        "brevity_penalty": last.bp,
        "length": last.sys_len,
        "reference_length": last.ref_len,
    }


def corpus(seed, size, shortest, longest, references):
    """Captions that share phrases: each is a shuffled or shortened copy of another."""
    r = random.Random(seed)
    candidates, all_references = [], []
    for _ in range(size):
        base = r.choices(WORDS, k=r.randint(max(shortest, 5), longest + 2))

        def variant(low):
            words = list(base)
            if r.random() < 0.7:
                i = r.randrange(len(words))
                words[i] = r.choice(WORDS)
            return words[: r.randint(low, len(words))]

        candidates.append(variant(shortest))
        all_references.append([variant(3) for _ in range(r.randint(*references))])
    return candidates, all_references


def main():
    corpora = {
        "paper": ([c.split() for c in PAPER], [[r.split() for r in PAPER_REFERENCES]] * 2),
        "repeats": (["the the the the the the the".split()], [["the cat is on the mat".split(), "there is a cat on the mat".split()]]),
        "as near to a longer as to a shorter reference": (["a b c d e".split()], [["a b c d e f".split(), "a b c d".split()]]),
        "one reference": corpus(1, 13, 4, 11, (1, 1)),
        "several references": corpus(2, 17, 4, 11, (2, 5)),
        "short candidates": corpus(3, 19, 1, 7, (1, 5)),
        "very short candidates": corpus(4, 11, 1, 3, (2, 3)),
    }
    golden = []
    for name, (candidates, references) in corpora.items():
        case = {"name": name, "candidates": candidates, "references": references, **sacre(candidates, references)}
        if min(map(len, candidates)) >= 4:
            scores = nltk_scores(candidates, references)
            assert all(abs(a - b) < 1e-12 for a, b in zip(scores, case["bleu"])), (name, scores, case["bleu"])
            case["bleu"] = scores
        golden.append(case)
    print(json.dumps(golden))


if __name__ == "__main__":
    main()
