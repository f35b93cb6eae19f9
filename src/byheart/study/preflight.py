"""What can be seen of a plan before anything is read, loaded or asked: does all that it names exist?"""

from pathlib import Path

from byheart.core.visible import visible
from byheart.errors import SourceError
from byheart.models import GGUF, SMOLLM2, check_options, is_endpoint
from byheart.models.folders import read_config
from byheart.study.plan import StudyPlan


def check_named(plan: StudyPlan) -> list[str]:
    """Looks for the model, the adapter and the sources of a plan; opens none of them.

    Returns:
        what to tell beside the forecast.
    Raises:
        SourceError: something is not there.
        ConfigError: an option that the model does not take.
        UnsafeError: the folder's weights are pickles, or it names code of its own or weights elsewhere.
        FormatError: the model's configuration is damaged, or some of its weights are missing.
    """
    for source in (*plan.trained_on, *plan.held_out):
        if source != "stdlib":
            _check_there(Path(source), "Name a folder, .txt, .jsonl(.gz/.zst), .parquet, or `stdlib`.")
    if plan.index:
        _check_there(Path(plan.index), "byheart index SOURCE -o FOLDER")
    if plan.model.startswith("memorizer:"):
        return []
    given = {"adapter": plan.adapter, "tokenizer": plan.tokenizer, "chat": plan.chat}
    check_options(plan.model, **given, device=plan.device, dtype=plan.dtype)
    if is_endpoint(plan.model):
        return [] if plan.tokenizer else ["Without --tokenizer nothing is scored: only what it writes is compared."]
    if plan.model.startswith(GGUF):
        _check_there(Path(plan.model.removeprefix(GGUF)), "Name the file after `gguf:`.")
    elif plan.model != SMOLLM2:
        read_config(Path(plan.model))
    if plan.adapter:
        _check_there(Path(plan.adapter) / "adapter_config.json", "Name a folder that PEFT's save_pretrained wrote.")
    return []


def _check_there(path: Path, next_step: str) -> None:
    if not path.exists():
        raise SourceError(f"There is nothing at {visible(str(path))}.", next_step=next_step)
