"""Text becomes documents becomes tokens, and each keeps its address.

The files, simplest first: `documents` (what a corpus is), `readers` (where documents come from), `tokenizer` (text to
ids and back), `encoded` (a corpus as ids), `splits` (train, calibration, held out), `canaries` (planted by coin flip),
`storage` (a corpus on disk). Import from the files: this one stays empty so that it costs nothing.
"""
