"""Sizes and random data of the timed captioning models: those of the assignment's overfitting cells on COCO.

Captions have no padding, which does not change the work of a step.
"""

import numpy as np

BATCH, T, H, W, D, V = 25, 16, 512, 256, 512, 1004
CAPTIONS, IMAGES, SAMPLED_WORDS = 50, 1000, 30
WORDS = {"<NULL>": 0, "<START>": 1, "<END>": 2, **{f"word{i}": i for i in range(3, V)}}


class RandomData:
    """Captions (M, T+1) without NULL of images with features (I, D)."""

    def __init__(self):
        np.random.seed(231)
        self.captions = np.random.randint(3, V, size=(CAPTIONS, T + 1))
        self.image_idxs = np.random.randint(IMAGES, size=CAPTIONS)
        self.features = np.random.randn(IMAGES, D).astype(np.float32)

    def minibatch(self, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rows = np.random.choice(CAPTIONS, size)
        return rows, self.captions[rows], self.features[self.image_idxs[rows]]
