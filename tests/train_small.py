"""Trains the tests' small model in float32: `torchrun ... -m tests.train_small DATA RUN UPDATES`."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.test_train import SMALL
from training.dataset import BreakDataset
from training.train import TrainConfig, Trainer

if __name__ == "__main__":
    data, out, updates = sys.argv[1:]
    config = TrainConfig(updates=int(updates), batch=2, warm_up=2)
    Trainer(BreakDataset(data), Path(out), config, model_config=SMALL, precise=True).run()
