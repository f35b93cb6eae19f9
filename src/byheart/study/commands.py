"""What to type to have the same numbers again, in any folder of the machine that a run was made on."""

import os
import shlex
from dataclasses import fields

from byheart.models.endpoint.limits import OPTIONS, Limits
from byheart.study.lab.plan import LabPlan
from byheart.study.plan import StudyPlan

_SOURCES = {"trained_on": "--trained-on", "held_out": "--held-out"}
_PLACES = frozenset(("index", "tokenizer", "adapter", "canaries"))
"""Options that name files and folders."""
_ALWAYS = frozenset(("profile", "seed"))
"""Said even where they are the defaults, which a variable or byheart.toml might change."""


def demo_command(seed: int) -> str:
    """The command of a demo."""
    return f"byheart demo --seed {seed} -o RUN"


def lab_command(plan: LabPlan) -> str:
    """The command of an experiment: of a budget in time, the steps that it came to."""
    words = ["byheart", "lab", plan.axis, "--profile", plan.profile]
    words += ["--seeds", str(plan.num_seeds)] if plan.num_seeds else []
    words += ["--steps", str(plan.num_steps)] if plan.num_steps else []
    return f"{shlex.join([*words, '--seed', str(plan.seed)])} -o RUN"


def audit_command(plan: StudyPlan, limits: Limits | None = None) -> str:
    """The command of an audit: every option that is not the default, wherever it came from.

    Args:
        plan: what was audited.
        limits: how hard an endpoint was asked; they decide no number, and whoever types it again may be glad of them.
    Returns:
        one line for a POSIX shell; places are absolute, so that it does not matter where it is typed.
    """
    words = ["byheart", "audit", _model(plan.model)]
    for field in fields(StudyPlan):
        name, value = field.name, getattr(plan, field.name)
        if name in _SOURCES:
            for source in value:
                words += [_SOURCES[name], _place(source)]
        elif name == "model" or (value == field.default and name not in _ALWAYS):
            continue
        elif value is True:
            words.append(f"--{name.replace('_', '-')}")
        elif name == "audits":
            words += ["--audits", ",".join(value)]
        else:
            words += [f"--{name}", _place(value) if name in _PLACES else str(value)]
    for field in fields(Limits) if limits is not None else ():
        value = getattr(limits, field.name)
        if field.name in OPTIONS and value != field.default:
            words += [OPTIONS[field.name], f"{value:g}" if isinstance(value, float) else str(value)]
    return f"{shlex.join(words)} -o RUN"


def _model(model: str) -> str:
    kind, mark, path = model.partition(":")
    return f"{kind}{mark}{_place(path)}" if kind == "gguf" else _place(model)


def _place(path: str) -> str:
    """The path from the root on; what is no path here, such as `stdlib` or the name of a model, as it is."""
    return os.path.abspath(path) if os.path.lexists(path) else path
