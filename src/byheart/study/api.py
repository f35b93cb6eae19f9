"""The commands for Python: audit, index and the run as a value."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from byheart.core.audit import Profile
from byheart.core.codec import evidence_to_json
from byheart.core.html_table import html_table
from byheart.core.progress import Progress, silent
from byheart.core.result import Result
from byheart.core.run_record import RunRecord
from byheart.core.visible import visible_in_line
from byheart.study.execute import execute
from byheart.study.headline import headline
from byheart.study.pages import page
from byheart.study.plan import StudyPlan
from byheart.study.run_folder import RunFolder

if TYPE_CHECKING:
    import pyarrow

    from byheart.index.corpus_index import Index
    from byheart.models.endpoint.limits import Limits


@dataclass(frozen=True)
class Run:
    """A finished run."""

    path: Path
    """Its folder."""
    record: RunRecord
    """Everything it says."""

    @property
    def results(self) -> tuple[Result, ...]:
        """Every audit on every subject."""
        return self.record.results

    @property
    def headline(self) -> list[dict[str, Any]]:
        """The headline estimates, as `byheart audit --json` prints them."""
        return headline(self.record)

    def to_arrow(self) -> "pyarrow.Table":
        """All estimates as a table: subject, audit, name, value, unit, low, high, n."""
        import pyarrow

        names = ("name", "value", "unit", "low", "high", "n")
        rows = []
        for result in self.results:
            for evidence in result.evidence:
                raw = evidence_to_json(evidence)
                if raw["kind"] == "estimate":
                    rows.append({"subject": result.subject, "audit": result.audit} | {n: raw[n] for n in names})
        return pyarrow.Table.from_pylist(rows)

    def _repr_html_(self) -> str:
        """The report, in a frame that runs no scripts; without the report extra the headline as a table."""
        render = page()
        if render is None:
            return self._headline_table()
        title = escape(visible_in_line(f"byheart report: {self.record.title}"))
        # Without a base of its own the links within the page would lead to the notebook's address.
        source = escape(render(self.record).replace("<head>", '<head>\n<base href="about:srcdoc">', 1))
        return (
            f'<iframe title="{title}" srcdoc="{source}" width="100%" height="600" style="border: 0" sandbox></iframe>'
        )

    def _headline_table(self) -> str:
        columns = ("name", "value", "low", "high", "n", "unit")
        rows = [[one["subject"], *(one.get(column) for column in columns)] for one in self.headline]
        return html_table(self.record.title, ("subject", *columns), rows)


def open_run(path: str | Path) -> Run:
    """A finished run from its folder.

    Args:
        path: of `byheart audit`, `byheart lab`, `byheart demo` or `audit`.
    Raises:
        SourceError: there is none, or it is not finished.
        FormatError: its results do not match their hashes.
    """
    folder = Path(path)
    return Run(folder, RunFolder(folder).read())


def build_index(
    sources: str | Path | Sequence[str | Path],
    output: str | Path,
    *,
    tokenizer: str | Path = "",
    lines: bool = False,
    skip_bad: bool = False,
    on_progress: Progress = silent,
) -> "Index":
    """An index of sources on disk, as `byheart index` makes it; resumes, and opens what is complete.

    Args:
        sources: one or more.
        output: its folder.
        tokenizer: a model's folder, a tokenizer.json, "smollm2" or "whitespace": an index of tokens, from which
            memorizers answer. Empty: an index of bytes, which counts and traces.
        lines: each line of a .txt source is a document.
        skip_bad: leave out what cannot be read instead of stopping.
        on_progress: told about every stage.
    Raises:
        ConfigError: the folder holds something else.
        SourceError, StorageError: a source cannot be read, or the index not written.
    """
    from byheart.study.index_plan import IndexPlan
    from byheart.study.indexing import make_index

    unit = "tokens" if tokenizer else "bytes"
    plan = IndexPlan(sources=_several(sources), unit=unit, tokenizer=str(tokenizer), lines=lines, skip_bad=skip_bad)
    return make_index(plan, Path(output), on_progress=on_progress)


def _several(given: str | Path | Sequence[str | Path]) -> tuple[str, ...]:
    return (str(given),) if isinstance(given, str | Path) else tuple(str(one) for one in given)


def audit(  # noqa: PLR0913 - as many as the command has options
    model: str,
    *,
    trained_on: str | Path | Sequence[str | Path],
    held_out: str | Path | Sequence[str | Path],
    output: str | Path,
    audits: str | Sequence[str] = (),
    profile: Profile = "quick",
    seed: int = 0,
    tokenizer: str | Path = "",
    adapter: str | Path = "",
    chat: str = "",
    canaries: str | Path = "",
    device: str = "auto",
    dtype: str = "auto",
    limits: "Limits | None" = None,
    on_progress: Progress = silent,
) -> Run:
    """Audits a model as `byheart audit` does; resumes or reads back what the folder holds.

    Args:
        model: a folder, "gguf:FILE", "smollm2", http://host:port/v1#name, or "memorizer:NAME".
        trained_on: sources of its training text.
        held_out: sources that it cannot have seen.
        output: the run folder.
        audits: names; all when empty.
        profile: sample sizes.
        seed: root of all random streams.
        tokenizer: of an endpoint's model or of a memorizer: a folder or tokenizer.json.
        adapter: folder of a LoRA adapter on the model, which is then audited with it and without it.
        chat: what an instruct model is asked; every text stands as its answer.
        canaries: list of planted secrets that `byheart canary make` wrote; their exposure is then audited too.
        device: auto, cpu, cuda or mps.
        dtype: auto, float32, bfloat16 or float16.
        limits: how hard an endpoint may be asked (byheart.models.endpoint.limits.Limits); they decide no number.
        on_progress: told about every stage.

    Raises:
        ByheartError: see errors.py; `exit_code` is what the command would exit with.
    """
    plan = StudyPlan(
        model=str(model),
        trained_on=_several(trained_on),
        held_out=_several(held_out),
        audits=_several(audits),
        profile=profile,
        seed=seed,
        tokenizer=str(tokenizer),
        adapter=str(adapter),
        chat=chat,
        canaries=str(canaries),
        device=device,
        dtype=dtype,
    )
    folder = Path(output)
    record = execute(plan, folder, limits=limits, render=page(on_progress), on_progress=on_progress)
    return Run(folder, record)
