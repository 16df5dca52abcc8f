# SPDX-License-Identifier: Apache-2.0
"""Makes the *.json files beside it: learning rates by the real Keras 3 and the real PyTorch.

    KERAS_BACKEND=tensorflow venv/bin/python make_schedules.py keras     (tensorflow-cpu)
    venv/bin/python make_schedules.py torch                              (torch)
"""

import json
import pathlib
import sys

STEPS = list(range(0, 41)) + [99, 100, 101, 250]
KERAS = [
    {"PiecewiseConstantDecay": {"boundaries": [10, 30], "values": [0.5, 0.25, 0.0]}},
    {"ExponentialDecay": {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.9}},
    {"ExponentialDecay": {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.5, "staircase": True}},
    {"InverseTimeDecay": {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.9}},
    {"InverseTimeDecay": {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.9, "staircase": True}},
    {"PolynomialDecay": {"initial_learning_rate": 0.1, "decay_steps": 20}},
    {"PolynomialDecay": {"initial_learning_rate": 0.1, "decay_steps": 20, "end_learning_rate": 0.02, "power": 2.5}},
    {"PolynomialDecay": {"initial_learning_rate": 0.1, "decay_steps": 20, "power": 0.5, "cycle": True}},
    {"CosineDecay": {"initial_learning_rate": 0.1, "decay_steps": 30}},
    {"CosineDecay": {"initial_learning_rate": 0.01, "decay_steps": 30, "alpha": 0.1, "warmup_target": 0.2,
                     "warmup_steps": 8}},
    {"CosineDecayRestarts": {"initial_learning_rate": 0.1, "first_decay_steps": 9}},
    {"CosineDecayRestarts": {"initial_learning_rate": 0.1, "first_decay_steps": 9, "t_mul": 1.0, "m_mul": 0.8,
                             "alpha": 0.05}},
    {"CosineDecayRestarts": {"initial_learning_rate": 0.1, "first_decay_steps": 9, "t_mul": 1.5, "m_mul": 0.5}},
]
TORCH = [
    {"OneCycle": {"max_learning_rate": 0.4, "total_steps": 41}},
    {"OneCycle": {"max_learning_rate": 0.4, "total_steps": 101, "pct_start": 0.5, "div_factor": 10.0,
                  "final_div_factor": 100.0}},
]


def by_keras():
    import keras

    keras.config.set_floatx("float64")
    for entry in KERAS:
        (name, fields), = entry.items()
        schedule = getattr(keras.optimizers.schedules, name)(**fields)
        yield entry, {step: float(schedule(step)) for step in STEPS}


def by_torch():
    import torch

    for entry in TORCH:
        fields = dict(entry["OneCycle"])
        total = fields["total_steps"]
        method = torch.optim.SGD([torch.zeros(1)], lr=1.0)
        schedule = torch.optim.lr_scheduler.OneCycleLR(method, max_lr=fields.pop("max_learning_rate"), **fields)
        rates = {}
        for step in range(total):
            rates[step] = schedule.get_last_lr()[0]
            method.step()
            if step + 1 < total:
                schedule.step()
        yield entry, {step: rate for step, rate in rates.items() if step in STEPS}


made = by_keras() if sys.argv[1] == "keras" else by_torch()
result = [{"schedule": entry, "steps": list(rates), "rates": list(rates.values())} for entry, rates in made]
path = pathlib.Path(__file__).parent / f"{sys.argv[1]}.json"
path.write_text("[\n" + ",\n".join(json.dumps(r, separators=(",", ":")) for r in result) + "\n]\n")
