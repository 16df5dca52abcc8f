# SPDX-License-Identifier: Apache-2.0
"""Makes callbacks.json beside it: what the real Keras 3 callbacks make of series of numbers.

    KERAS_BACKEND=tensorflow venv/bin/python Tests/JobsTests/Goldens/make_callbacks.py     (tensorflow-cpu)
"""

import json
import pathlib

import keras
import numpy as np

CASES = [
    {"EarlyStopping": {"monitor": "val_loss"}},
    {"EarlyStopping": {"monitor": "val_loss", "patience": 3}},
    {"EarlyStopping": {"monitor": "val_loss", "patience": 2, "min_delta": 0.05}},
    {"EarlyStopping": {"monitor": "accuracy", "patience": 2, "min_delta": 0.01}},
    {"EarlyStopping": {"monitor": "val_accuracy", "patience": 3, "baseline": 0.6}},
    {"EarlyStopping": {"monitor": "loss", "patience": 2, "start_from_epoch": 4}},
    {"ReduceLROnPlateau": {"monitor": "val_loss", "patience": 2}},
    {"ReduceLROnPlateau": {"monitor": "val_loss", "factor": 0.5, "patience": 1, "min_lr": 0.02}},
    {"ReduceLROnPlateau": {"monitor": "val_accuracy", "factor": 0.5, "patience": 2, "cooldown": 2, "min_delta": 0.02}},
    {"ReduceLROnPlateau": {"monitor": "loss", "factor": 0.5, "patience": 0}},
]


def follow(entry, values):
    (name, fields), = entry.items()
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse", metrics=["accuracy"])
    model.train_on_batch(np.zeros((1, 1)), np.zeros((1, 1)))
    # Without it Keras does not say which epoch was the best.
    extra = {"restore_best_weights": True} if name == "EarlyStopping" else {}
    callback = getattr(keras.callbacks, name)(**fields, **extra, mode="max" if "acc" in fields["monitor"] else "min")
    callback.set_model(model)
    model.stop_training = False
    callback.on_train_begin()
    epochs = []
    for epoch, value in enumerate(values):
        callback.on_epoch_end(epoch, {fields["monitor"]: value})
        epochs.append({
            "rate": float(model.optimizer.learning_rate.numpy()), "stops": model.stop_training,
            "best": getattr(callback, "best_epoch", None) if name == "EarlyStopping" else None})
        if model.stop_training:
            break
    return {"callback": entry, "values": values[:len(epochs)], "epochs": epochs}


rng = np.random.default_rng(7)
result = []
for entry in CASES:
    for series in range(4):
        rises = "acc" in next(iter(entry.values()))["monitor"]
        course = 1 - 0.8 * np.exp(-np.arange(16) / 4) if rises else np.exp(-np.arange(16) / 4)
        values = np.round(course + rng.normal(0, 0.05 * (series + 1), 16), 3)
        result.append(follow(entry, [float(v) for v in values]))
text = ",\n".join(json.dumps(r, separators=(",", ":")) for r in result)
(pathlib.Path(__file__).parent / "callbacks.json").write_text(f"[\n{text}\n]\n")
