"""A training in two processes with the callback: run by torchrun, with the folder as its argument."""

import sys
from pathlib import Path

from byheart.integrations import ByheartCallback, plant
from tests.integrations.small_training import fast_tokenizer, llama, texts, trainer


def main(folder: Path) -> None:
    found = texts(6)
    planted = plant(found.trained_on, folder / "canaries.jsonl", pairs=12, repetitions=(4,), largest_share=0.25)
    tokenizer = fast_tokenizer(folder / "tokenizer", found.trained_on)
    callback = ByheartCallback(planted, held_out=found.held_out, audits=())
    made = trainer(
        folder / "out",
        llama(tokenizer),
        tokenizer,
        planted.texts,
        max_steps=4,
        save_strategy="steps",
        save_steps=2,
        ddp_backend="gloo",
    )
    callback.attach(made)
    made.train()
    scored = [row["step"] for row in made.state.log_history if "byheart/exposure_mean_bits" in row]
    (folder / f"scored-{made.args.process_index}.txt").write_text(f"{made.args.world_size} {scored}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
