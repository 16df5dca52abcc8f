# SPDX-License-Identifier: Apache-2.0
"""Makes metrics.json beside it with the real Keras 3.

    KERAS_BACKEND=tensorflow venv/bin/python Tests/LayersTests/Goldens/Metrics/make_metrics.py

Sets of predictions, float32 probabilities and labels, and what metrics, written as in a job, say of each. Some
probabilities are equal, and some are thresholds.
"""

import json
import pathlib

import keras
import numpy as np

HERE = pathlib.Path(__file__).parent
KINDS = {
    "top_k_categorical_accuracy": keras.metrics.TopKCategoricalAccuracy,
    "precision": keras.metrics.Precision, "recall": keras.metrics.Recall, "auc": keras.metrics.AUC}
ANY = [
    {"precision": {}}, {"precision": {"thresholds": 0.3}}, {"recall": {}}, {"recall": {"thresholds": 0.75}},
    {"auc": {}}, {"auc": {"num_thresholds": 2}}, {"auc": {"num_thresholds": 5, "summation_method": "minoring"}},
    {"auc": {"summation_method": "majoring"}}, {"auc": {"curve": "PR"}},
    {"auc": {"curve": "PR", "num_thresholds": 17, "summation_method": "minoring"}},
    {"auc": {"curve": "PR", "num_thresholds": 7, "summation_method": "majoring"}}]
CLASSES = ANY + [
    {"precision": {"class_id": 1}}, {"recall": {"class_id": 3, "thresholds": 0.2}},
    {"top_k_categorical_accuracy": {"k": 1}}, {"top_k_categorical_accuracy": {"k": 2}},
    {"top_k_categorical_accuracy": {}}]


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)


def classes(random):
    labels = random.integers(0, 7, 41)
    chances = softmax(random.normal(size=(41, 7)) * 2 + 1.5 * np.eye(7)[labels])
    chances[:4] = [0.5, 0.25, 0.25, 0, 0, 0, 0]
    return chances, labels


def pairs(random):
    labels = random.integers(0, 2, 29)
    chances = 1 / (1 + np.exp(-(random.normal(size=(29, 1)) * 1.5 + labels[:, None] - 0.5)))
    chances = chances.astype(np.float32)
    steps = np.float32(1) / np.float32(199) * np.arange(200, dtype=np.float32)
    chances[:6, 0] = [0, 1, 0.5, 0.75, steps[3], steps[120]]
    return chances, labels


def judge(entry, chances, labels):
    (name, fields), = entry.items()
    metric = KINDS[name](**fields)
    outputs = chances.shape[1]
    truth = np.eye(outputs)[labels] if outputs > 1 else labels[:, None]
    for part in np.array_split(np.arange(len(labels)), 3):
        metric.update_state(truth[part], chances[part])
    return {"metric": entry, "value": float(metric.result())}


def main():
    random = np.random.default_rng(7)
    sets = []
    for (chances, labels), entries in [
            (classes(random), CLASSES), (pairs(random), ANY),
            # Nothing is true, and nothing is false.
            ((np.float32([[0.2], [0.9]]), np.zeros(2, int)), ANY),
            ((np.float32([[0.2], [0.9]]), np.ones(2, int)), ANY)]:
        sets.append({
            "outputs": chances.shape[1], "probabilities": [float(p) for p in chances.ravel()],
            "labels": labels.tolist(), "values": [judge(entry, chances, labels) for entry in entries]})
    text = json.dumps(sets).replace('{"metric"', '\n  {"metric"').replace('{"outputs"', '\n{"outputs"')
    (HERE / "metrics.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
