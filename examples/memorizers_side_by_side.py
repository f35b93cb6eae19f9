"""Six predictors that only store: how many bits do they need for text that they have not seen?

python examples/memorizers_side_by_side.py
"""

import json
import tempfile
from pathlib import Path

import numpy as np

import byheart as bh

documents = bh.read(str(Path(json.__file__).parent)).documents
seen, calibration, unseen = bh.Corpus(documents[:-2]), documents[-2], documents[-1]
tokenizer = bh.Tokenizer.train(seen, 512)

with tempfile.TemporaryDirectory() as folder:
    tokenizer.save(Path(folder) / "tokenizer")
    index = bh.Index.build(
        [tokenizer.encode(document.text).token_ids for document in seen],
        [document.name for document in seen],
        unit="tokens",
        alphabet_size=tokenizer.vocabulary_size,
        tokenizer_fingerprint=tokenizer.fingerprint,
    )
text = tokenizer.encode(unseen.text).token_ids
for name in bh.memorizers.NAMES:
    memorizer = bh.memorizers.build(
        name,
        index,
        vocabulary_size=tokenizer.vocabulary_size,
        end_id=tokenizer.end_id,
        # The mixture's weights are fitted on text that is neither in the index nor scored.
        calibration=[tokenizer.encode(calibration.text).token_ids] if name == "mixture" else (),
    )
    bits = -memorizer.log_probabilities_nats(text).sum() / np.log(2)
    print(f"{name:12} {bits / unseen.num_bytes:5.2f} bits per byte of {unseen.name}")
