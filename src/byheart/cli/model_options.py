"""Options of commands that open a model on this machine: which adapter, which instruction, where, how precisely."""

from typing import Annotated

import typer

_PANEL = "Models on this machine"

AdapterOption = Annotated[
    str, typer.Option("--adapter", help="Folder of a LoRA adapter, as PEFT writes it.", rich_help_panel=_PANEL)
]
ChatOption = Annotated[
    str,
    typer.Option(
        "--chat",
        help="What an instruct model is asked, for example 'Continue this text.'; texts stand as its answer.",
        rich_help_panel=_PANEL,
    ),
]
DeviceOption = Annotated[
    str, typer.Option("--device", help="auto (CUDA where there is one), cpu, cuda or mps.", rich_help_panel=_PANEL)
]
DtypeOption = Annotated[
    str, typer.Option("--dtype", help="auto, float32, bfloat16 or float16.", rich_help_panel=_PANEL)
]
