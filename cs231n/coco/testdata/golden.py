"""Writes testdata/tiny with h5py and json, as the course's own files were written, and golden.json with what is in it.

Needs h5py and NumPy. Run it in this folder: python golden.py
"""

import json
import pathlib

import h5py
import numpy as np

WORDS = ["<NULL>", "<START>", "<END>", "<UNK>", "a", "red", "square", "über", "blue", "circle"]
SPLITS = {"train": (7, 5), "val": (4, 3)}  # captions, images
LENGTH, DIM, FULL = 6, 3, 8

folder = pathlib.Path("tiny")
folder.mkdir(exist_ok=True)
random = np.random.RandomState(7)
golden = {"words": WORDS}

with h5py.File(folder / "coco2014_captions.h5", "w") as captions_file:
    for split, (count, images) in SPLITS.items():
        captions = np.zeros((count, LENGTH), np.int32)
        for row in captions:
            words = random.randint(1, LENGTH - 1)
            row[0], row[1 + words] = 1, 2
            row[1 : 1 + words] = random.randint(3, len(WORDS), words)
        idxs = random.randint(0, images, count).astype(np.int32)
        features = random.randn(images, DIM).astype(np.float32)
        full = random.randn(images, FULL).astype(np.float32)
        urls = [f"http://example.org/{split}/{i}.jpg" for i in range(images)]

        # One of each way to store them: wide, chunked and compressed, as well as plain.
        wide = np.int64 if split == "val" else np.int32
        captions_file.create_dataset(f"{split}_captions", data=captions.astype(wide), chunks=(2, 4), compression="gzip")
        captions_file.create_dataset(f"{split}_image_idxs", data=idxs.astype(wide))
        with h5py.File(folder / f"{split}2014_vgg16_fc7_pca.h5", "w") as f:
            f.create_dataset("features", data=features, chunks=(2, 2), compression="gzip", shuffle=True)
        with h5py.File(folder / f"{split}2014_vgg16_fc7.h5", "w") as f:
            f.create_dataset("features", data=full)
        (folder / f"{split}2014_urls.txt").write_text("".join(u + "\n" for u in urls))
        golden[split] = {
            "captions": captions.ravel().tolist(),
            "image_idxs": idxs.tolist(),
            "features": [float(x) for x in features.ravel()],
            "full": [float(x) for x in full.ravel()],
            "urls": urls,
        }

vocab = {"idx_to_word": WORDS, "word_to_idx": {w: i for i, w in enumerate(WORDS)}}
(folder / "coco2014_vocab.json").write_text(json.dumps(vocab))

# What load_coco_data(max_train=20) keeps and the minibatch that follows draws, from one stream.
np.random.seed(231)
mask = np.random.randint(SPLITS["train"][0], size=20)
golden["mask"] = mask.tolist()
golden["minibatch"] = np.random.choice(20, 6).tolist()
pathlib.Path("golden.json").write_text(json.dumps(golden) + "\n")
